"""The values of a JSON text are counted as its reader would build them, before it does."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.files.tables.json_values import bound_of, has_more_values, text_has_more_values

TEXTS = st.text(st.sampled_from('a",[]{}:\\\n“é'), max_size=8)
VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


def begins(value: Any) -> int:
    """Count the commas, lists and objects that a value is written with."""
    if isinstance(value, list | dict):
        inner = value if isinstance(value, list) else value.values()
        return 1 + max(0, len(value) - 1) + sum(map(begins, inner))
    return 0


def built(value: Any) -> int:
    if isinstance(value, list | dict):
        inner = value if isinstance(value, list) else value.values()
        return 1 + sum(map(built, inner))
    return 1


@given(VALUES, st.integers(1, 9), st.booleans(), st.booleans())
def test_it_counts_what_is_written(value: Any, size: int, spaced: bool, ascii_: bool) -> None:
    separators = (" , ", " : ") if spaced else (",", ":")
    data = json.dumps(value, separators=separators, ensure_ascii=ascii_).encode()
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    most = begins(value)
    assert built(value) <= most + 1
    assert sum(map(bound_of, pieces)) >= most
    assert not has_more_values(pieces, most)
    assert most == 0 or has_more_values(pieces, most - 1)


@pytest.mark.parametrize(
    "data",
    [
        b"[" + b"{}," * 5000,
        b'{"a":' * 5000,
        b"[" * 5000,
        b'"\\", [' + b"[" * 5000,
        b'["' + b'","' * 5000,
    ],
)
def test_what_is_no_json(data: bytes) -> None:
    """A reader that stops at a mistake has built nothing by then."""
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(data)
    assert text_has_more_values(data, 10) is (data[:1] != b'"')


def test_what_stands_in_a_text_is_not_counted() -> None:
    data = orjson.dumps({"a": ",[{" * 100_000, 'b"\\': '",\\"[[['})
    assert bound_of(data) > 300_000
    assert not text_has_more_values(data, 2)
    assert text_has_more_values(data.decode(), 1)
