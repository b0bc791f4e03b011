"""The processes that wirewatch runs: daemon, worker, one-off crawl, and the daemon's front web server."""
