"""The Prometheus metrics of a daemon, one module for each subject."""
