"""Calls about workspaces and users."""
