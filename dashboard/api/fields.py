"""Define the kinds of input that REST framework lacks, for JSON and forms."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
import pybase64
from rest_framework import serializers
from rest_framework.fields import empty

from dashboard.files.tables.json_values import text_has_more_values
from dashboard.files.tables.meta_data import refusal_of_json, refusal_of_value

MAX_IDS = 10_000
MAX_RECORDS = 100
MAX_FORM_VALUES = 100_000


class OptionalText(serializers.CharField):
    """Text that may be missing, empty or `null`; the last two mean the same."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, allow_blank=True, allow_null=True, **options)

    def run_validation(self, data: Any = empty) -> Any:
        """Treat `null` as empty."""
        return super().run_validation("" if data is None else data)


class Flag(serializers.BooleanField):
    """A boolean that stays missing if it is missing: a form's missing field is not `false`."""

    # REST framework reads a missing checkbox as `false`: a form that only renames would clear
    # marks.
    default_empty_html = empty


class Base64(serializers.Field[Any, Any, Any, Any]):
    """Bytes as base64, bare or with a `data:image/…;base64,` prefix; empty and `null` are nothing.

    Not a text field, whose validators would check each of millions of characters.
    """

    def run_validation(self, data: Any = empty) -> Any:
        """Treat `null` as empty."""
        return super().run_validation("" if data is None else data)

    def to_internal_value(self, data: Any) -> bytes:
        """Return the bytes. Raises `ValidationError`."""
        try:
            return decode_base64(data)
        except ValueError as error:
            raise serializers.ValidationError("This is not valid base64.") from error


def decode_base64(data: Any) -> bytes:
    """Decode base64, bare or with a `data:image/…;base64,` prefix. Raises `ValueError`."""
    if not isinstance(data, str):
        raise ValueError("no text")
    if data[:5].lower() == "data:":
        data = data.partition(",")[2]
    try:
        # By vector instructions; texts of images are megabytes.
        return pybase64.b64decode(data, validate=True)
    except binascii.Error:  # perhaps only because of line breaks, which most callers do not send
        return base64.b64decode("".join(data.split()), validate=True)


class Id(serializers.UUIDField):
    """An id as text; REST framework would accept a number."""

    def to_internal_value(self, data: Any) -> UUID:
        """Return the id. Raises `ValidationError`."""
        try:
            # `UUID` raises AttributeError for a value that is not text.
            return UUID(data)
        except (ValueError, AttributeError, TypeError) as error:
            text = str(data)[:50]
            raise serializers.ValidationError(f"“{text}” is not an id.") from error


class IdList(serializers.ListField):
    """Up to 10,000 ids; in a form a repeated field."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=Id(), max_length=MAX_IDS, **options)

    def run_child_validation(self, data: list[Any]) -> list[UUID]:
        """Parse all, or report those that are not ids."""
        ids: list[UUID] = []
        sentences: list[str] = []
        for value in data:
            try:
                ids.append(self.child.run_validation(value))
            except serializers.ValidationError as error:
                sentences += [str(sentence) for sentence in error.detail]
        if sentences:
            raise serializers.ValidationError(sentences[:20])
        return ids


def read_json_text(text: str) -> Any:
    """Parse JSON from a field of a form. Raises `ValidationError`."""
    if text_has_more_values(text, MAX_FORM_VALUES):
        raise serializers.ValidationError(f"Send at most {MAX_FORM_VALUES:,} values in a field.")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise serializers.ValidationError(f"This is not valid JSON: {error}.") from error


class JsonObject(serializers.Field[Any, Any, Any, Any]):
    """An object of any content up to 100 levels deep; in a form it is JSON text."""

    def get_value(self, dictionary: Mapping[Any, Any]) -> Any:
        """Treat an empty field of a form as a missing one."""
        value = super().get_value(dictionary)
        # Only a form's QueryDict has `getlist`: in JSON, empty values are meant.
        return empty if hasattr(dictionary, "getlist") and value in ("", None) else value

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Return the object. Raises `ValidationError`."""
        if isinstance(data, str) and self.came_in_a_form:
            data = read_json_text(data)
        if not isinstance(data, dict):
            raise serializers.ValidationError("Send an object.")
        self.check(data)
        return data

    @property
    def came_in_a_form(self) -> bool:
        """Return whether the body was a form."""
        return hasattr(self.root.initial_data, "getlist")

    def check(self, data: dict[str, Any]) -> None:
        """Refuse values that cannot be returned or stored. Raises `ValidationError`."""
        if (reason := refusal_of_json(data, self.refusal_of)) is not None:
            raise serializers.ValidationError(reason)

    def refusal_of(self, value: Any) -> str | None:  # noqa: ARG002
        """Accept any value."""
        return None


class MetaData(JsonObject):
    """An object that every database can store; `null` is an empty one."""

    def run_validation(self, data: Any = empty) -> Any:
        """Treat `null` as an empty object."""
        return super().run_validation({} if data is None else data)

    def refusal_of(self, value: Any) -> str | None:
        """Refuse values that PostgreSQL cannot store, or that JSON parsers would change."""
        return refusal_of_value(value)


class NumberedList(serializers.ListField):
    """A list whose first invalid member is reported by its number, in a sentence."""

    what = "Member"

    def run_child_validation(self, data: list[Any]) -> list[Any]:
        """Parse all members. Raises `ValidationError`."""
        members: list[Any] = []
        for at, member in enumerate(data, start=1):
            try:
                members.append(self.child.run_validation(member))
            except serializers.ValidationError as error:
                sentences = [f"{self.what} {at}: {sentence}" for sentence in error.detail]
                raise serializers.ValidationError(sentences) from error
        return members


class RecordList(NumberedList):
    """1 to 100 objects, or to `most`; in a form a repeated field of JSON texts."""

    what = "Record"

    def __init__(self, *, most: int = MAX_RECORDS, **options: Any) -> None:
        super().__init__(child=JsonObject(), min_length=1, max_length=most, **options)
