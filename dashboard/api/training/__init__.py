"""Serve calls about tasks, versions and descriptors."""
