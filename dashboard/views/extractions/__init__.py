"""Show extractions."""
