"""A small newswire on loopback with sample releases, for ``wirewatch demo``, the tests and the benchmarks."""
