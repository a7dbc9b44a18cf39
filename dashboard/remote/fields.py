"""Read the fields of an answer and check their types, or raise `BadAnswer`."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from dashboard.remote.errors import BadAnswer

T = TypeVar("T")
N = TypeVar("N", int, float)


class Fields:
    """A JSON object of an answer. Unknown fields are ignored.

    A method raises `BadAnswer` for a field that is missing, `null` or of another type; a method
    whose name ends with `_or_none` returns None for all three, as servers differ in their optional
    fields.
    """

    def __init__(self, value: object, call: str) -> None:
        if not isinstance(value, dict):
            raise _bad(call, "it is not an object")
        self._value: dict[str, Any] = value
        self.call = call

    def id(self, name: str = "id") -> str:
        """Return an id as text; the field may be text or a number."""
        return self._required(name, self.id_or_none(name))

    def id_or_none(self, name: str) -> str | None:
        """Return an id as text, also that of an object in its place."""
        value = self._value.get(name)
        if isinstance(value, dict):
            value = value.get("id")
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        return value or None if isinstance(value, str) else None

    def text(self, name: str) -> str:
        """Return a text."""
        return self._required(name, self.text_or_none(name))

    def text_or_none(self, name: str) -> str | None:
        """Return a text."""
        return self._of_type(name, str)

    def number(self, name: str) -> int:
        """Return an integer of 0 or more."""
        return self._required(name, self.number_or_none(name))

    def number_or_none(self, name: str) -> int | None:
        """Return an integer of 0 or more."""
        value = self._of_type(name, int)
        return None if value is None or isinstance(value, bool) or value < 0 else value

    def flag_or_none(self, name: str) -> bool | None:
        """Return a boolean."""
        return self._of_type(name, bool)

    def mapping(self, name: str) -> Mapping[str, Any]:
        """Return an object with any fields; empty if it is missing or `null`."""
        if self._value.get(name) is None:
            return {}
        return self._required(name, self.mapping_or_none(name))

    def mapping_or_none(self, name: str) -> Mapping[str, Any] | None:
        """Return an object with any fields."""
        return self._of_type(name, dict)

    def moment_or_none(self, name: str) -> datetime | None:
        """Return a point in time; one without a time zone is UTC."""
        text = self.text_or_none(name)
        if text is None:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def object_or_none(self, name: str) -> "Fields | None":
        """Return an object as fields."""
        value = self._of_type(name, dict)
        return None if value is None else Fields(value, self.call)

    def list(self, name: str, read: Callable[["Fields"], T]) -> tuple[T, ...]:
        """Return a list of objects."""
        return self._required(name, self.list_or_none(name, read))

    def list_or_none(self, name: str, read: Callable[["Fields"], T]) -> tuple[T, ...] | None:
        """Return a list of objects."""
        values = self._of_type(name, list)
        if values is None or not all(isinstance(row, dict) for row in values):
            return None
        return tuple(read(Fields(row, self.call)) for row in values)

    def numbers_or_none(self, name: str, kind: type[N]) -> tuple[N, ...] | None:
        """Return a list of numbers."""
        values = self._of_type(name, list)
        if values is None or not all(isinstance(value, int | float) for value in values):
            return None
        return tuple(map(kind, values))

    def bad(self, what: str) -> BadAnswer:
        """Return the error for an answer in which `what` is wrong."""
        return _bad(self.call, what)

    def _required(self, name: str, value: T | None) -> T:
        if value is None:
            wrong = "is missing" if self._value.get(name) is None else "is of the wrong type"
            raise self.bad(f"the field “{name}” {wrong}")
        return value

    def _of_type(self, name: str, kind: type[T]) -> T | None:
        value = self._value.get(name)
        return value if isinstance(value, kind) else None


def _bad(call: str, what: str) -> BadAnswer:
    return BadAnswer(
        f"The server's answer to “{call}” cannot be used: {what}. Check the URL of the server.",
        call=call,
    )
