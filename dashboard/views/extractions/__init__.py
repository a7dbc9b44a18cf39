"""Pages of extractions."""
