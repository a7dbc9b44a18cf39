"""List, create, change and delete similarity types."""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from dashboard.remote.address import segment
from dashboard.remote.calls import KNOWN, Calls
from dashboard.remote.fields import Fields

_TYPE: Final = "similarity/training/v2/type/"


@dataclass(frozen=True, kw_only=True, slots=True)
class SimilarityType:
    """A meaning of “similar”; values that the server does not state are None."""

    id: str
    name: str
    description: str
    workspace: str | None
    exclusive: bool | None
    groups_count: int | None
    created: datetime | None
    modified: datetime | None

    @classmethod
    def of(cls, fields: Fields) -> Self:
        """Return a similarity type from an answer's fields."""
        return cls(
            id=fields.id(),
            name=fields.text("name"),
            description=fields.text_or_none("description") or "",
            workspace=fields.id_or_none("workspace"),
            exclusive=fields.flag_or_none("exclusive"),
            groups_count=fields.number_or_none("groups_count"),
            created=fields.moment_or_none("created"),
            modified=fields.moment_or_none("modified"),
        )


class SimilarityTypeCalls(Calls):
    """Calls for similarity types."""

    def iterate_types(self, *, search: str | None = None) -> Iterator[SimilarityType]:
        """Yield the types; `search` is a part of their names."""
        return self._list("List the similarity types", _TYPE, SimilarityType.of, search=search)

    def similarity_type(self, type_id: str) -> SimilarityType:
        """Return a type."""
        return self._get("Read a similarity type", _one(type_id), SimilarityType.of)

    def create_type(
        self,
        name: str,
        *,
        description: str | None = None,
        exclusive: bool | None = None,
        known: Container[str] = KNOWN,
    ) -> SimilarityType:
        """Create a type, once; identified by its name. `Server` explains creating."""
        return self._create(
            "Create a similarity type",
            _TYPE,
            {"name": name, "description": description, "exclusive": exclusive},
            SimilarityType.of,
            lambda: (row for row in self.iterate_types(search=name) if row.name == name),
            known,
        )

    def change_type(
        self,
        type_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        exclusive: bool | None = None,
    ) -> SimilarityType:
        """Change the values that are not None."""
        return self._change(
            "Change a similarity type",
            "PATCH",
            _one(type_id),
            {"name": name, "description": description, "exclusive": exclusive},
            SimilarityType.of,
        )

    def delete_type(self, type_id: str, *, force: bool = False) -> None:
        """Delete a type. Raises `Refused` if it has groups, unless `force` deletes them with it."""
        self._delete("Delete a similarity type", _one(type_id), force=force or None)


def _one(type_id: str) -> str:
    return _TYPE + segment(type_id)
