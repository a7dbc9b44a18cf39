"""Pages of images, groups and types."""
