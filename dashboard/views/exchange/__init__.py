"""Show exports and imports of workspaces."""
