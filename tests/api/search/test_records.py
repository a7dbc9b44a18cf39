"""`/similarity/custom/v2/`: what is in a collection, in and out."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import Change
from dashboard.files.errors import AddressTooSlow, FileRefused, ForbiddenAddress
from dashboard.models import Collection, Record
from tests.api.calls import CUSTOM
from tests.api.search.collected import Ask, ids, picture, reasons
from tests.api.training.test_descriptors import as_base64
from tests.factories import (
    Cast,
    drawn_jpeg,
    make_collection,
    make_records,
)

# Insert


def test_it_works(ask: Ask, collection: Collection) -> None:
    records = [
        {"_id": "a", "_base64": picture(1), "name": "é", "tags": {"c": [1, None]}, "_width": 3},
        {"_id": 5, "_base64": "data:image/jpeg;base64," + picture(2), "_distance": 7},
    ]
    answer = ask("insert", answer=True, records=records)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"]["code"], ids(body), body["skipped_records"]) == (210, ["a", "5"], [])
    assert body["status"]["request_id"] == answer["X-Request-ID"]
    assert body["statistics"]["processing time"] > 0
    found = ask("get", records=[{"_id": "a"}, {"_id": 5}], fields_to_return=["*"])
    assert found["answer_records"] == [
        {"_id": "a", "name": "é", "tags": {"c": [1, None]}},
        {"_id": "5"},
    ]
    collection.refresh_from_db()
    assert (collection.records_count, collection.generation) == (2, 1)
    told = Change.objects.get(verb="added records to")
    assert (told.count, told.target_id) == (2, collection.id)


def test_what_exists_is_skipped(ask: Ask, collection: Collection) -> None:
    ask("insert", records=[{"_id": "a", "_base64": picture(1), "n": 1}])
    again = [{"_id": "a", "_base64": picture(2), "n": 2}, {"_id": "b", "_base64": picture(2)}]
    body = ask("insert", records=again)
    assert (body["status"]["code"], ids(body), reasons(body)) == (211, ["b"], [("a", 211)])
    body = ask("insert", records=again)
    assert (body["status"]["code"], ids(body)) == (411, [])
    assert reasons(body) == [("a", 211), ("b", 211)]
    body = ask("insert", records=[{"_id": "c", "_base64": picture(3)}] * 2)
    assert (body["status"]["code"], ids(body), reasons(body)) == (211, ["c"], [("c", 211)])
    kept = ask("get", records=[{"_id": "a"}], fields_to_return=["n"])
    assert kept["answer_records"] == [{"_id": "a", "n": 1}]
    collection.refresh_from_db()
    assert collection.records_count == Record.objects.count() == 3


def test_a_full_collection(ask: Ask, settings: Settings) -> None:
    settings.LIKEWISE_MAX_COLLECTION = 2
    records = [{"_id": str(n), "_base64": picture(n)} for n in range(3)]
    body = ask("insert", records=records)
    assert (body["status"]["code"], ids(body), reasons(body)) == (211, ["0", "1"], [("2", 412)])
    answer = ask("insert", answer=True, records=[records[2]])
    assert (answer.status_code, answer.json()["status"]["code"]) == (200, 412)
    assert ask("insert", records=records[:1])["status"]["code"] == 411
    ask("delete", records=[{"_id": "0"}])
    assert ask("insert", records=[records[2]])["status"]["code"] == 210


def test_what_cannot_be_read_fails_alone(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes: dict[str, bytes | FileRefused] = {
        "ok": drawn_jpeg(1),
        "forbidden": ForbiddenAddress("It is private.", url="x"),
        "slow": AddressTooSlow("x", 15),
    }

    def fetch(urls: list[Any]) -> Iterator[bytes | FileRefused]:
        return (outcomes[one] if isinstance(one, str) else one for one in urls)

    monkeypatch.setattr("dashboard.services.training.descriptors.fetch_many", fetch)
    records: list[dict[str, Any]] = [{"_id": name, "_url": name} for name in outcomes]
    records += [
        {"_id": "none"},
        {"_id": "text", "_base64": as_base64(b"no picture")},
        {"_id": "nul", "_base64": picture(), "a": "\x00"},
        {"_id": "large", "_base64": picture(), "a": "x" * (1 << 20)},
        {"_base64": picture()},
        {"_id": "x" * 256, "_base64": picture()},
        {"_id": True, "_base64": picture()},
        {"_id": {"a": 1}, "_base64": picture()},
    ]
    body = ask("insert", records=records)
    assert (body["status"]["code"], ids(body)) == (211, ["ok"])
    assert sorted(reasons(body), key=str) == sorted(
        [
            ("forbidden", 403),
            ("slow", 504),
            ("none", 400),
            ("text", 400),
            ("nul", 400),
            ("large", 413),
            (None, 400),
            ("x" * 100, 400),
            (True, 400),
            (None, 400),
        ],
        key=str,
    )
    kept = ask("get", records=[{"_id": "ok"}], fields_to_return=["*"])
    assert kept["answer_records"] == [{"_id": "ok", "_url": "ok"}]


def test_nothing_could_be_inserted(ask: Ask) -> None:
    answer = ask("insert", answer=True, records=[{"_id": "a", "_base64": "%"}])
    assert answer.status_code == 400
    body = answer.json()
    assert (body["status"]["code"], reasons(body)) == (400, [("a", 400)])
    assert body["detail"] == body["status"]["text"]


# Get, update, delete


def test_get(ask: Ask, collection: Collection) -> None:
    make_records(collection, "a", "b", "c", price=5)
    body = ask("get", records=[{"_id": "c"}, {"_id": "a"}, {"_id": "c"}])
    assert (body["status"]["code"], body["answer_records"]) == (205, [{"_id": "c"}, {"_id": "a"}])
    body = ask("get", records=[{"_id": "a"}, {"_id": "x"}], fields_to_return=["price", "none"])
    assert body["status"]["code"] == 206
    assert body["answer_records"] == [{"_id": "a", "price": 5}]
    assert reasons(body) == [("x", 404)]
    answer = ask("get", answer=True, records=[{"_id": "x"}])
    assert (answer.status_code, answer.json()["status"]["code"]) == (200, 404)


def test_update_merges(ask: Ask, collection: Collection) -> None:
    (before, _) = make_records(collection, "a", "b", price=5, tags={"x": 1})
    changes = [{"_id": "a", "price": None, "new": [1], "tags": {"y": 2}, "_base64": "x"}]
    body = ask("update", records=[*changes, {"_id": "x", "n": 1}], fields_to_return=["*"])
    assert (body["status"]["code"], reasons(body)) == (206, [("x", 404)])
    merged = {"_id": "a", "name": "a", "price": None, "tags": {"y": 2}, "new": [1]}
    assert body["answer_records"] == [merged]
    after = Record.objects.get(pk=before.pk)
    assert bytes(after.vector) == bytes(before.vector)
    assert ask("update", records=changes)["status"]["code"] == 200
    assert ask("update", records=[{"_id": "x"}])["status"]["code"] == 404
    bad = ask("update", records=[{"_id": "a", "n": "\x00"}])
    assert reasons(bad) == [("a", 400)]
    two = [{"_id": "b", "n": 1, "m": 1}, {"_id": "b", "n": 2}]
    body = ask("update", records=two, fields_to_return=["n", "m"])
    assert body["answer_records"] == [{"_id": "b", "n": 2, "m": 1}]


def test_what_was_updated_is_found_by_its_new_fields(ask: Ask, collection: Collection) -> None:
    make_records(collection, "a", "b", price=5)
    assert ids(ask("allRecords", filter={"price": 5})) == ["a", "b"]
    ask("update", records=[{"_id": "a", "price": 6}])
    assert ids(ask("allRecords", filter={"price": 5})) == ["b"]
    assert ids(ask("visualKNN", query_record={"_id": "b"}, filter={"price": 6})) == ["a"]


def test_delete(ask: Ask, collection: Collection) -> None:
    make_records(collection, "a", "b", "c")
    body = ask("delete", records=[{"_id": "a"}, {"_id": "b"}])
    assert (body["status"]["code"], ids(body), body["skipped_records"]) == (220, ["a", "b"], [])
    body = ask("delete", records=[{"_id": "c"}, {"_id": "a"}])
    assert (body["status"]["code"], ids(body), reasons(body)) == (206, ["c"], [("a", 404)])
    body = ask("delete", records=[{"_id": "a"}])
    assert (body["status"]["code"], ids(body)) == (404, [])
    collection.refresh_from_db()
    assert collection.records_count == 0


def test_delete_by_filter(ask: Ask, collection: Collection) -> None:
    make_records(collection, "a", "b", price=5)
    make_records(collection, "c", price=6)
    for empty in ({}, {"filter": {}}, {"filter": None}):
        answer = ask("deleteByFilter", empty, answer=True)
        assert (answer.status_code, answer.json()["status"]["code"]) == (400, 400)
    body = ask("deleteByFilter", filter={"price": {"$lt": 6}})
    assert (body["status"]["code"], ids(body)) == (220, ["a", "b"])
    assert ask("deleteByFilter", filter={"price": 5})["status"]["code"] == 404
    assert ids(ask("allRecords")) == ["c"]
    collection.refresh_from_db()
    assert collection.records_count == 1
    assert ask("deleteByFilter", filter={"_id": {"$in": ["c"]}})["status"]["code"] == 220


# Lists


def test_all_records(ask: Ask, collection: Collection) -> None:
    make_records(collection, *"abcde", price=5)
    body = ask("allRecords", fields_to_return=["price"])
    assert body["status"]["code"] == 200
    assert body["answer_records"] == [{"_id": key, "price": 5} for key in "abcde"]
    assert "next" not in body
    seen = []
    address = "allRecords?size=2&page=1&mark=x%26y"
    for _ in range(3):
        body = ask(address)
        seen += ids(body)
        address = body.get("next", "").removeprefix(f"http://testserver{CUSTOM}")
        assert not address or "mark=x%26y" in address
    assert (seen, address) == (list("abcde"), "")
    body = ask("allRecords?size=5&page=1")
    assert (len(ids(body)), "next" in body) == (5, False)
    assert ids(ask("allRecords?size=5&page=2")) == []
    body = ask("allRecords/?size=1&page=2", filter={"_id": {"$in": ["b", "d", "e"]}})
    assert (ids(body), "next" in body) == (["d"], True)
    for bad in ("size=x", "size=-1", "page=0", "page=1.5", "size=0"):
        assert ask(f"allRecords?{bad}", answer=True).status_code == 400


def test_random(ask: Ask, collection: Collection) -> None:
    make_records(collection, *"abcdefghijklmno", price=5)
    body = ask("random")
    assert (body["status"]["code"], len(set(ids(body)))) == (200, 10)
    assert {tuple(ids(ask("random", count=3))) for _ in range(20)} != {("a", "b", "c")}
    body = ask("random", count=99, filter={"_id": {"$lt": "c"}}, fields_to_return=["price"])
    assert sorted(ids(body)) == ["a", "b"]
    assert body["answer_records"][0]["price"] == 5
    assert ids(ask("random", filter={"price": 6})) == []
    for bad in (0, "x", 1001):
        assert ask("random", answer=True, count=bad).status_code == 400


def test_ping(ask: Ask, collection: Collection) -> None:
    make_records(collection, "a", "b")
    body = ask("ping", answer=True, body=None).json()
    assert body["status"]["code"] == 200
    assert (body["records_count"], body["version"]) == (2, 1)


def test_another_collection_of_the_workspace_is_untouched(
    cast: Cast, ask: Ask, collection: Collection
) -> None:
    other = make_collection(cast.workspace, "Other", task=collection.task)
    make_records(other, "a", "b", price=5)
    assert ask("get", records=[{"_id": "a"}])["status"]["code"] == 404
    assert ask("update", records=[{"_id": "a", "n": 1}])["status"]["code"] == 404
    assert ask("delete", records=[{"_id": "a"}])["status"]["code"] == 404
    assert ask("deleteByFilter", filter={"price": 5})["status"]["code"] == 404
    assert ids(ask("allRecords")) == ids(ask("random")) == []
    assert ids(ask("visualKNN", query_record={"_base64": picture()})) == []
    assert ask("visualKNN", query_record={"_id": "a"})["status"]["code"] == 404
    assert Record.objects.filter(collection=other, fields__price=5).count() == 2


def test_fields_do_not_grow_without_end(ask: Ask, collection: Collection) -> None:
    """What is merged into a record has the limit of what is inserted; the others are changed."""
    make_records(collection, "a", "b")
    large = "x" * 600_000
    assert ask("update", records=[{"_id": "a", "one": large}])["status"]["code"] == 200
    body = ask("update", records=[{"_id": "a", "two": large}, {"_id": "b", "two": large}])
    assert (ids(body), reasons(body)) == (["b"], [("a", 413)])
    assert "two" not in Record.objects.get(key="a").fields
    assert "two" in Record.objects.get(key="b").fields
