"""Show home, activity log and a workspace's settings."""
