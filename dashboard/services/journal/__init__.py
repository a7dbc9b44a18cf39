"""Number the changes of the journal, undo them, and prune old ones."""
