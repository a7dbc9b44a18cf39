"""Read and write tables: manifests, metadata, descriptors."""
