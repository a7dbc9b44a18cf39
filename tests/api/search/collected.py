"""What the tests of collections share: the methods, and what answers say."""

from collections.abc import Callable
from typing import Any

from tests.api.training.test_descriptors import as_base64
from tests.factories import (
    drawn_jpeg,
)

METHODS = [
    "insert",
    "get",
    "update",
    "delete",
    "deleteByFilter",
    "allRecords",
    "random",
    "ping",
    "visualKNN",
    "visualRange",
    "visualRankRecords",
]
WRITING = METHODS[:1] + METHODS[2:5]
Ask = Callable[..., Any]


def picture(seed: int = 1) -> str:
    return as_base64(drawn_jpeg(seed))


def ids(body: Any) -> list[str]:
    assert body["answer_count"] == len(body["answer_records"])
    return [record["_id"] for record in body["answer_records"]]


def reasons(body: Any) -> list[tuple[str, int]]:
    for one in body["skipped_records"]:
        assert one["_reason"]["status"]["text"]
    return [(one["_id"], one["_reason"]["status"]["code"]) for one in body["skipped_records"]]
