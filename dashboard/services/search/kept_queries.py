"""Keep query images for an hour, so that search results have a URL."""

import hashlib
import json
import time
from dataclasses import dataclass
from typing import Any

from django.core.signing import BadSignature, TimestampSigner

from accounts.models import Workspace
from dashboard.files.store import paths, room, storage

HOUR = 3600
# For one workspace; the oldest are deleted to make room.
MOST_BYTES = 256 << 20


@dataclass(frozen=True)
class KeptQuery:
    """A query image: its bytes, its name, and its URL if it has one."""

    name: str
    data: bytes
    url: str = ""


class QueryGone(Exception):
    """A query image is no longer stored, or never was in this workspace."""

    def __init__(self) -> None:
        super().__init__(
            "The query image of this search is no longer kept: the URL of a result works for one "
            "hour. Search with the image again."
        )


def keep_query(*, workspace: Workspace, query: KeptQuery) -> str:
    """Store a query image for an hour and return the signed name for `find_query`.

    Raises `DiskLow`.
    """
    room.refuse_if_low()
    facts = json.dumps({"name": query.name, "url": query.url}).encode()
    # Compact JSON has no line break, so the first one ends it. One object: neither part can be
    # lost.
    body = facts + b"\n" + query.data
    _make_room(workspace, len(body))
    # By content: a repeated search, such as a form sent again by a reload, is stored once.
    key = hashlib.sha256(body).hexdigest()
    storage.write(paths.query(workspace.pk, key), body)
    return _signer(workspace).sign(key)


def find_query(*, workspace: Workspace, name: str) -> KeptQuery:
    """Return the query image that was stored under a signed name. Raises `QueryGone`."""
    try:
        # The signature has the time; the file's own time is used only to delete old files.
        key = _signer(workspace).unsign(name, max_age=HOUR)
        body = storage.read(paths.query(workspace.pk, key))
    except (BadSignature, FileNotFoundError) as error:
        raise QueryGone from error
    facts, _, data = body.partition(b"\n")
    told: dict[str, Any] = json.loads(facts)
    return KeptQuery(told["name"], data, told["url"])


def forget_queries(older_than: float = HOUR) -> int:
    """Delete query images older than `older_than` seconds; return how many."""
    before = time.time() - older_than
    old = [one for one in storage.entries(paths.queries()) if one.modified < before]
    for one in old:
        storage.delete(one.name)
    return len(old)


def _make_room(workspace: Workspace, size: int) -> None:
    kept = sorted(storage.entries(paths.queries(workspace.pk)), key=lambda one: one.modified)
    total = sum(one.size for one in kept) + size
    for one in kept:
        if total <= MOST_BYTES:
            break
        storage.delete(one.name)
        total -= one.size


def _signer(workspace: Workspace) -> TimestampSigner:
    """Sign for this workspace alone: a name from another workspace is not valid here."""
    return TimestampSigner(salt=f"dashboard.services.search.kept_queries {workspace.pk}")
