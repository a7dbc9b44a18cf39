"""A database backend of its own for a bench: SQLite with a watch on its write lock."""
