"""Floor 3: the clock, the daemon and the command line: the only room that knows all the others."""
