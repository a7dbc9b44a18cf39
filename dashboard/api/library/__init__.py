"""Serve calls about images, groups, types, labels and regions."""
