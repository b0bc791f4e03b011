"""View models: what the pages show, computed from stored data. Pure where possible."""
