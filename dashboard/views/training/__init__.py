"""Pages of tasks, versions and encoders."""
