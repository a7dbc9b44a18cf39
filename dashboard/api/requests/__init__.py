"""Serve asynchronous requests."""
