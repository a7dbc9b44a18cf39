"""Send what changed here to the other server, in the order of the journal."""
