"""Upload and import images."""
