"""Pages by which images come in."""
