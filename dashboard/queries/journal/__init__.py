"""The journal: what changed in a workspace, in the order in which it was committed."""
