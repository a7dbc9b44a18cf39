"""Calls that upload files."""
