"""Reading extractions."""
