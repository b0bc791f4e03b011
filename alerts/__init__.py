"""Floor 2: turns events into receipts."""
