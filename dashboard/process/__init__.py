"""Programs that run side by side, and the folder by which they wake one another."""
