"""What the methods of a collection refuse: people, collections, bodies."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from dashboard.models import Collection, Record
from tests.api.calls import CUSTOM, check_refusals
from tests.api.search.collected import METHODS, WRITING, Ask
from tests.api.test_any_input import VALUES
from tests.factories import (
    ApiClient,
    Cast,
    api_client,
    make_key,
    make_records,
)


@pytest.mark.parametrize("method", METHODS)
def test_who_may(cast: Cast, collection: Collection, method: str) -> None:
    make_records(collection, "a")
    body = {"records": [{"_id": "a"}], "query_record": {"_id": "a"}, "filter": {"name": "a"}}
    body |= {"radius": 1}  # type: ignore[dict-item]

    def client(who: Any) -> ApiClient:
        found = api_client(who)
        found.credentials(
            **getattr(found, "_credentials", {}), HTTP_COLLECTION_ID=str(collection.id)
        )
        return found

    expected = [(None, 401), (cast.charlie, 404), (cast.vera, 403 if method in WRITING else 200)]
    for who, status in expected:
        answer = client(who).post(CUSTOM + method, body)
        assert answer.status_code == status, (who, answer.json())
        if status != 200:
            assert answer.json()["status"]["code"] == status
            assert answer.json()["detail"] == answer.json()["status"]["text"]
    assert Record.objects.filter(collection=collection).count() == 1
    assert client(cast.bob).post(f"{CUSTOM}{method}/", body).status_code in (200, 400)
    check_refusals(
        cast,
        "post",
        f"{CUSTOM}{method}?workspace={cast.workspace.id}",
        body,
        writes=method in WRITING,
    )


@pytest.mark.parametrize("method", METHODS)
def test_the_header_names_the_collection(cast: Cast, collection: Collection, method: str) -> None:
    client = api_client(make_key(cast.bob))
    for headers, status in (
        ({}, 400),
        ({"collection-id": "x"}, 400),
        ({"collection-id": str(uuid.uuid4())}, 404),
    ):
        answer = client.post(CUSTOM + method, {}, headers=headers)
        assert (answer.status_code, answer.json()["status"]["code"]) == (status, status)
    assert "collection-id" in client.post(CUSTOM + method, {}).json()["detail"]
    answer = client.post(
        f"{CUSTOM}{method}?workspace={uuid.uuid4()}",
        {},
        headers={"collection-id": str(collection.id)},
    )
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("insert", {}),
        ("insert", {"records": []}),
        ("insert", {"records": [5]}),
        ("insert", {"records": [{}] * 1001}),
        ("get", {"records": "a"}),
        ("get", {"records": [{"_id": "a"}] * 10_001}),
        ("get", {"records": [{"_id": "a"}], "fields_to_return": "x"}),
        ("get", {"records": [{"_id": "a"}], "fields_to_return": [5, {}]}),
        ("allRecords", {"filter": []}),
        ("allRecords", {"filter": {"$where": 1}}),
        ("allRecords", {"filter": {"a": {"$regex": "x"}}}),
        ("random", {"filter": "x"}),
        ("deleteByFilter", {"filter": {"a": {"$gt": None}}}),
        ("deleteByFilter", {"filter": {"$and": [{}]}}),
    ],
)
def test_bad_input(ask: Ask, collection: Collection, method: str, body: Any) -> None:
    make_records(collection, "a")
    answer = ask(method, body, answer=True)
    found = answer.json()
    assert (answer.status_code, found["status"]["code"]) == (400, 400)
    assert found["detail"]
    for operator in ("$where", "$regex", "$gt"):
        assert (operator in str(body)) <= (operator in found["detail"])
    assert Record.objects.count() == 1


def test_a_filter_of_any_depth_is_answered(ask: Ask) -> None:
    deep: Any = 1
    for _ in range(400):
        deep = {"a": deep}
    assert ask("allRecords", answer=True, filter=deep).status_code == 400
    deep = 1
    for _ in range(400):
        deep = [deep]
    assert ask("random", answer=True, filter={"a": deep}).status_code == 400


def inputs(value: Any) -> Iterator[dict[str, Any]]:
    """Put a value wherever a method reads one, with the rest as it should be."""
    right: dict[str, Any] = {"query_record": {"_id": "a"}, "records": [{"_id": "a"}], "radius": 1}
    for name in ("records", "query_record", "filter", "fields_to_return", "k", "radius", "count"):
        yield right | {name: value}
    yield right | {"records": [value], "fields_to_return": [value]}
    yield right | {"records": [{"_id": value}, {"_id": "a", "field": value, "_url": value}]}
    yield right | {"query_record": {"_id": value, "_base64": value}}
    for condition in (value, {"$in": value}, {"$in": [value]}, {"$gt": value}, {"$not": value}):
        yield right | {"filter": {"name": condition}}
    for operator in ("$and", "$or", "$not", "a.b"):
        yield right | {"filter": {operator: value}}
        yield right | {"filter": {operator: [value]}}


@pytest.mark.parametrize("method", ["insert", "deleteByFilter", "visualKNN", "visualRankRecords"])
def test_no_input_is_a_defect(
    cast: Cast,
    collection: Collection,
    method: str,
    caplog: pytest.LogCaptureFixture,
    settings: Settings,
) -> None:
    settings.LIKEWISE_THROTTLE = "0"  # there are more than 300 of them
    make_records(collection, "a", sizes=[1, {"b": 2}])
    client = api_client(cast.bob)
    client.raise_request_exception = False
    for value in VALUES:
        for body in inputs(value):
            text = json.dumps(body)
            answer = client.generic(
                "POST",
                CUSTOM + method,
                text,
                content_type="application/json",
                headers={"collection-id": str(collection.id)},
            )
            assert answer.status_code in (200, 400, 403, 413), (text[:300], caplog.text[-2000:])
            assert isinstance(answer.json()["status"]["code"], int)


def test_queries_are_few(
    ask: Ask, collection: Collection, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    make_records(collection, *(str(n) for n in range(300)), price=5)
    named = [{"_id": str(n), "n": n} for n in range(300)]
    for method, body, queries in (
        ("get", {"records": named}, 8),
        ("allRecords", {}, 8),
        ("random", {"count": 300, "filter": {"price": 5}}, 12),
        ("visualKNN", {"query_record": {"_id": "1"}, "k": 300}, 12),
        ("update", {"records": named}, 18),
        ("delete", {"records": named[:200]}, 18),
    ):
        with django_assert_max_num_queries(queries):
            assert ask(method, body)["answer_count"] >= 100
