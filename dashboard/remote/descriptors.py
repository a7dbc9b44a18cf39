"""Request descriptors: the embeddings that the server computes."""

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from dashboard.remote.calls import Calls
from dashboard.remote.errors import Refused
from dashboard.remote.fields import Fields

_DESCRIPTOR: Final = "similarity/training/v2/descriptor"
_RECORDS: Final = 100  # records that one call takes
_BYTES: Final = 24 * 1024 * 1024  # of images in one call; base64 adds a third


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """An image to describe, under the caller's id: bytes, or a URL that the server opens."""

    id: str
    data: bytes | None = None
    url: str | None = None

    def __post_init__(self) -> None:
        """Refuse a source without an image or with two. Raises ValueError."""
        if (self.data is None) == (self.url is None):
            raise ValueError("Give the image in exactly one way.")

    def record(self) -> dict[str, str]:
        """Return the source as a record of the API."""
        if self.data is None:
            return {"_id": self.id, "_url": self.url or ""}
        return {"_id": self.id, "_base64": base64.b64encode(self.data).decode()}


@dataclass(frozen=True, kw_only=True, slots=True)
class Descriptor:
    """The result for a source: `vector`, or None and the reason in `text`; sizes in pixels."""

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
        """Return the result from one record of a whole answer."""
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
        """Yield the result for each source, in order, with a task or with a collection.

        Sources are consumed as needed: 100, or 24 MB of bytes, for each call. A source that cannot
        be read does not fail the others. `version` defaults to the production version.
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
            # If none of the records could be read, the refusal gives the reason for each of them.
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
