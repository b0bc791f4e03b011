"""Periodic work: the poll clock, pending sightings, revisits, WebSub, crawl requests, monitors, the canary."""
