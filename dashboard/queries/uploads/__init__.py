"""Read uploads and what was received."""
