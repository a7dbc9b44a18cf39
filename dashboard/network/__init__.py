"""Open connections to hosts that others name, and check which are allowed."""
