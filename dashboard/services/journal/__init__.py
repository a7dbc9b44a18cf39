"""The journal: numbers for its changes, the undoing of them, and the end of what is old."""
