"""Find rows by a part of their name."""

import re
import sys
from typing import Any, TypeVar

from django.db import connection
from django.db.models import QuerySet

from dashboard.models.folded_names import folded

Rows = TypeVar("Rows", bound=QuerySet[Any])


def holding(rows: Rows, field: str, text: str) -> Rows:
    """Keep the rows whose field contains the text, ignoring case.

    SQLite's LIKE ignores case only for ASCII letters; its REGEXP is Python's and does so for all.
    """
    if text.isascii() or connection.vendor != "sqlite":
        return rows.filter(**{f"{field}__icontains": text})
    # Escaped: the text comes from a person, whose pattern could take exponential time.
    return rows.filter(**{f"{field}__iregex": re.escape(text)})


def beginning(rows: Rows, field: str, text: str) -> Rows:
    """Keep the rows whose field begins with the text, case-sensitively, by an index of the field.

    SQLite uses no index for LIKE, and compares text by its bytes; PostgreSQL by the rules of a
    language.
    """
    if connection.vendor == "sqlite":
        # A range of the index. This is correct because SQLite's order is that of bytes.
        return rows.filter(**{f"{field}__gte": text, f"{field}__lt": text + chr(sys.maxunicode)})
    return rows.filter(**{f"{field}__startswith": text})


def find_equal(rows: QuerySet[Any], name: str, but: Any = None) -> Any:
    """Return the oldest row with an equal name or None; for nouns of which a workspace has few.

    Also returns None if the name is equal to that of `but`, which may keep its name.
    """
    wanted = folded(name)
    if but is not None and folded(but.name) == wanted:
        return None
    # Folding is Python's (NFKC, casefold); no database folds the same way.
    there = rows.select_related(None).order_by("created", "pk").only("pk", "name")
    return next((one for one in there if folded(one.name) == wanted), None)
