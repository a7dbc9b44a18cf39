"""Read the rows of a workspace's archive."""
