"""The life of a job, whatever its kind."""
