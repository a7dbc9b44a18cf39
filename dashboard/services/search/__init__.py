"""Find what is alike, among images and in collections."""
