"""Search images and the records of collections by similarity."""
