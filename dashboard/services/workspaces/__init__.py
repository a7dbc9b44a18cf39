"""Manage workspaces, and the storage of each."""
