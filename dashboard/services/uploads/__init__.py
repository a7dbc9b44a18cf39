"""Receive and import images, from the first byte to the last row, and undo imports."""
