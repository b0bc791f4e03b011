"""Floor 2: turns releases into events."""
