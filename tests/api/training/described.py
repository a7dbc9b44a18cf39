"""What the schema says of each call, and how an answer is held against it."""

import json
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from dashboard.api.documents import openapi
from tests.fuzz.strict import strict

SCHEMA = openapi()
OPERATIONS = [
    (path, method, operation)
    for path, operations in SCHEMA["paths"].items()
    for method, operation in operations.items()
]


def validator(shape: Any) -> Draft202012Validator:
    """Hold a value against a part of the schema, and nothing more than what it names."""
    return _validator(json.dumps(shape, sort_keys=True))


@cache
def _validator(shape: str) -> Draft202012Validator:
    """Make it once: following references means to walk all of the schema."""
    whole = {"components": _strict_components()} | json.loads(shape)
    return Draft202012Validator(whole, format_checker=FormatChecker())


@cache
def _strict_components() -> Any:
    return strict(SCHEMA)["components"]


def agrees(answer: Any, path: str) -> None:
    """Check an answer against what the schema says of its call and status."""
    method = answer.request["REQUEST_METHOD"].lower()
    response = SCHEMA["paths"][path][method]["responses"][str(answer.status_code)]
    if "$ref" in response:
        response = SCHEMA["components"]["responses"][response["$ref"].rpartition("/")[2]]
    assert set(response["headers"]) <= set(answer.headers)
    shape = response["content"][answer["Content-Type"]]["schema"]
    validator(shape).validate(json.loads(answer.content))
