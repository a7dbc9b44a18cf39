"""Calls about tasks, versions and descriptors."""
