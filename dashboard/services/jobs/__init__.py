"""Manage the life of a job, whatever its kind."""
