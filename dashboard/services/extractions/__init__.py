"""Compute the descriptors of many images as a file."""
