"""Calls that ask for long work."""
