"""Reading what an archive of a workspace holds."""
