"""Take images in, from the first byte to the last row, and undo it."""
