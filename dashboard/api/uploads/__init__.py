"""Calls by which files come in."""
