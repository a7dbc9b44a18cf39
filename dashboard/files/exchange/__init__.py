"""The archive of a whole workspace."""
