"""Read, check, decode and prepare images."""
