"""Draw procedural images for the shipped prior: no photos, no fonts, every one from numbers.

Each kind of image comes with its generating factors, which define similarity.
"""
