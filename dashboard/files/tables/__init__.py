"""Tables that are read and written: manifests, metadata, descriptors."""
