"""Render and parse JSON."""

from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.utils.functional import Promise
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from dashboard.api.bodies import check_values, hold, limit_of, received

_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


class OrjsonRenderer(BaseRenderer):
    """Renders JSON, including numpy arrays, some thirty times faster than `json` renders lists."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,  # noqa: ARG002
        renderer_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> bytes:
        """Return the bytes; empty for a response without content."""
        return b"" if data is None else dumps(data)


def dumps(data: Any) -> bytes:
    """Return a value as JSON, as the API does everywhere."""
    return orjson.dumps(data, default=_plain, option=_OPTIONS)


def _plain(value: Any) -> str:
    """Return lazily translated text; anything else is a programming error."""
    if isinstance(value, Promise):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


class OrjsonParser(BaseParser):
    """Parses JSON; an empty body is an empty object.

    orjson refuses what no database can store either: NaN, infinity, lone surrogates, invalid UTF-8
    and 1,024 levels.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,  # noqa: ARG002
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the parsed body. Raises `ParseError`, `BodyTooLarge`."""
        with received(stream) as body:
            if (limit := limit_of(parser_context)) is not None:
                check_values(body, limit)
                hold(body, parser_context, min(body.bound, limit.values))
            text = body.whole()
        if not text.strip():
            return {}
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not valid JSON: {error}.") from error
