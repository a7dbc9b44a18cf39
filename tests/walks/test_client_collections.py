"""The official client's `SimilarityCustomClient`, unchanged: every call of it, on a live server."""

from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from ximilar.client.search import SimilarityCustomClient

from dashboard.models import Collection
from tests.factories import Cast, make_collection, make_key
from tests.walks.test_official_client import files  # noqa: F401

pytestmark = [pytest.mark.live, pytest.mark.django_db(transaction=True)]

Records = list[dict[str, Any]]


@pytest.fixture
def collection(cast: Cast) -> Collection:
    return make_collection(cast.workspace)


@pytest.fixture
def client(cast: Cast, endpoint: str, collection: Collection) -> SimilarityCustomClient:
    return client_of(make_key(cast.alice), endpoint, str(collection.id))


def client_of(key: str, endpoint: str, collection_id: str | None) -> SimilarityCustomClient:
    """Make a client as docs/api.md does: `resource_name=None` keeps the token here."""
    return SimilarityCustomClient(
        key, collection_id, endpoint=f"{endpoint}similarity/custom/v2/", resource_name=None
    )


@pytest.fixture
def records(files: list[Path]) -> Records:  # noqa: F811
    return [
        {"_id": path.stem, "_file": str(path), "price": 10 * at, "tags": ["shoe", f"t{at}"]}
        for at, path in enumerate(files)
    ]


def ids(result: Any) -> list[str]:
    assert result["answer_count"] == len(result["answer_records"])
    return [record["_id"] for record in result["answer_records"]]


def test_it_works(client: SimilarityCustomClient, records: Records) -> None:
    result = client.insert(records)
    assert (result["status"]["code"], ids(result)) == (210, ["0", "1", "2", "3"])
    assert client.insert(records)["status"]["code"] == 411
    assert client.ping()["records_count"] == 4

    result = client.get_records([{"_id": "2"}, {"_id": "0"}], fields_to_return=["price"])
    assert result["answer_records"] == [{"_id": "2", "price": 20}, {"_id": "0", "price": 0}]
    assert result["status"]["code"] == 205
    assert client.get_records([{"_id": "2"}, {"_id": "x"}])["status"]["code"] == 206

    result = client.search({"_id": "3"}, k=2, fields_to_return=["tags"])
    first = result["answer_records"][0]
    assert first == {"_id": "3", "tags": ["shoe", "t3"], "_distance": 0}
    assert len(ids(result)) == 2
    result = client.search({"_file": records[1]["_file"]}, k=3)
    assert ids(result)[0] == "1"
    assert result["answer_records"][0]["_distance"] == pytest.approx(0, abs=1e-5)
    result = client.search({"_id": "3"}, filter={"price": {"$lt": 20}, "tags": "shoe"}, k=50)
    assert sorted(ids(result)) == ["0", "1"]

    result = client.search_and_rank({"_id": "1"}, [{"_id": "0"}, {"_id": "1"}])
    assert ids(result) == ["1", "0"]
    result = client.search_and_rank({"_file": records[2]["_file"]}, [{"_id": "0"}, {"_id": "2"}])
    assert ids(result) == ["2", "0"]

    result = client.update([{"_id": "0", "price": 99}])
    assert result["answer_records"][0]["price"] == 99
    assert ids(client.random(filter={"price": 99}, count=3)) == ["0"]
    assert len(ids(client.random(count=2))) == 2

    assert client.remove([{"_id": "0"}, {"_id": "1"}])["status"]["code"] == 220
    assert client.ping()["records_count"] == 2
    assert ids(client.search({"_file": records[0]["_file"]})) != []
    assert "0" not in ids(client.search({"_file": records[0]["_file"]}))


def test_all_records(client: SimilarityCustomClient, records: Records) -> None:
    assert list(client.all_records_iter()) == []
    client.insert(records)
    assert ids(client.allRecords()) == ["0", "1", "2", "3"]
    assert ids(client.allRecords(size=3, page=2)) == ["3"]
    found = client.get_all_ids(fields=["price"], filterf={"price": {"$gte": 20}})
    assert found["answer_records"] == [{"_id": "2", "price": 20}, {"_id": "3", "price": 30}]
    for size in (1, 2, 3, 4, 5):
        seen = list(client.all_records_iter(fields_to_return=["price"], batch_size=size))
        assert [one["_id"] for one in seen] == ["0", "1", "2", "3"]
        batches = list(client.all_records_iter(batch_size=size, return_batch=True))
        assert [len(batch) for batch in batches] == [min(size, 4 - at) for at in range(0, 4, size)]


def test_in_parallel(client: SimilarityCustomClient, records: Records) -> None:
    # The live server's threads share the one connection to a SQLite database in memory, which
    # cannot do two things at a time; `test_parallel_writers` has a server with a file.
    workers = 1 if connection.vendor == "sqlite" else 3
    results = client.parallel_records_processing(
        records + records[:2], client.insert, max_workers=workers, batch_size=2
    )
    assert sum(len(result["answer_records"]) for result in results) == 4
    assert client.ping()["records_count"] == 4


def test_a_picture_that_cannot_be_read(client: SimilarityCustomClient, records: Records) -> None:
    bad = [{"_id": "bad", "_base64": "no picture", "noresize": True}]
    result = client.insert(records[:1] + bad)
    assert (result["status"]["code"], ids(result)) == (211, ["0"])
    (skipped,) = result["skipped_records"]
    assert (skipped["_id"], skipped["_reason"]["status"]["code"]) == ("bad", 400)
    assert client.insert(bad)["status"]["code"] == 400


def test_refusals_have_a_status(
    cast: Cast,
    endpoint: str,
    collection: Collection,
) -> None:
    key, here = make_key(cast.alice), str(collection.id)
    for refused, code in (
        (client_of("lw_wrong", endpoint, here), 401),
        (client_of(make_key(cast.charlie), endpoint, here), 404),
        (client_of(key, endpoint, None), 400),
        (client_of(key, endpoint, "x"), 400),
    ):
        for result in (refused.ping(), refused.random(), refused.search({"_id": "a"})):
            assert result["status"]["code"] == code
    viewer = client_of(make_key(cast.vera), endpoint, here)
    assert viewer.ping()["status"]["code"] == 200
    assert viewer.remove([{"_id": "a"}])["status"]["code"] == 403
    answer = client_of(key, endpoint, here).search({"_id": "a"}, filter={"a": {"$where": 1}})
    assert answer["status"]["code"] == 400
    assert "$where" in answer["status"]["text"]
