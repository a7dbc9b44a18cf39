"""Calls about search and collections."""
