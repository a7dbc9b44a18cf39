"""Export a workspace as one archive and import such an archive."""
