"""Acts on collections, extractions and requests: what is there before, then the act."""

from collections.abc import Callable
from typing import Any

from dashboard.queries.search.filters import parse
from dashboard.services.extractions.extractions import start_extraction
from dashboard.services.extractions.sending import describe_addresses
from dashboard.services.requests import async_requests as requests
from dashboard.services.search import collections, records
from dashboard.services.search.fills import start_fill
from tests import factories as make
from tests.factories import Cast
from tests.services.journal.acts_shared import Carried, carries, changes, ready

Act = Callable[[], object]


def _collection(cast: Cast) -> Any:
    found = make.make_collection(cast.workspace)
    make.make_records(found, "a", "b")
    return found


def train_over_the_api(cast: Cast) -> Act:
    task = ready(cast)
    return lambda: requests.start_train(task=task, actor=cast.bob)


def create_collection(cast: Cast) -> Act:
    task = make.make_described_version(make.make_task(cast.workspace)).task
    return lambda: collections.create_collection(task=task, name="Shelf", actor=cast.bob)


def change_collection(cast: Cast) -> Act:
    found = _collection(cast)
    return lambda: collections.change_collection(
        collection=found, changes={"name": "Shelf"}, actor=cast.bob
    )


def delete_collection(cast: Cast) -> Act:
    found = _collection(cast)
    return lambda: collections.delete_collection(collection=found, actor=cast.bob)


def fill(cast: Cast) -> Act:
    found = _collection(cast)
    return lambda: start_fill(collection=found, actor=cast.bob)


def add_records(cast: Cast) -> Act:
    found = _collection(cast)
    new = [
        records.NewRecord(key, {}, make.made_up_row(key, found.version.dimension or 0))
        for key in "cde"
    ]
    return lambda: records.add_records(collection=found, records=new, actor=cast.bob)


def update_records(cast: Cast) -> Act:
    found, changes = _collection(cast), {"a": {"name": "x"}, "b": {"name": "y"}}
    return lambda: records.update_records(collection=found, changes=changes, actor=cast.bob)


def delete_records(cast: Cast) -> Act:
    found = _collection(cast)
    return lambda: records.delete_records(collection=found, keys=["a", "b"], actor=cast.bob)


def delete_matching(cast: Cast) -> Act:
    found, every = _collection(cast), parse({"name": {"$in": ["a", "b"]}})
    return lambda: records.delete_matching(collection=found, matches=every, actor=cast.bob)


def extract(cast: Cast) -> Act:
    version = make.make_described_version(make.make_task(cast.workspace))
    return lambda: start_extraction(
        workspace=cast.workspace, version=version, file_format="csv", actor=cast.bob
    )


def describe(cast: Cast) -> Act:
    version = make.make_described_version(make.make_task(cast.workspace))
    return lambda: describe_addresses(
        workspace=cast.workspace,
        version=version,
        file_format="csv",
        addresses="https://example.org/1.jpg",
        actor=cast.bob,
    )


def ask_for_descriptors(cast: Cast) -> Act:
    version = make.make_described_version(make.make_task(cast.workspace))
    sent = [requests.SentRecord(b"{}", "https://example.org/1.jpg")]
    return lambda: requests.start_descriptors(version=version, records=sent, actor=cast.bob)


def ask_for_uploads(cast: Cast) -> Act:
    sent = [requests.SentRecord(b"{}", "https://example.org/1.jpg")]
    return lambda: requests.start_uploads(workspace=cast.workspace, records=sent, actor=cast.bob)


def delete_request(cast: Cast) -> Act:
    request = make.make_request(cast.workspace)
    return lambda: requests.delete_request(request=request, actor=cast.bob)


ACTS: dict[str, Callable[[Cast], Act]] = {
    "extractions.extractions.start_extraction": extract,
    "extractions.sending.describe_addresses": describe,
    "requests.async_requests.delete_request": delete_request,
    "requests.async_requests.start_descriptors": ask_for_descriptors,
    "requests.async_requests.start_train": train_over_the_api,
    "requests.async_requests.start_uploads": ask_for_uploads,
    "search.collections.change_collection": change_collection,
    "search.collections.create_collection": create_collection,
    "search.collections.delete_collection": delete_collection,
    "search.fills.start_fill": fill,
    "search.records.add_records": add_records,
    "search.records.delete_matching": delete_matching,
    "search.records.delete_records": delete_records,
    "search.records.update_records": update_records,
}

# All others carry nothing: records are data of their own, in no journal.
CARRIED: dict[str, Carried] = {
    "search.collections.change_collection": changes("name"),
    "search.collections.delete_collection": carries(before="name description task version"),
}
