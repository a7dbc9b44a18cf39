"""Read the contents, activity and usage of workspaces."""
