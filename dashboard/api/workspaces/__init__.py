"""Serve calls about workspaces and users."""
