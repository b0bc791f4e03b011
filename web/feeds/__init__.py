"""``/feeds``: what a watch follows, as Atom and JSON Feed."""
