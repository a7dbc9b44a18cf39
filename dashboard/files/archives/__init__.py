"""Read archives from other programs."""
