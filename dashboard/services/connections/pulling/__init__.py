"""Pull what changed on the other server, noun by noun, in steps that may be repeated."""
