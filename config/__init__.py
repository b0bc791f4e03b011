"""Floor 1: what an operator may change: settings, watches, the catalog of sources, telemetry."""
