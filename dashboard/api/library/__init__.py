"""Calls about images, groups, types, labels and regions."""
