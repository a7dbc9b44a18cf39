"""Read collections and their records, and search."""
