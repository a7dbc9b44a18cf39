"""Bodies as forms: a field is text, a list is a repeated field, an object is JSON text."""

from copy import deepcopy
from typing import Any

Json = dict[str, Any]

EMPTY: Json = {"type": "string", "maxLength": 0}
JSON = "application/json"
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


def media_types(body: Json, needed: list[str], written: Json) -> Json:
    """Write a body's media types: as JSON, as it is written already, and as a form of either kind.

    Files go into a multipart form alone. Records are told of as JSON alone: a form has each as a
    JSON text of its own in a repeated field, for which OpenAPI has no words.
    """
    if "records" in body["properties"]:
        return {JSON: written[JSON]}
    return {
        JSON: written[JSON],
        MULTIPART: _form(body, needed),
        URLENCODED: _form(without_files(body), needed),
    }


def without_files(body: Json) -> Json:
    """Return the body without the fields that hold a file."""
    kept = {name: field for name, field in body["properties"].items() if not _is_file(field)}
    return body | {"properties": kept}


def _is_file(field: Json) -> bool:
    return "contentMediaType" in field or field.get("format") == "binary"


def _form(body: Json, needed: list[str]) -> Json:
    properties = {
        name: _field(field, optional=name not in needed)
        for name, field in body["properties"].items()
    }
    objects = [name for name, field in properties.items() if field.get("type") == "object"]
    form: Json = {"schema": deepcopy(body) | {"properties": properties}}
    if objects:
        form["encoding"] = {name: {"contentType": JSON} for name in objects}
    return form


def _field(field: Json, *, optional: bool) -> Json:
    """Write a field as text, base64 too; null cannot be said, and an empty one is none.

    That is so of optional fields alone: an empty name is one, and a wrong one.
    """
    kept = {name: value for name, value in field.items() if name != "contentEncoding"}
    if isinstance(kept.get("type"), list):
        kept["type"] = kept["type"][0]
    if kept.get("type") == "array":  # an empty list is a field that is not there
        kept = {"minItems": 1} | kept
    plain = kept.get("type") in ("object", "array") or _is_file(kept)
    return {"anyOf": [kept, EMPTY]} if optional and not plain else kept
