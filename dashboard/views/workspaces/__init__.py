"""Home, activity and a workspace's settings."""
