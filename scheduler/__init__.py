"""The daemon, the workers and the command line: the only package that imports all others."""
