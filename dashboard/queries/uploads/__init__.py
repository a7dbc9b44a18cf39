"""Reading uploads and what arrives."""
