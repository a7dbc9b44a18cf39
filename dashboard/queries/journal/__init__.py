"""Read the journal: the changes of a workspace, in the order in which they were committed."""
