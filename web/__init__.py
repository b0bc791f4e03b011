"""The web server: pages for people, the HTTP API, feeds, probes and metrics."""
