"""Store bytes, and define their names."""
