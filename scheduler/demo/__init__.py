"""A small newswire on loopback, and what it publishes: for ``wirewatch demo``, the tests and the benchmarks."""
