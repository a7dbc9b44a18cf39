"""Read which files must be stored according to the rows."""
