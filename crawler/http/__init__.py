"""HTTP rules for every request: allowed addresses, host throttling, robots.txt, limits, rendering."""
