"""Everything an operator can change: settings, watches, the catalog of sources; and logs and error reports."""
