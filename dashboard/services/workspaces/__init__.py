"""Workspaces themselves, and the storage of each."""
