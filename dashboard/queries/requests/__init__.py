"""Read asynchronous requests."""
