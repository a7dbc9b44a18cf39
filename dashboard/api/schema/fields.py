"""Describe our own kinds of input, and the token, for drf-spectacular."""

from typing import Any

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerFieldExtension,
)
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction
from rest_framework import serializers

from dashboard.api.fields import MAX_IDS, MAX_RECORDS

Json = dict[str, Any]

NO_NULL_CHARACTER = r"^[^\u0000]*$"
# Whitespace, as Python defines it, is stripped, and the rest must not be empty.
_BLANK = r"\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
A_NAME = rf"^[^\u0000]*[^\u0000{_BLANK}][^\u0000]*$"
ID: Json = {"type": "string", "format": "uuid"}
FLAG: Json = {
    "description": "`true` or `false`; also `1`, `0`, `yes`, `no`, `on`, `off` as text.",
    "anyOf": [
        {"type": "boolean"},
        {
            "enum": [
                0,
                1,
                *sorted(
                    text
                    for text in serializers.BooleanField.TRUE_VALUES
                    | serializers.BooleanField.FALSE_VALUES
                    if isinstance(text, str)
                ),
            ]
        },
    ],
}
ANY_OBJECT: Json = {"type": "object", "additionalProperties": True}


class TokenScheme(OpenApiAuthenticationExtension):
    """A token in a header."""

    target_class = "dashboard.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> Json:  # noqa: ARG002
        """Return how the token is sent."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token ` followed by an API token, which you create under Tokens.",
        }


class _Written(OpenApiSerializerFieldExtension):
    """A kind of input whose schema is the same everywhere."""

    schema: Json = {}

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> Json:  # noqa: ARG002
        """Return the schema."""
        return dict(self.schema)


def written(field: Any, auto_schema: AutoSchema) -> Json | None:
    """Return the schema of a body's field, if it is of our kinds."""
    kind = OpenApiSerializerFieldExtension.get_match(field)
    ours = type(kind).__module__ == __name__
    return kind.map_serializer_field(auto_schema, "request") if kind and ours else None


class TextFields(OpenApiSerializerFieldExtension):
    """Text: in a body it must not be blank, and contains no null character."""

    target_class = serializers.CharField

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> Json:  # noqa: ARG002
        """Return the schema."""
        if direction == "response":
            return {"type": "string"}
        longest = {"maxLength": self.target.max_length} if self.target.max_length else {}
        return {"type": ["string", "number"], "minLength": 1, "pattern": A_NAME} | longest


class OptionalTexts(OpenApiSerializerFieldExtension):
    """Text that may be empty or null."""

    target_class = "dashboard.api.fields.OptionalText"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> Json:  # noqa: ARG002
        """Return the schema."""
        longest = {"maxLength": self.target.max_length} if self.target.max_length else {}
        return {"type": ["string", "number", "null"], "pattern": NO_NULL_CHARACTER} | longest


class Flags(_Written):
    """Yes or no."""

    target_class = "dashboard.api.fields.Flag"
    schema = {"$ref": "#/components/schemas/Flag"}


class Files(_Written):
    """A file of a form."""

    target_class = serializers.FileField
    schema = {"type": "string", "format": "binary"}


class Base64Texts(_Written):
    """Bytes as text."""

    target_class = "dashboard.api.fields.Base64"
    schema = {
        "type": ["string", "null"],
        "contentEncoding": "base64",
        "description": "Plain, or with a prefix `data:image/…;base64,`.",
    }


class Ids(_Written):
    """An id."""

    target_class = "dashboard.api.fields.Id"
    schema = ID


class References(_Written):
    """An id, or an object that has it."""

    target_class = "dashboard.api.library.region_shapes.Reference"
    schema = {
        "anyOf": [ID, {"type": "object", "required": ["id"], "properties": {"id": ID}}],
        "description": "The id, or the object as it was returned before.",
    }


class Colors(_Written):
    """A colour."""

    target_class = "dashboard.api.library.region_shapes.Color"
    schema = {
        "type": ["string", "null"],
        "pattern": "^(#([0-9a-fA-F]{3}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8}))?$",
        "description": "As in CSS; empty or null for the default colour.",
    }


class Boxes(_Written):
    """A box."""

    target_class = "dashboard.api.library.region_shapes.BoxField"
    schema = {
        "type": "array",
        "items": {"type": "integer"},
        "minItems": 4,
        "maxItems": 4,
        "description": "xmin, ymin, xmax, ymax in pixels of the stored image.",
    }


class IdLists(_Written):
    """Many ids."""

    target_class = "dashboard.api.fields.IdList"
    schema = {"type": "array", "items": ID, "maxItems": MAX_IDS}


class MetaDatas(_Written):
    """An object of any content."""

    target_class = "dashboard.api.fields.MetaData"
    schema = {"type": ["object", "null"], "additionalProperties": True}


class JsonObjects(_Written):
    """An object of any content, and never null."""

    target_class = "dashboard.api.fields.JsonObject"
    schema = ANY_OBJECT


class RecordLists(_Written):
    """Records whose descriptors are requested."""

    target_class = "dashboard.api.fields.RecordList"
    schema = {
        "type": "array",
        "items": {"$ref": "#/components/schemas/Record"},
        "minItems": 1,
        "maxItems": MAX_RECORDS,
    }


class RecordAnswerLists(_Written):
    """Records with their descriptors."""

    target_class = "dashboard.api.schema.training.descriptors.RecordAnswers"
    schema = {"type": "array", "items": {"$ref": "#/components/schemas/DescribedRecord"}}
