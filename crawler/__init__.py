"""Floor 2: turns sources' listings and pages into releases."""
