"""Show tasks, versions and encoders."""
