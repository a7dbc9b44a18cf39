"""Create indexes for searches by a part of a name: PostgreSQL's trigrams, where permitted.

Only for tables with millions of rows: a scan of ten thousand names takes a few milliseconds.

SQLite has none. Its FTS5 supports trigrams, but needs a copy of the names that triggers maintain,
and a migration that rebuilds the table, as SQLite's do, silently drops triggers: searches would
then miss new rows. A scan of a million names takes it about a third of a second.
"""

from collections.abc import Mapping

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

Indexes = Mapping[str, tuple[str, str]]

# By index name: table and column.
INDEXES: Indexes = {
    "group_name_trigrams": ("dashboard_group", "name"),
    "image_name_trigrams": ("dashboard_image", "file_name"),
}


def create_indexes(connection: BaseDatabaseWrapper, indexes: Indexes = INDEXES) -> bool:
    """Create the missing indexes; return whether all exist.

    A role that may not create the extension `pg_trgm` has none: searches are correct, but slow.
    """
    if connection.vendor != "postgresql" or has_indexes(connection, indexes):
        return has_indexes(connection, indexes)
    try:
        # One transaction: without the right, nothing is left half made.
        with transaction.atomic(connection.alias), connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            for name, (table, column) in indexes.items():
                # As the ORM writes “contains, ignoring case”, so that the index is used.
                cursor.execute(
                    f"CREATE INDEX IF NOT EXISTS {name} ON {table}"
                    f" USING gin (UPPER({column}) gin_trgm_ops)"
                )
    except DatabaseError:
        return False
    return True


def drop_indexes(connection: BaseDatabaseWrapper, indexes: Indexes = INDEXES) -> None:
    """Drop the indexes; the extension stays, since others may use it."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"DROP INDEX IF EXISTS {', '.join(indexes)}")


def has_indexes(connection: BaseDatabaseWrapper, indexes: Indexes = INDEXES) -> bool:
    """Return whether searches by name have all their indexes."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_indexes"
            " WHERE schemaname = current_schema() AND indexname = ANY(%s)",
            [[*indexes]],
        )
        return bool(cursor.fetchone()[0] == len(indexes))
