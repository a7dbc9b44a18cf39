"""A workspace as one archive: written here, imported there."""
