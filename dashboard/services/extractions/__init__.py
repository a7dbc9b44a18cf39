"""The descriptors of many images as a file."""
