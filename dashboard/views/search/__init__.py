"""Pages of search and of collections."""
