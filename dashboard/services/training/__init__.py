"""Manage tasks, versions and encoders, and compute features and descriptors."""
