"""Serve calls that upload files."""
