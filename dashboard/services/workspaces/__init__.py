"""Workspaces themselves, and what each takes up."""
