"""Find the values in a record's fields that a filter names and compare them, counting the work.

Filters and records may come from an attacker: no value is processed repeatedly, and no lookup uses
a hash that can be predicted, as that of a number can. Hashes of text are seeded when a process
starts.
"""

import operator
from bisect import bisect_left
from collections.abc import Callable
from typing import Any

Hit = Callable[[Any], bool]

MISSING = object()

_ORDERS = {"$gt": operator.gt, "$gte": operator.ge, "$lt": operator.lt, "$lte": operator.le}


class Work:
    """The work of a filter: each value that it reads is a step."""

    def __init__(self, most: int, error: type[Exception]) -> None:
        self.steps = 0
        self._most = most
        self._error = error
        self._shapes: dict[int, int | None] = {}
        self._known: dict[str, int] = {}

    def spend(self, steps: int) -> None:
        """Count steps. Raises the given error beyond the limit."""
        self.steps += steps
        if self.steps > self._most:
            raise self._error

    def next_record(self) -> None:
        """Clear the cache of the previous record's values."""
        if self._shapes:
            self._shapes = {}

    def reached(self, fields: Any, path: list[str]) -> list[Any]:
        """Return the values at a path: one, or several where it crosses lists, each once."""
        value = fields
        for at, name in enumerate(path):
            if isinstance(value, list):
                return self._spread(value, path[at:])
            value = value.get(name, MISSING) if isinstance(value, dict) else MISSING
        return [value]

    def _spread(self, elements: list[Any], path: list[str]) -> list[Any]:
        """Follow the path name by name with all values that match so far, each only once.

        An object in a list is reached both as one of its objects and by its index: followed one by
        one, the paths through nested lists would double at each level.
        """
        standing: list[Any] = [elements]
        for name in path:
            after: dict[int, Any] = {}
            for value in standing:
                for one in self._next(value, name):
                    # By identity: comparing large values would be work that is not counted.
                    after[id(one)] = one
            standing = list(after.values())
        return standing

    def _next(self, value: Any, name: str) -> list[Any]:
        """Return the values at a name in a value: in a list, those of its objects and by index."""
        self.spend(1)
        if isinstance(value, dict):
            return [value.get(name, MISSING)]
        if not isinstance(value, list):
            return [MISSING]
        # Counted before it is done: a list may be as long as the record allows.
        self.spend(len(value))
        after = [one.get(name, MISSING) for one in value if isinstance(one, dict)]
        if name.isascii() and name.isdecimal() and len(name) < 9 and int(name) < len(value):
            after.append(value[int(name)])
        return after or [MISSING]

    # Lists and objects are equal if their shapes are: numbers that are assigned to the filter's
    # values. So each value of a record is read once, however deep it is and however often it is
    # compared.

    def shape(self, value: Any) -> int:
        """Assign a number to a value of the filter."""
        if isinstance(value, dict):
            parts = [(self.shape(name), self.shape(one)) for name, one in value.items()]
            return self._number(_object(parts))
        if isinstance(value, list):
            return self._number(_list([self.shape(one) for one in value]))
        return self._number(_scalar(value))

    def _number(self, text: str) -> int:
        return self._known.setdefault(text, len(self._known))

    def shape_of(self, value: Any) -> int | None:
        """Return the number of a record's value; None if no value of the filter equals it."""
        self.spend(1)
        if not isinstance(value, dict | list):
            return self._known.get(_scalar(value))
        if id(value) not in self._shapes:
            self._shapes[id(value)] = self._shape_of_parts(value)
        return self._shapes[id(value)]

    def _shape_of_parts(self, value: dict[str, Any] | list[Any]) -> int | None:
        if isinstance(value, list):
            elements: list[int] = []
            for one in value:
                if (shape := self.shape_of(one)) is None:
                    return None
                elements.append(shape)
            return self._known.get(_list(elements))
        parts: list[tuple[int, int]] = []
        for name, one in value.items():
            if (key := self.shape_of(name)) is None or (shape := self.shape_of(one)) is None:
                return None
            parts.append((key, shape))
        return self._known.get(_object(parts))


class Values:
    """Searches for a match among the values at a path, and in lists among them."""

    def __init__(self, hit: Hit, work: Work) -> None:
        self._hit = hit
        self._work = work

    def have_one(self, found: list[Any]) -> bool:
        """Return whether there is a match; a missing value is null."""
        hit = self._hit
        if len(found) > 1:
            self._work.spend(len(found))
        for value in found:
            if hit(None if value is MISSING else value):
                return True
            if isinstance(value, list):
                self._work.spend(len(value))
                if any(hit(one) for one in value):
                    return True
        return False


def is_in(wanted: list[Any], work: Work) -> Hit:
    """Return a test of whether a value equals one of `wanted`: 1 equals 1.0 and not true."""
    if len(wanted) == 1 and not isinstance(wanted[0], dict | list):
        return _is(wanted[0])
    texts = {one for one in wanted if isinstance(one, str)}
    constants = [one for one in wanted if one is None or isinstance(one, bool)]
    # Sorted and bisected, not hashed: Python hashes equal numbers alike on every machine, so an
    # attacker could send many that collide. Texts are hashed with a seed of the process.
    numbers = sorted(one for one in wanted if _is_number(one))
    shapes = {work.shape(one) for one in wanted if isinstance(one, dict | list)}
    no_value, yes, no = None in constants, True in constants, False in constants

    def hit(one: Any) -> bool:
        if isinstance(one, str):
            return one in texts
        if one is None:
            return no_value
        if isinstance(one, bool):
            return yes if one else no
        if isinstance(one, dict | list):
            return bool(shapes) and work.shape_of(one) in shapes
        at = bisect_left(numbers, one)
        return at < len(numbers) and bool(numbers[at] == one)

    return hit


def _is(wanted: Any) -> Hit:
    if wanted is None or isinstance(wanted, bool):
        return lambda one: one is wanted
    if isinstance(wanted, str):
        return lambda one: bool(one == wanted)
    return lambda one: one == wanted and not isinstance(one, bool)


def is_ordered(key: str, wanted: float | str) -> Hit:
    """Return a test of whether a number, or a text, compares in this way with the wanted one."""
    compare = _ORDERS[key]
    if isinstance(wanted, str):
        return lambda one: isinstance(one, str) and bool(compare(one, wanted))
    return lambda one: _is_number(one) and bool(compare(one, wanted))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _list(shapes: list[int]) -> str:
    return f"[{','.join(map(str, shapes))}"


def _object(parts: list[tuple[int, int]]) -> str:
    return f"{{{','.join(f'{name}:{shape}' for name, shape in sorted(parts))}"


def _scalar(value: Any) -> str:
    """Write a value as text so that equal values give equal texts, and others different ones."""
    if isinstance(value, str):
        # A mark before texts, so that the text `1` and the number 1 differ.
        return f"“{value}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return repr(value)
