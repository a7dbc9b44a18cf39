"""The schema, more strictly than it is published."""

import copy
from typing import Any


def strict(schema: dict[str, Any]) -> dict[str, Any]:
    """Let no answer have a field that the schema does not name; clients are told to expect more."""
    schema = copy.deepcopy(schema)
    requests = {
        media["schema"]["$ref"].rpartition("/")[2]
        for operations in schema["paths"].values()
        for operation in operations.values()
        for media in operation.get("requestBody", {}).get("content", {}).values()
        if "$ref" in media["schema"]
    }
    for name, component in schema["components"]["schemas"].items():
        if name not in requests and "properties" in component:
            component.setdefault("additionalProperties", False)
    _let_lists_stand_once(schema["paths"])
    return schema


def _let_lists_stand_once(part: Any) -> None:
    """Let a list of JSON texts in a form be of any type: there one text is a list of one."""
    if isinstance(part, dict):
        if part.get("type") == "array" and "contentSchema" in part.get("items", {}):
            del part["type"]
        part = [*part.values()]
    if isinstance(part, list):
        for one in part:
            _let_lists_stand_once(one)
