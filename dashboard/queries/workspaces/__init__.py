"""Reading what a workspace has and what happened in it."""
