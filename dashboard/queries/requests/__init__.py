"""Reading asynchronous requests."""
