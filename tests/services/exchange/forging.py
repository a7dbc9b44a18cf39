"""Archives of a workspace that somebody changed, with checksums that fit."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

from dashboard.files.store import storage
from dashboard.models import Imported, UploadPart
from tests.factories import Cast
from tests.transfers import bring, told

Members = dict[str, bytes]


def unpacked(data: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(members: Members) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def forged(data: bytes, change: Callable[[Members], None]) -> bytes:
    """Change an archive and make its checksums right again."""
    members = unpacked(data)
    manifest = json.loads(members.pop("likewise.json"))
    change(members)
    manifest["members"] = {
        name: {"size": len(member), "sha256": hashlib.sha256(member).hexdigest()}
        for name, member in members.items()
    }
    return packed(members | {"likewise.json": json.dumps(manifest).encode()})


def first_row(noun: str, **fields: Any) -> Callable[[Members], None]:
    """Return a change of the first row of a noun."""

    def change(members: Members) -> None:
        first, *rest = members[f"{noun}.jsonl"].splitlines()
        row = json.loads(first) | fields
        members[f"{noun}.jsonl"] = b"\n".join([json.dumps(row).encode(), *rest]) + b"\n"

    return change


def deep(levels: int) -> Any:
    """Return lists in lists."""
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value


def twice(noun: str) -> Callable[[Members], None]:
    """Return a change that says the first row of a noun again."""

    def change(members: Members) -> None:
        first, _, _ = members[f"{noun}.jsonl"].partition(b"\n")
        members[f"{noun}.jsonl"] += first + b"\n"

    return change


def in_pack(change: Callable[[Members], None]) -> Callable[[Members], None]:
    def outer(members: Members) -> None:
        pack = unpacked(members["images/000000.zip"])
        change(pack)
        members["images/000000.zip"] = packed(pack)

    return outer


def refused(cast: Cast, data: bytes) -> str:
    """Import an archive; nothing of it may be here afterwards. Returns the sentence."""
    before = told(cast.elsewhere)
    transfer, job = bring(cast.elsewhere, data, cast.charlie)
    assert job.state == "failed", job.message
    assert told(cast.elsewhere) == before
    assert not Imported.objects.exists()
    assert not list(storage.names(f"{cast.elsewhere.id}/images"))
    assert not list(storage.names(f"{cast.elsewhere.id}/versions"))
    assert not list(storage.names(f"{cast.elsewhere.id}/uploads"))
    assert not UploadPart.objects.filter(upload=transfer.upload).exclude(path="").exists()
    return job.message


def first_picture(data: bytes) -> Callable[[Members], None]:
    """Return a change of a pack's first picture, with its checksum."""

    def change(pack: Members) -> None:
        row = json.loads(pack["images.jsonl"].splitlines()[0])
        name = f"{row['id']}.{row['extension']}"
        digest = hashlib.sha256(data).hexdigest().encode()
        pack["images.jsonl"] = pack["images.jsonl"].replace(row["stored_sha256"].encode(), digest)
        pack[name] = data

    return change
