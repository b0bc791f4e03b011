"""Tools for the running process: locks, private files, heartbeats, timers, failpoints."""
