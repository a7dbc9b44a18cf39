"""A workspace as one archive: written here, brought in there."""
