"""Define and check the lines of a workspace's archive."""

import base64
import binascii
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from dashboard.files.errors import BrokenTransfer
from dashboard.files.limits import MOST_OF_A_SIDE
from dashboard.files.tables.json_values import text_has_more_values
from dashboard.files.tables.meta_data import is_too_deep

Row = dict[str, Any]
Check = Callable[[Any], bool]

MOST_OF_A_LINE: Final = 64 * 1024 * 1024
MOST_VALUES_OF_A_LINE: Final = 1_000_000  # about 100 MB once they are parsed
# The maximum of an integer column in either database.
_MOST_NUMBER: Final = (1 << 31) - 1


def read_row(noun: str, line: bytes, number: int) -> Row:
    """Return a line as a row with exactly the fields of its noun. Raises BrokenTransfer."""
    if text_has_more_values(line, MOST_VALUES_OF_A_LINE):
        raise BrokenTransfer(f"line {number:,} of the {noun} has too many values")
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BrokenTransfer(f"line {number:,} of the {noun} is not valid JSON") from error
    fields = NOUNS[noun]
    if isinstance(row, dict):
        row = {name: value for name, value in LATER.items() if name in fields} | row
    # Exactly these: an unknown field may have been meant to change the meaning of others.
    if not isinstance(row, dict) or row.keys() != fields.keys():
        raise BrokenTransfer(f"line {number:,} of the {noun} lacks fields")
    for name, is_right in fields.items():
        if not is_right(row[name]):
            raise BrokenTransfer(f"line {number:,} of the {noun} has an invalid “{name}”")
    return row


def packed(vector: bytes | memoryview) -> str:
    """Encode numbers for a line."""
    return base64.b64encode(vector).decode()


def unpacked(text: str) -> bytes:
    """Decode numbers from a checked line."""
    return base64.b64decode(text)


def _text(most: int, *, empty: bool = True) -> Check:
    def check(value: Any) -> bool:
        # PostgreSQL stores no null character.
        return (
            isinstance(value, str)
            and len(value) <= most
            and "\0" not in value
            and (empty or bool(value.strip()))
        )

    return check


def _number(most: int = _MOST_NUMBER, least: int = 0) -> Check:
    # `type`, not `isinstance`: in Python `True` is an integer.
    return lambda value: type(value) is int and least <= value <= most


def _one_of(*words: str) -> Check:
    return lambda value: isinstance(value, str) and value in words


def _or_none(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def is_id(value: Any) -> bool:
    """Return whether this is an id as archives write them."""
    try:
        # Converted back and compared: `UUID` accepts several spellings, and ids are compared as
        # text.
        return isinstance(value, str) and str(UUID(value)) == value
    except ValueError:
        return False


def _ids(value: Any) -> bool:
    return isinstance(value, list) and all(map(is_id, value)) and len(set(value)) == len(value)


def _hash(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")


def _time(value: Any) -> bool:
    try:
        return isinstance(value, str) and _is_sensible(datetime.fromisoformat(value))
    except ValueError:
        return False


def _is_sensible(moment: datetime) -> bool:
    # Within a day of the calendar's ends, a time cannot be represented in other time zones.
    return moment.tzinfo is not None and 1 < moment.year < 9999


def _vector(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError):
        return False


def _json(value: Any) -> bool:
    return isinstance(value, dict) and not is_too_deep(value) and not _holds_nul(value)


def _holds_nul(value: Any) -> bool:
    # Iterative, since the value may be as deep as `MAX_DEPTH` allows.
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting += [*part.keys(), *part.values()]
        elif isinstance(part, list):
            waiting += part
        elif isinstance(part, str) and "\0" in part:
            return True
    return False


_NAME: Final = _text(255, empty=False)
_WORDS: Final = _text(MOST_OF_A_LINE)
_KEY: Final = _text(100)
_CREATED: Final = _or_none(_time)

# Fields that older archives lack, with their defaults: times since format 2, `fold_by` since 3.
LATER: Final[dict[str, str | None]] = {"created": None, "fold_by": ""}

NOUNS: Final[dict[str, dict[str, Check]]] = {
    "types": {
        "id": is_id,
        "created": _CREATED,
        "name": _NAME,
        "description": _WORDS,
        "exclusive": _flag,
        "fold_by": _text(100),
    },
    "labels": {
        "id": is_id,
        "created": _CREATED,
        "name": _NAME,
        "description": _WORDS,
        "color": _text(9),
        "output_name": _text(255),
    },
    "images": {
        "id": is_id,
        "created": _CREATED,
        "file_name": _text(255),
        "sha256": _hash,
        "stored_sha256": _hash,
        "extension": _one_of("jpg", "png"),
        "width": _number(MOST_OF_A_SIDE, 1),
        "height": _number(MOST_OF_A_SIDE, 1),
        "file_size": _number(),
        "meta_data": _json,
        "test_image": _flag,
        "real": _flag,
    },
    "features": {"image": is_id, "encoder": _text(100, empty=False), "vector": _vector},
    "region_features": {
        "image": is_id,
        "encoder": _text(100, empty=False),
        "left": _number(),
        "top": _number(),
        "right": _number(),
        "bottom": _number(),
        "vector": _vector,
    },
    "regions": {
        "id": is_id,
        "created": _CREATED,
        "image": is_id,
        "label": is_id,
        "left": _number(),
        "top": _number(),
        "right": _number(),
        "bottom": _number(),
        "meta_data": _json,
    },
    "groups": {
        "id": is_id,
        "created": _CREATED,
        "type": is_id,
        "name": _NAME,
        "description": _WORDS,
        "meta_data": _json,
        "test_group": _flag,
    },
    "members": {"group": is_id, "image": _or_none(is_id), "region": _or_none(is_id)},
    "nestings": {"parent": is_id, "child": is_id},
    "verifications": {
        "created": _CREATED,
        "email": _text(254),
        "group": _or_none(is_id),
        "image": _or_none(is_id),
    },
    "encoders": {"key": _text(100, empty=False), "name": _NAME},
    "tasks": {
        "id": is_id,
        "created": _CREATED,
        "name": _NAME,
        "description": _WORDS,
        "types": _ids,
        "encoder": _KEY,
        "versions_count": _number(),
        "production": _or_none(is_id),
    },
    "versions": {
        "id": is_id,
        "created": _CREATED,
        "task": is_id,
        "number": _number(_MOST_NUMBER, 1),
        "status": _one_of("TRAINED", "ERROR", "CANCELLED"),
        "detail": _WORDS,
        "encoder": _text(100, empty=False),
        "seed": _number(),
        "dimension": _or_none(_number(1 << 20, 1)),
        "metrics": _json,
        "trained": _or_none(_time),
    },
    "collections": {
        "id": is_id,
        "created": _CREATED,
        "name": _NAME,
        "description": _WORDS,
        "task": is_id,
        "version": is_id,
    },
    "records": {
        "collection": is_id,
        "key": _text(255, empty=False),
        "fields": _json,
        "vector": _vector,
    },
}
