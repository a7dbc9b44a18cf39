"""Descriptors: the embeddings that the other side computes."""

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from dashboard.remote.calls import Calls
from dashboard.remote.errors import Refused
from dashboard.remote.fields import Fields

_DESCRIPTOR: Final = "similarity/training/v2/descriptor"
_RECORDS: Final = 100  # that one call takes
_BYTES: Final = 24 * 1024 * 1024  # of images in one call, a third more as base64


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """An image to describe, under an id of the caller's: bytes, or a URL that is opened there."""

    id: str
    data: bytes | None = None
    url: str | None = None

    def __post_init__(self) -> None:
        """Refuse what names no image or two."""
        if (self.data is None) == (self.url is None):
            raise ValueError("Give the image in exactly one way.")

    def record(self) -> dict[str, str]:
        """Write it as the API reads it."""
        if self.data is None:
            return {"_id": self.id, "_url": self.url or ""}
        return {"_id": self.id, "_base64": base64.b64encode(self.data).decode()}


@dataclass(frozen=True, kw_only=True, slots=True)
class Descriptor:
    """What became of a source: `vector`, or None and in `text` why; sizes in pixels."""

    id: str
    vector: tuple[float, ...] | None
    width: int | None
    height: int | None
    code: int | None
    text: str | None
    task_id: str | None
    version: int | None

    @classmethod
    def of(cls, fields: Fields, whole: Fields) -> Self:
        """Read one of the records of a whole answer."""
        status = fields.object_or_none("_status")
        return cls(
            id=fields.id("_id"),
            vector=fields.numbers_or_none("_descriptor", float),
            width=fields.number_or_none("_width"),
            height=fields.number_or_none("_height"),
            code=status.number_or_none("code") if status else None,
            text=status.text_or_none("text") if status else None,
            task_id=whole.id_or_none("task_id"),
            version=whole.number_or_none("version"),
        )


class DescriptorCalls(Calls):
    """The call that extracts descriptors."""

    def iterate_descriptors(
        self,
        sources: Iterable[Source],
        *,
        task: str | None = None,
        version: int | None = None,
        collection: str | None = None,
    ) -> Iterator[Descriptor]:
        """Yield what became of each source, in order, by a task or by a collection.

        Sources are taken as they are needed: 100, or 24 MB of bytes, for each call. One that
        cannot be read fails alone. Without `version` the server takes the production version.
        """
        if (task is None) == (collection is None):
            raise ValueError("Name a task or a collection.")
        using: dict[str, Any] = {"collection": collection} if task is None else {"task_id": task}
        if version is not None:
            using["version"] = version
        for batch in _batches(sources):
            yield from self._described(batch, using)

    def _described(self, batch: list[Source], using: Mapping[str, Any]) -> Iterator[Descriptor]:
        body = {"records": [source.record() for source in batch], **using}
        try:
            whole = self._send("Extract descriptors", "POST", _DESCRIPTOR, body=body).fields()
        except Refused as refusal:
            # Where not one of the records could be read, the refusal says so for each of them.
            if "records" not in refusal.details:
                raise
            whole = Fields(dict(refusal.details), "Extract descriptors")
        found = {
            row.id: row for row in whole.list("records", lambda row: Descriptor.of(row, whole))
        }
        for source in batch:
            if source.id not in found:
                raise whole.bad(f"the record “{source.id}” is missing")
            yield found[source.id]


def _batches(sources: Iterable[Source]) -> Iterator[list[Source]]:
    batch: list[Source] = []
    held = 0
    for source in sources:
        size = len(source.data or b"")
        if batch and (len(batch) == _RECORDS or held + size > _BYTES):
            yield batch
            batch, held = [], 0
        batch.append(source)
        held += size
    if batch:
        yield batch
