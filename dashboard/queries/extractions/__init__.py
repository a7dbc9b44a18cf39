"""Read extractions."""
