"""Show background work."""
