"""Define the filters of templates."""
