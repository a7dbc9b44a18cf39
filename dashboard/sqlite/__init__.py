"""Make the writers of a process wait in one queue (Django's SQLite backend)."""
