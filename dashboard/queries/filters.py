"""The filter language of collections: a part of MongoDB's, over the fields of a record.

No library: those on PyPI take operators that we do not promise, take no notice of ones that they do
not know in some places, or call `true` and 1 the same. What cannot be evaluated is refused.
"""

import operator
from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]
Matcher = Callable[[Json], bool]
Test = Callable[[list[Any]], bool]

MAX_DEPTH = 20
MAX_CONDITIONS = 1000
MAX_LISTED = 10_000
MAX_PATH = 500

_MISSING = object()
_ORDERS = {"$gt": operator.gt, "$gte": operator.ge, "$lt": operator.lt, "$lte": operator.le}


class BadFilter(ValueError):
    """A filter that is not of this language; `str(error)` names what is not."""


def parse(given: Any) -> Matcher:
    """Turn a filter into a function of a record's fields; an empty one matches all.

    A value matches a list if it is the list or one of its elements; a dotted path goes into nested
    objects, and into those of a list. A missing field equals null. Numbers are compared with
    numbers and texts with texts alone. Raises `BadFilter`.
    """
    if not isinstance(given, dict):
        raise BadFilter("The filter must be an object.")
    return _Parser().all_of(given) if given else _anything


def _anything(_: Json) -> bool:
    return True


class _Parser:
    """Reads one filter and counts its conditions."""

    def __init__(self) -> None:
        self._conditions = 0

    def all_of(self, given: Any, depth: int = 1) -> Matcher:
        """Read an object: every entry must match."""
        if not isinstance(given, dict) or not given:
            raise BadFilter("A condition of the filter must be an object that is not empty.")
        if depth > MAX_DEPTH:
            raise BadFilter(f"Nest the filter at most {MAX_DEPTH} levels deep.")
        parts = [self._entry(str(name), value, depth) for name, value in given.items()]
        return parts[0] if len(parts) == 1 else lambda fields: all(part(fields) for part in parts)

    def _entry(self, name: str, value: Any, depth: int) -> Matcher:
        self._count()
        if name == "$not":
            inner = self.all_of(value, depth + 1)
            return lambda fields: not inner(fields)
        if name in ("$and", "$or"):
            parts = [self.all_of(one, depth + 1) for one in _some(name, value)]
            among = all if name == "$and" else any
            return lambda fields: among(part(fields) for part in parts)
        if name.startswith("$"):
            raise BadFilter(f"The filter has {name[:50]}, which is not supported here.")
        path, test = _path(name), self._test(name, value, depth)
        if len(path) == 1:  # no walk for what most filters are
            return lambda fields: test([fields.get(name, _MISSING)])
        return lambda fields: test(_values(fields, path))

    def _test(self, name: str, value: Any, depth: int) -> Test:
        """Read what is asked of a field: a value, or an object of operators."""
        if not isinstance(value, dict) or not any(str(key).startswith("$") for key in value):
            return _equals(value)
        if depth > MAX_DEPTH:
            raise BadFilter(f"Nest the filter at most {MAX_DEPTH} levels deep.")
        tests = [self._operator(name, str(key), one, depth) for key, one in value.items()]
        return tests[0] if len(tests) == 1 else lambda found: all(test(found) for test in tests)

    def _operator(self, name: str, key: str, value: Any, depth: int) -> Test:
        self._count()
        if key == "$not":
            if not isinstance(value, dict) or not value or not all(k[:1] == "$" for k in value):
                raise BadFilter(f"$not of “{name[:50]}” takes an object of operators.")
            return _negated(self._test(name, value, depth + 1))
        if key in _ORDERS:
            return _ordered(key, value)
        if key not in _SIMPLE:
            raise BadFilter(f"The filter has {key[:50]}, which is not supported here.")
        return _SIMPLE[key](value)

    def _count(self) -> None:
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            raise BadFilter(f"A filter has at most {MAX_CONDITIONS} conditions.")


def _some(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise BadFilter(f"{name} takes a list of conditions that is not empty.")
    return value


def _path(name: str) -> list[str]:
    path = name.split(".")
    if not all(path) or len(name) > MAX_PATH:
        raise BadFilter(f"The filter has the field “{name[:50]}”, which is none.")
    return path


def _values(fields: Any, path: list[str]) -> list[Any]:
    """Return what stands at the path: one value, or several where it crosses lists."""
    value = fields
    for at, name in enumerate(path):
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list):
            return list(_in_list(value, path[at:])) or [_MISSING]
        else:
            return [_MISSING]
    return [value]


def _in_list(elements: list[Any], path: list[str]) -> Iterator[Any]:
    """Yield what stands at the path in each object of a list, and by its number in the list."""
    for element in elements:
        if isinstance(element, dict):
            yield from _values(element, path)
    number = path[0]
    if number.isascii() and number.isdecimal() and len(number) < 9 and int(number) < len(elements):
        yield from _values(elements[int(number)], path[1:])


def _candidates(found: list[Any]) -> list[Any]:
    """Return each value and, of a list, its elements; what is missing is null."""
    candidates = [None if value is _MISSING else value for value in found]
    for value in found:
        if isinstance(value, list):
            candidates += value
    return candidates


def _exists(value: Any) -> Test:
    if not isinstance(value, bool):
        raise BadFilter("$exists takes true or false.")
    return lambda found: any(one is not _MISSING for one in found) == value


def _key(value: Any) -> Any:
    """Return what is equal for values that the language calls equal: 1 is 1.0 and not true."""
    if isinstance(value, dict):
        return dict, frozenset((name, _key(one)) for name, one in value.items())
    if isinstance(value, list):
        return list, tuple(_key(one) for one in value)
    return isinstance(value, bool), value


def _equals(value: Any) -> Test:
    wanted = _key(value)
    if isinstance(value, dict | list):
        return lambda found: any(_key(one) == wanted for one in _candidates(found))
    # Twice as fast as by keys, and asked of each record: only a scalar can equal a scalar.
    return lambda found: any(one == value and _key(one) == wanted for one in _candidates(found))


def _differs(value: Any) -> Test:
    return _negated(_equals(value))


def _within(value: Any) -> Test:
    if not isinstance(value, list) or len(value) > MAX_LISTED:
        raise BadFilter(f"$in and $nin take a list of at most {MAX_LISTED} values.")
    wanted = {_key(one) for one in value}
    return lambda found: any(_key(one) in wanted for one in _candidates(found))


def _without(value: Any) -> Test:
    return _negated(_within(value))


def _negated(test: Test) -> Test:
    return lambda found: not test(found)


def _ordered(key: str, value: Any) -> Test:
    compare = _ORDERS[key]
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise BadFilter(f"{key} takes a number or a text.")
    kinds = str if isinstance(value, str) else (int, float)

    def test(found: list[Any]) -> bool:
        return any(
            isinstance(one, kinds) and not isinstance(one, bool) and compare(one, value)
            for one in _candidates(found)
        )

    return test


_SIMPLE: dict[str, Callable[[Any], Test]] = {
    "$eq": _equals,
    "$ne": _differs,
    "$in": _within,
    "$nin": _without,
    "$exists": _exists,
}
