"""Finding things by a part of their name."""

import re
from typing import Any, TypeVar

from django.db import connection
from django.db.models import QuerySet

Rows = TypeVar("Rows", bound=QuerySet[Any])


def holding(rows: Rows, field: str, text: str) -> Rows:
    """Keep the rows whose field holds the text, in any case.

    SQLite's LIKE knows the case of ASCII letters only, its REGEXP is Python's and knows all.
    """
    if text.isascii() or connection.vendor != "sqlite":
        return rows.filter(**{f"{field}__icontains": text})
    return rows.filter(**{f"{field}__iregex": re.escape(text)})
