"""List, create, change and delete collections."""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from dashboard.remote.address import segment
from dashboard.remote.calls import KNOWN, Calls
from dashboard.remote.fields import Fields

_COLLECTION: Final = "account/v2/collection/"


@dataclass(frozen=True, kw_only=True, slots=True)
class Collection:
    """Records that are searched with a version of a task; values not stated are None."""

    id: str
    name: str
    task_id: str | None
    version: int | None
    records_count: int | None
    workspace: str | None
    created: datetime | None
    modified: datetime | None

    @classmethod
    def of(cls, fields: Fields) -> Self:
        """Return a collection from an answer's fields."""
        return cls(
            id=fields.id(),
            name=fields.text("name"),
            task_id=fields.id_or_none("task"),
            version=fields.number_or_none("version"),
            records_count=fields.number_or_none("records_count"),
            workspace=fields.id_or_none("workspace"),
            created=fields.moment_or_none("created"),
            modified=fields.moment_or_none("modified"),
        )


class CollectionCalls(Calls):
    """Calls for collections."""

    def iterate_collections(
        self, *, task: str | None = None, search: str | None = None
    ) -> Iterator[Collection]:
        """Yield the collections, optionally of one task; `search` is a part of their names."""
        return self._list(
            "List the collections", _COLLECTION, Collection.of, task=task, search=search
        )

    def collection(self, collection_id: str) -> Collection:
        """Return a collection."""
        return self._get("Read a collection", _one(collection_id), Collection.of)

    def create_collection(
        self,
        name: str,
        task_id: str,
        *,
        version: int | None = None,
        known: Container[str] = KNOWN,
    ) -> Collection:
        """Create a collection, once; identified by name and task. `Server` explains creating."""
        return self._create(
            "Create a collection",
            _COLLECTION,
            {"name": name, "task": task_id, "version": version},
            Collection.of,
            lambda: (
                row
                for row in self.iterate_collections(task=task_id, search=name)
                if row.name == name
            ),
            known,
        )

    def change_collection(self, collection_id: str, *, name: str) -> Collection:
        """Rename a collection."""
        path, body = _one(collection_id), {"name": name}
        return self._change("Rename a collection", "PATCH", path, body, Collection.of)

    def delete_collection(self, collection_id: str) -> None:
        """Delete a collection with its records."""
        self._delete("Delete a collection", _one(collection_id))


def _one(collection_id: str) -> str:
    return _COLLECTION + segment(collection_id)
