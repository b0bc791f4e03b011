"""The search index of releases: an SQLite file that is derived from Redis."""
