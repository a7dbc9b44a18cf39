"""Reading images, groups and types."""
