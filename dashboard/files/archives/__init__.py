"""Archives that others packed."""
