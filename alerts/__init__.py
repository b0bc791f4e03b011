"""Alert delivery: outbox, channels, retries, digests and quiet hours."""
