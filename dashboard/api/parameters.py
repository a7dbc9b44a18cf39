"""Parse the query of a URL: text, ids, booleans, numbers."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import Q
from rest_framework.exceptions import ValidationError
from rest_framework.fields import BooleanField
from rest_framework.request import Request

_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def text(request: Request, name: str) -> str | None:
    """Return text from the query; None if it is missing or empty."""
    # PostgreSQL refuses a null character in text.
    return request.query_params.get(name, "").replace("\x00", "") or None


def an_id(request: Request, name: str) -> UUID | None:
    """Return an id; 400 for an invalid one."""
    given = text(request, name)
    if given is None:
        return None
    if not _ID.fullmatch(given):
        raise ValidationError({name: [f"“{given[:50]}” is not an id."]})
    return UUID(given)


def flag(request: Request, name: str) -> bool | None:
    """Return a boolean in any spelling that bodies accept; 400 for anything else."""
    given = text(request, name)
    return None if given is None else _checked(name, given)


def _checked(name: str, given: str) -> bool:
    try:
        return bool(BooleanField().to_internal_value(given))
    except ValidationError as error:
        raise ValidationError({name: ["Send true or false."]}) from error


def number(request: Request, name: str) -> int | None:
    """Return an integer from 0 upwards; 400 for anything else."""
    given = text(request, name)
    if given is None:
        return None
    # Nine digits always fit into a column of 32 bits.
    if not given.isascii() or not given.isdecimal() or len(given) > 9:
        raise ValidationError({name: ["Send an integer from 0 to 999999999."]})
    return int(given)


def asked(request: Request, names: Iterable[str]) -> dict[str, str]:
    """Return those of the filters that the query has, as they were sent."""
    return {name: given for name in names if (given := text(request, name)) is not None}


Reader = Callable[[Request, str], Any]


def conditions(request: Request, filters: Mapping[str, tuple[Reader, str]]) -> Q:
    """Return the condition of the query's filters; each has a reader and a lookup."""
    asked = Q()
    for name, (read, lookup) in filters.items():
        if (value := read(request, name)) is not None:
            asked &= Q(**{lookup: value})
    return asked
