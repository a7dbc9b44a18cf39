"""Read uploads and their received files."""
