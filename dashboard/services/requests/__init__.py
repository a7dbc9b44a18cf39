"""Long work that is asked for over the API."""
