"""Polls of listings: which, when, how far back, and what is recorded afterwards."""
