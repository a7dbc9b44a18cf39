"""Serve calls about search and collections."""
