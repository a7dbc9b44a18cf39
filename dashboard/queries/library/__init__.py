"""Read images, groups, types, labels, regions and verifications."""
