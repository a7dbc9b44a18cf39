"""Fetch URLs that users name, with restrictions."""
