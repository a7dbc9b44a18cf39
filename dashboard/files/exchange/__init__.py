"""Write and read the archive of a whole workspace."""
