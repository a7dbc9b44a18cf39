"""The schema: every call is in it once, its examples are right, and real answers agree with it."""

import json
from typing import Any

import pytest
import yaml
from django.urls import URLPattern
from drf_spectacular.generators import EndpointEnumerator
from drf_spectacular.validation import validate_schema

from dashboard.api import urls
from dashboard.api.schema.table import CALLS
from dashboard.api.schema.uploads.receiving import LEFT_OUT
from dashboard.services.library.groups import add_images
from tests.api.calls import DESCRIPTOR, GROUP, IMAGE, MODEL, TASK, TYPE
from tests.api.training.described import OPERATIONS, SCHEMA, agrees, validator
from tests.factories import (
    Cast,
    api_client,
    make_group,
    make_image,
    make_task,
    make_type,
    make_version,
)

METHODS = ("get", "post", "put", "patch", "delete")


def spelt(pattern: URLPattern) -> str:
    """Return an address as the schema spells it, without a slash at its end."""
    path: str = EndpointEnumerator().get_path_from_regex(str(pattern.pattern))
    return path.rstrip("/")


def test_it_is_valid() -> None:
    validate_schema(SCHEMA)


def test_every_call_is_in_it_once() -> None:
    routes = [
        pattern
        for pattern in urls.urlpatterns
        if pattern.name not in ("api-unknown", "schema", *LEFT_OUT)
        and not pattern.name.endswith("-alias")
    ]
    there = {
        (spelt(route), method)
        for route in routes
        for method in METHODS
        if hasattr(route.callback.cls, method)  # type: ignore[attr-defined]
    }
    described = [(path.rstrip("/"), method) for path, method, _ in OPERATIONS]
    assert sorted(there - set(described)) == [], "give these a row in dashboard/api/schema"
    assert sorted(set(described) - there) == [], "these are described and not there"
    assert len(described) == len(set(described))
    assert len({operation["operationId"] for *_, operation in OPERATIONS}) == len(described)
    assert sum(map(len, CALLS.values())) == len(described)


@pytest.mark.parametrize("address", ["/api/schema", "/api/schema?format=json"])
def test_it_is_served_as_json(client: Any, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200
    assert json.loads(answer.content) == json.loads(json.dumps(SCHEMA))
    assert json.loads(answer.content)["openapi"].startswith("3.1")


def test_it_is_served_as_yaml(client: Any) -> None:
    by_name = client.get("/api/schema?format=yaml")
    by_header = client.get("/api/schema", headers={"accept": "application/vnd.oai.openapi"})
    assert by_name.content == by_header.content
    assert yaml.safe_load(by_name.content)["paths"].keys() == SCHEMA["paths"].keys()


@pytest.mark.parametrize(
    ("path", "method", "operation"), OPERATIONS, ids=[f"{m} {p}" for p, m, _ in OPERATIONS]
)
def test_its_examples_are_right(path: str, method: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    for parameter in operation.get("parameters", []):
        assert parameter["description"]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body is not None:
        validator(body["schema"]).validate(body["examples"]["Body"]["value"])
    good = [status for status in operation["responses"] if status.startswith("2")]
    assert good
    for status in good:
        answer = operation["responses"][status].get("content", {}).get("application/json")
        assert (answer is None) == (status == "204")
        if answer is not None:
            validator(answer["schema"]).validate(answer["examples"]["Answer"]["value"])


def test_the_examples_of_refusals_are_right() -> None:
    for response in SCHEMA["components"]["responses"].values():
        content = response["content"]["application/json"]
        validator(content["schema"]).validate(content["example"])


def test_real_answers_agree(cast: Cast) -> None:
    """Each list and each thing, as full as it gets; the fuzz asks the rest."""
    kind, task = make_type(cast.workspace), make_task(cast.workspace)
    task.type_rows.create(similarity_type=kind)
    task.production_version = version = make_version(task)
    task.save()
    group, image = make_group(kind), make_image(cast.workspace, meta_data={"a": [1, None]})
    add_images(group=group, ids=[image.id], actor=cast.bob)
    bob = api_client(cast.bob)
    for address, noun, row in (
        (TASK, "task", task),
        (TYPE, "type", kind),
        (GROUP, "group", group),
        (IMAGE, "image", image),
        (MODEL, "version", version),
    ):
        listed = bob.get(address)
        assert listed.json()["count"] == 1
        agrees(listed, address.rstrip("/"))
        agrees(bob.get(f"{address}{row.pk}"), f"{address}{{{noun}_id}}")
        agrees(api_client(None).get(address), address.rstrip("/"))
        agrees(api_client(cast.charlie).get(f"{address}{row.pk}"), f"{address}{{{noun}_id}}")
    for address in ("/account/v2/user/", "/account/v2/workspace/", "/account/v2/request/"):
        agrees(bob.get(address), address)
    agrees(bob.post(GROUP, {"name": ""}), GROUP.rstrip("/"))
    agrees(bob.post(f"{TASK}{task.pk}/train"), f"{TASK}{{task_id}}/train")
    agrees(bob.delete(f"{TYPE}{kind.pk}"), f"{TYPE}{{type_id}}")
    agrees(bob.post(DESCRIPTOR, {"task_id": str(task.pk)}), DESCRIPTOR)
    agrees(api_client(cast.vera).post(TASK, {"name": "x"}), TASK.rstrip("/"))
