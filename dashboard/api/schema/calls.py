"""Define how a noun's table describes a call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rest_framework import serializers

SIMILARITY = "/similarity/training/v2"
RECOGNITION = "/recognition/v2"
ACCOUNT = "/account/v2"
CUSTOM = "/similarity/custom/v2"
DETECTION = "/detection/v2"
ANNOTATE = "/annotate/v2"

Json = dict[str, Any]
Shape = type[serializers.Serializer[Any]]


@dataclass(frozen=True)
class Parameter:
    """A query parameter or a header."""

    name: str
    text: str
    schema: Json = field(default_factory=lambda: {"type": "string"})
    place: str = "query"
    required: bool = False
    example: str = ""

    def written(self) -> Json:
        """Return it as OpenAPI."""
        written: Json = {
            "name": self.name,
            "in": self.place,
            "description": self.text,
            "schema": self.schema,
        }
        if self.required:
            written["required"] = True
        return written | ({"example": self.example} if self.example else {})


@dataclass(frozen=True)
class Call:
    """One method of one path: its body, response and refusals.

    `refuses` are the statuses besides those of all calls (see `refusals.py`), without the 403 of
    all writing calls. `again` is the status of the same response if nothing had to change. `scoped`
    says that it accepts `workspace`. `raw_body` names a body that no serializer describes. `asks`
    and `says` are the examples of body and response.
    """

    name: str
    summary: str
    answer: Shape | None = None
    status: int = 200
    again: int | None = None
    body: Shape | None = None
    raw_body: str = ""
    partial: bool = False
    query: Sequence[Parameter] = ()
    scoped: bool = True
    refuses: Sequence[int] = ()
    refuses_with_status: bool = False
    text: str = ""
    asks: Json | None = None
    says: Any = None

    def named(self, name: str) -> "Call":
        """Return it under another name: PUT and PATCH do the same."""
        return replace(self, name=name)


@dataclass(frozen=True)
class Noun:
    """The calls of one noun: path to method to call."""

    name: str
    text: str
    calls: Mapping[str, Mapping[str, Call]]


class ListPage(serializers.Serializer[Any]):
    """A page of a list."""

    count = serializers.IntegerField(min_value=0, help_text="Number of results on all pages.")
    next = serializers.URLField(allow_null=True, help_text="URL of the next page, or null.")
    previous = serializers.URLField(allow_null=True, help_text="URL of the previous page, or null.")


def page_of(shape: Shape) -> Shape:
    """Return the shape of a page of this shape."""
    noun = shape.__name__.removesuffix("Answer")
    return type(
        f"{noun}Page", (ListPage,), {"results": shape(many=True), "__doc__": "One page of a list."}
    )


def a_page(*rows: Json) -> Json:
    """Return the example of a list's only page."""
    return {"count": len(rows), "next": None, "previous": None, "results": list(rows)}
