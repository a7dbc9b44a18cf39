"""Reading collections and their records; search itself."""
