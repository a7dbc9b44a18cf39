"""Bytes of images: read, judged, decoded, kept."""
