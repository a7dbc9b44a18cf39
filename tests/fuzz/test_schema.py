"""Whatever the schema allows or forbids: no call breaks, and each answers as the schema says."""

import copy
import os
from functools import cache
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.db import transaction
from schemathesis import Case
from schemathesis.config import SchemathesisConfig

from dashboard.api.documents import openapi
from tests.fuzz.conftest import KEY, SEED, answered

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_as_told")]
EXAMPLES = int(os.environ.get("LIKEWISE_TEST_EXAMPLES", "20"))
SUCCESS = range(200, 300)


def strict(schema: dict[str, Any]) -> dict[str, Any]:
    """Let no answer have a field that the schema does not name; clients are told to expect more."""
    schema = copy.deepcopy(schema)
    requests = {
        media["schema"]["$ref"].rpartition("/")[2]
        for operations in schema["paths"].values()
        for operation in operations.values()
        for media in operation.get("requestBody", {}).get("content", {}).values()
    }
    for name, component in schema["components"]["schemas"].items():
        if name not in requests and "properties" in component:
            component.setdefault("additionalProperties", False)
    return schema


def application(environ: Any, start_response: Any) -> Any:
    """Make the handler with the first request: before that, the settings are not the test's."""
    return _handler()(environ, start_response)


@cache
def _handler() -> WSGIHandler:
    return WSGIHandler()


def loaded() -> Any:
    config = SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "generation": {"max-examples": EXAMPLES, "no-shrink": False},
        }
    )
    made = schemathesis.openapi.from_dict(strict(openapi()), config=config)
    made.app = application
    return made


schema = loaded()


@schema.auth()
class Token:
    """The token of the story's owner."""

    def get(self, case: Case, context: Any) -> str:
        return KEY

    def set(self, case: Case, data: str, context: Any) -> None:
        case.headers = {**(case.headers or {}), "Authorization": f"Token {data}"}


@schema.parametrize()
def test_every_answer_is_in_the_schema(case: Case) -> None:
    with transaction.atomic():
        response = case.call()
        answered[case.operation.label, response.status_code] += 1
        try:
            case.validate_response(response)
        finally:
            transaction.set_rollback(True)


