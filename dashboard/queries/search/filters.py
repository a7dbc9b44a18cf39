"""Parse the filter language of collections: a part of MongoDB's, over the fields of a record.

No library is used: those on PyPI accept operators that are not part of the contract, ignore unknown
ones in some places, or treat `true` and 1 as equal. A filter that cannot be evaluated is refused.

A condition reads each value of a record once for each name of its path, and compares each value
that it finds once. A filter counts this work, over all records, and stops at a limit.
"""

from collections.abc import Callable
from typing import Any

from dashboard.queries.search.filter_values import MISSING, Hit, Values, Work, is_in, is_ordered

Json = dict[str, Any]
Condition = Callable[[Json], bool]
Test = Callable[[list[Any]], bool]

# Parsing recurses once per level; these limits apply before any record is read.
MAX_DEPTH = 20
MAX_CONDITIONS = 1000
MAX_LISTED = 10_000
MAX_PATH = 500
# Ten to thirty seconds of a core. Two conditions on a million records of 1 KB take half of it.
MOST_STEPS = 50_000_000
READ_IN_A_STEP = 48  # characters of JSON that are parsed in the time of one step

_ORDERS = ("$gt", "$gte", "$lt", "$lte")


class BadFilter(ValueError):
    """A filter that is not valid in this language; `str(error)` names the invalid part."""


class TooMuchWork(BadFilter):
    """A filter that would keep the server busy for too long with this collection."""

    def __init__(self) -> None:
        super().__init__(
            "This filter needs too many comparisons on this collection. Send fewer conditions, "
            "shorter paths, or conditions on fields with shorter lists."
        )


class Filter:
    """A filter of records, which counts its work. Only one thread may use it at a time."""

    def __init__(self, condition: Condition, work: Work) -> None:
        self._condition = condition
        self._work = work

    def __call__(self, fields: Json) -> bool:
        """Return whether a record's fields match. Raises `TooMuchWork`."""
        self._work.next_record()
        return self._condition(fields)

    @property
    def steps(self) -> int:
        """Return the number of steps so far, over all records."""
        return self._work.steps

    def count_reading(self, letters: int) -> None:
        """Count the parsing of a record's JSON. Raises `TooMuchWork`."""
        self._work.spend(letters // READ_IN_A_STEP)


def parse(given: Any, *, most_steps: int = MOST_STEPS) -> Filter:
    """Turn a filter into a function of a record's fields; an empty one matches all.

    A value matches a list if it is the list or one of its elements; a dotted path goes into nested
    objects, and into those of a list. A missing field equals null. Numbers are compared only with
    numbers and texts only with texts. Raises `BadFilter`.
    """
    if not isinstance(given, dict):
        raise BadFilter("The filter must be an object.")
    work = Work(most_steps, TooMuchWork)
    return Filter(_Parser(work).all_of(given) if given else _anything, work)


def _anything(_: Json) -> bool:
    return True


class _Parser:
    """Parses one filter and counts its conditions."""

    def __init__(self, work: Work) -> None:
        self._conditions = 0
        self._work = work

    def all_of(self, given: Any, depth: int = 1) -> Condition:
        """Parse an object: every entry must match."""
        if not isinstance(given, dict) or not given:
            raise BadFilter("A condition of the filter must be a non-empty object.")
        if depth > MAX_DEPTH:
            raise BadFilter(f"Nest the filter at most {MAX_DEPTH} levels deep.")
        parts = [self._entry(str(name), value, depth) for name, value in given.items()]
        return parts[0] if len(parts) == 1 else lambda fields: all(part(fields) for part in parts)

    def _entry(self, name: str, value: Any, depth: int) -> Condition:
        self._count()
        if name == "$not":
            inner = self.all_of(value, depth + 1)
            return lambda fields: not inner(fields)
        if name in ("$and", "$or"):
            parts = [self.all_of(one, depth + 1) for one in _some(name, value)]
            among = all if name == "$and" else any
            return lambda fields: among(part(fields) for part in parts)
        # Refused, not ignored: without an operator more records would match, and a deletion by
        # filter would delete them.
        if name.startswith("$"):
            raise BadFilter(f"The filter has {name[:50]}, which is not supported.")
        path, test, work = _path(name), self._test(name, value, depth), self._work

        def condition(fields: Json) -> bool:
            work.spend(1)
            if len(path) == 1:  # no path walk for the most common filters
                return test([fields.get(name, MISSING)])
            return test(work.reached(fields, path))

        return condition

    def _test(self, name: str, value: Any, depth: int) -> Test:
        """Parse the condition of a field: a value, or an object of operators."""
        if not isinstance(value, dict) or not any(str(key).startswith("$") for key in value):
            return self._one(is_in([value], self._work))
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
        if key in ("$eq", "$ne"):
            test = self._one(is_in([value], self._work))
            return test if key == "$eq" else _negated(test)
        if key in ("$in", "$nin"):
            test = self._one(is_in(_listed(value), self._work))
            return test if key == "$in" else _negated(test)
        if key in _ORDERS:
            return self._one(is_ordered(key, _comparable(key, value)))
        if key == "$exists":
            return _exists(value)
        raise BadFilter(f"The filter has {key[:50]}, which is not supported.")

    def _one(self, hit: Hit) -> Test:
        """Require one matching value: among those at a path, or within a list."""
        return Values(hit, self._work).have_one

    def _count(self) -> None:
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            raise BadFilter(f"A filter has at most {MAX_CONDITIONS} conditions.")


def _some(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise BadFilter(f"{name} takes a non-empty list of conditions.")
    return value


def _path(name: str) -> list[str]:
    path = name.split(".")
    if not all(path) or len(name) > MAX_PATH:
        raise BadFilter(f"The filter has the field “{name[:50]}”, which is not a valid field.")
    return path


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list) or len(value) > MAX_LISTED:
        raise BadFilter(f"$in and $nin take a list of at most {MAX_LISTED} values.")
    return value


def _comparable(key: str, value: Any) -> float | str:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise BadFilter(f"{key} takes a number or text.")
    return value


def _exists(value: Any) -> Test:
    if not isinstance(value, bool):
        raise BadFilter("$exists takes true or false.")
    return lambda found: any(one is not MISSING for one in found) == value


def _negated(test: Test) -> Test:
    return lambda found: not test(found)
