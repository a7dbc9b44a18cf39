"""`/similarity/custom/v2/visual…`: what is alike in a collection."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from dashboard.files.errors import AddressFailed, FileRefused, ForbiddenAddress, ImageTooLarge
from dashboard.index.records import memory_of
from dashboard.models import Collection, Record
from tests.api.search.collected import Ask, ids, picture, reasons
from tests.factories import Cast, made_up_row, make_collection, make_records


def row(collection: Collection, key: str) -> Any:
    return made_up_row(key, collection.version.dimension or 0).astype(np.float64)


def distances(body: Any) -> list[float]:
    return [record["_distance"] for record in body["answer_records"]]


def test_it_works(ask: Ask, collection: Collection) -> None:
    make_records(collection, *"abcdefgh", price=5)
    body = ask("visualKNN", query_record={"_id": "c"}, fields_to_return=["price"])
    assert (body["status"]["code"], body["answer_count"]) == (200, 5)
    first = body["answer_records"][0]
    assert first == {"_id": "c", "price": 5, "_distance": 0.0}
    expected = sorted((1 - row(collection, "c") @ row(collection, key), key) for key in "abdefgh")
    assert ids(body)[1:] == [key for _, key in expected[:4]]
    assert distances(body)[1:] == pytest.approx([far for far, _ in expected[:4]], abs=1e-6)
    assert len(ids(ask("visualKNN", query_record={"_id": "c"}, k=1000))) == 8


def test_by_a_picture(ask: Ask) -> None:
    records = [{"_id": str(seed), "_base64": picture(seed)} for seed in range(4)]
    ask("insert", records=records)
    body = ask("visualKNN", query_record={"_base64": picture(2)}, k=2)
    assert ids(body)[0] == "2"
    assert distances(body)[0] == pytest.approx(0, abs=1e-5)
    assert "_base64" not in str(body)


def test_by_several(ask: Ask, collection: Collection) -> None:
    make_records(collection, *"abcdefgh")
    records = [{"_id": "a"}, {"_id": "b"}, {"_id": "missing"}, {}]
    body = ask("visualKNN", records=records, k=5)
    assert (ids(body)[:2], distances(body)[:2]) == (["a", "b"], [0, 0])
    assert reasons(body) == [("missing", 404), (None, 400)]
    near = {
        key: min(1 - row(collection, key) @ row(collection, one) for one in "ab")
        for key in "cdefgh"
    }
    assert ids(body)[2:] == sorted(near, key=lambda key: near[key])[:3]
    assert distances(body)[2:] == pytest.approx(sorted(near.values())[:3], abs=1e-6)


def test_the_record_itself_comes_first_among_equals(
    ask: Ask,
    collection: Collection,
) -> None:
    make_records(collection, *"abc")
    same = Record.objects.get(key="a").vector
    Record.objects.update(vector=same)
    for key in "abc":
        body = ask("visualKNN", query_record={"_id": key}, k=1)
        assert (ids(body), distances(body)) == ([key], [0])


def test_filters(ask: Ask, collection: Collection) -> None:
    make_records(collection, *"abcd", price=5)
    make_records(collection, *"efgh", price=6)
    body = ask("visualKNN", query_record={"_id": "a"}, k=50, filter={"price": 6})
    assert sorted(ids(body)) == list("efgh")
    assert ids(ask("visualKNN", query_record={"_id": "a"}, filter={"price": 7})) == []
    body = ask("visualKNN", query_record={"_id": "a"}, k=1, filter={"price": {"$lte": 5}})
    assert ids(body) == ["a"]


def test_range(ask: Ask, collection: Collection) -> None:
    make_records(collection, *"abcdefgh", price=5)
    far = {key: 1 - row(collection, "a") @ row(collection, key) for key in "bcdefgh"}
    radius = sorted(far.values())[3] + 1e-9
    body = ask("visualRange", query_record={"_id": "a"}, radius=radius)
    assert ids(body) == ["a", *sorted(far, key=lambda key: far[key])[:4]]
    assert len(ids(ask("visualRange", query_record={"_id": "a"}, radius=2))) == 8
    assert ids(ask("visualRange", query_record={"_id": "a"}, radius=0)) == ["a"]
    assert ids(ask("visualRange", query_record={"_id": "a"}, radius=2, filter={"_id": "b"})) == [
        "b"
    ]


def test_rank(ask: Ask, collection: Collection) -> None:
    make_records(collection, *"abcdefgh", price=5)
    given = [{"_id": "b"}, {"_id": "x"}, {"_id": "a"}, {"_base64": picture(), "sku": 7}]
    body = ask(
        "visualRankRecords",
        query_record={"_id": "a"},
        records=given,
        fields_to_return=["price", "sku"],
    )
    assert (body["status"]["code"], reasons(body)) == (206, [("x", 404)])
    first, *others = body["answer_records"]
    assert first == {"_id": "a", "price": 5, "_distance": 0.0}
    assert distances(body) == sorted(distances(body))
    sent = next(one for one in others if "sku" in one)
    assert set(sent) == {"_id", "sku", "_distance"}
    body = ask("visualRankRecords", query_record={"_base64": picture()}, records=[{"_id": "b"}])
    assert (body["status"]["code"], ids(body)) == (200, ["b"])
    body = ask("visualRankRecords", query_record={"_id": "x"}, records=[{"_id": "b"}])
    assert body["status"]["code"] == 404


def test_nothing_to_search_with(
    ask: Ask,
    collection: Collection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_records(collection, "a")
    answer = ask("visualKNN", answer=True, query_record={"_id": "x"})
    assert (answer.status_code, answer.json()["status"]["code"]) == (200, 404)
    assert ids(answer.json()) == []
    for refusal, code in (
        (ForbiddenAddress("It is private.", url="x"), 403),
        (ImageTooLarge(1, 2), 413),
        (AddressFailed("It did not answer.", url="x"), 400),
    ):

        def fetch(urls: list[str], refusal: FileRefused = refusal) -> Iterator[FileRefused]:
            return iter([refusal for _ in urls])

        monkeypatch.setattr("dashboard.services.training.descriptors.fetch_many", fetch)
        for method in ("visualKNN", "visualRankRecords"):
            answer = ask(method, answer=True, query_record={"_url": "x"}, records=[{"_id": "a"}])
            body = answer.json()
            assert (answer.status_code, body["status"]["code"]) == (code, code)
            assert body["status"]["text"] == refusal.reason


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("visualKNN", {}),
        ("visualKNN", {"query_record": {}}),
        ("visualKNN", {"query_record": {"sku": 7}}),
        ("visualKNN", {"query_record": "a"}),
        ("visualKNN", {"query_record": {"_base64": "%"}}),
        ("visualKNN", {"records": []}),
        ("visualKNN", {"records": [{"_id": "a"}] * 11}),
        ("visualKNN", {"query_record": {"_id": "a"}, "k": 0}),
        ("visualKNN", {"query_record": {"_id": "a"}, "k": 1001}),
        ("visualKNN", {"query_record": {"_id": "a"}, "k": "x"}),
        ("visualKNN", {"query_record": {"_id": "a"}, "filter": {"a": {"$size": 1}}}),
        ("visualRange", {"query_record": {"_id": "a"}}),
        ("visualRange", {"query_record": {"_id": "a"}, "radius": -1}),
        ("visualRange", {"query_record": {"_id": "a"}, "radius": 2.5}),
        ("visualRange", {"query_record": {"_id": "a"}, "radius": "NaN"}),
        ("visualRankRecords", {"query_record": {"_id": "a"}}),
        ("visualRankRecords", {"records": [{"_id": "a"}]}),
    ],
)
def test_bad_input(ask: Ask, collection: Collection, method: str, body: Any) -> None:
    make_records(collection, "a")
    answer = ask(method, body, answer=True)
    found = answer.json()
    assert (answer.status_code, found["status"]["code"]) == (400, 400)
    assert found["detail"]


def test_what_memory_holds_is_scoped_once_more(
    cast: Cast,
    ask: Ask,
    collection: Collection,
) -> None:
    """Put rows of a stranger's collection into memory, as a mistake would: none is shown."""
    make_records(collection, "a")
    strangers = make_records(make_collection(cast.elsewhere), "s", "t")
    ask("visualKNN", query_record={"_id": "a"})
    held = memory_of(collection)
    rows = np.stack([row(collection, one.key) for one in strangers]).astype(np.float32)
    held.put([one.pk for one in strangers], rows, [("s", "{}"), ("t", "{}")])
    assert ids(ask("visualKNN", query_record={"_id": "a"}, k=10)) == ["a"]
    assert ids(ask("visualRange", query_record={"_id": "a"}, radius=2)) == ["a"]
    assert ids(ask("allRecords", filter={"_id": {"$exists": True}})) == ["a"]
    assert ids(ask("random")) == ["a"]
