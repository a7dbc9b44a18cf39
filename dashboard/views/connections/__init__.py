"""Pages of connections to other servers."""
