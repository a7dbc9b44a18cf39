"""Change images, groups, types, labels, regions and verifications."""
