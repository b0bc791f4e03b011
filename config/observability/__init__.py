"""Logs and error reports: structlog, Sentry, rate limits, redaction of secrets."""
