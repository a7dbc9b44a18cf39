"""Show search and collections."""
