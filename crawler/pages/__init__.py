"""Requests for release pages: dispatching, budgets, conditional requests, removed pages."""
