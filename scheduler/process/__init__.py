"""Process control: supervision, shutdown, cancellation, watchdog, event loop lag."""
