"""Images, groups and types: what people keep and sort."""
