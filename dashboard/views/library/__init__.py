"""Show images, groups and types."""
