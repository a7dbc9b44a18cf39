"""Run asynchronous requests of the API."""
