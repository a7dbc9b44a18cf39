"""Where bytes are kept, and under which names."""
