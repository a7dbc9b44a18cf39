"""Describe bodies as forms: a field is text, a list is a repeated field, an object is JSON text."""

import json
from copy import deepcopy
from typing import Any

Json = dict[str, Any]

EMPTY: Json = {"type": "string", "maxLength": 0}
JSON = "application/json"
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


def media_types(body: Json, needed: list[str], written: Json) -> Json:
    """Return a body's media types: JSON, as already described, and both kinds of forms.

    Only a multipart form has files.
    """
    return {
        JSON: written[JSON],
        MULTIPART: _form(body, needed),
        URLENCODED: _form(without_files(body), needed),
    }


def raw_media_types(body: Json, shapes: Json, asks: Json | None) -> Json:
    """Return the forms of a body that no serializer describes; `shapes` are its references."""
    form: Json = {"schema": _texts(body, shapes)}
    if asks is not None:
        form["examples"] = {"Body": {"value": {name: _text(one) for name, one in asks.items()}}}
    return {MULTIPART: form, URLENCODED: deepcopy(form)}


def _texts(body: Json, shapes: Json) -> Json:
    """Describe a part of such a body as a form."""
    form = dict(body)
    for name in ("oneOf", "anyOf"):
        if name in body:
            form[name] = [_texts(one, shapes) for one in body[name]]
    if "properties" in body:
        form["properties"] = {
            name: _raw_field(field, shapes) for name, field in body["properties"].items()
        }
    return form


def _raw_field(field: Json, shapes: Json) -> Json:
    """Describe a field of such a body as text: an object is JSON, and null is an empty text."""
    followed = _followed(field, shapes)
    if "type" not in followed and "anyOf" not in followed:
        return field
    kept = _without_null(followed)
    optional = kept != followed
    if kept.get("type") == "array":
        return _array(kept, shapes)
    if kept.get("type") == "object":
        kept = _json_text(field)
    return {"anyOf": [kept, EMPTY]} if optional else kept


def _array(field: Json, shapes: Json) -> Json:
    """Describe a list as a repeated field, each object as JSON text; omit an empty list."""
    inner = _followed(field["items"], shapes)
    items = _json_text(field["items"]) if _is_object(inner) else _without_null(inner)
    return {"minItems": 1} | field | {"items": items}


def _is_object(field: Json) -> bool:
    return field.get("type") == "object" or "allOf" in field


def _followed(field: Json, shapes: Json) -> Json:
    """Return the schema that a field refers to."""
    name = field.get("$ref", "").rpartition("/")[2]
    followed: Json = shapes.get(name, field)
    return followed


def _without_null(field: Json) -> Json:
    """Return the field without null, with its first type alone."""
    if isinstance(field.get("type"), list):
        return field | {"type": field["type"][0]}
    kinds = field.get("anyOf", [])
    if {"type": "null"} in kinds:
        (other,) = (kind for kind in kinds if kind != {"type": "null"})
        return {"type": "object"} if "$ref" in other else dict(other)
    return field


def _json_text(schema: Json) -> Json:
    """Return the schema of text that is JSON."""
    return {"type": "string", "contentMediaType": JSON, "contentSchema": schema}


def _text(value: Any) -> Any:
    """Return an example as a form sends it."""
    if isinstance(value, list):
        return [_text(one) for one in value]
    return json.dumps(value) if isinstance(value, dict) else value


def without_files(body: Json) -> Json:
    """Return the body without the fields that are files."""
    kept = {name: field for name, field in body["properties"].items() if not _is_file(field)}
    return body | {"properties": kept}


def _is_record(items: Json) -> bool:
    return items.get("type") == "object" or items.get("$ref", "").endswith("/Record")


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
    """Describe a field as text, including base64; there is no null, and an empty field is missing.

    This applies only to optional fields: an empty name is sent, and is invalid.
    """
    kept = {name: value for name, value in field.items() if name != "contentEncoding"}
    if isinstance(kept.get("type"), list):
        kept["type"] = kept["type"][0]
    if kept.get("type") == "array":  # an empty list is a missing field
        kept = {"minItems": 1} | kept
        if _is_record(kept["items"]):
            kept["items"] = _json_text(kept["items"])
    plain = kept.get("type") in ("object", "array") or _is_file(kept)
    return {"anyOf": [kept, EMPTY]} if optional and not plain else kept
