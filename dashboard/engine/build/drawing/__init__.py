"""Procedural pictures for the shipped prior: no photos, no fonts, every one from numbers.

Each kind of picture comes with its generating factors, which say what is alike.
"""
