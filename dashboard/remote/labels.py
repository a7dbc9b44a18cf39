"""List, create, change and delete labels of regions."""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from dashboard.remote.address import segment
from dashboard.remote.calls import KNOWN, Calls
from dashboard.remote.fields import Fields

_LABEL: Final = "detection/v2/label/"


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """What a region shows; `color` as in CSS. Values that the server does not state are None."""

    id: str
    name: str
    description: str
    color: str | None
    output_name: str | None
    workspace: str | None
    created: datetime | None
    modified: datetime | None

    @classmethod
    def of(cls, fields: Fields) -> Self:
        """Return a label from an answer's fields."""
        return cls(
            id=fields.id(),
            name=fields.text("name"),
            description=fields.text_or_none("description") or "",
            color=fields.text_or_none("color"),
            output_name=fields.text_or_none("output_name"),
            workspace=fields.id_or_none("workspace"),
            created=fields.moment_or_none("created"),
            modified=fields.moment_or_none("modified"),
        )


class LabelCalls(Calls):
    """Calls for labels."""

    def iterate_labels(self, *, search: str | None = None) -> Iterator[Label]:
        """Yield the labels; `search` is a part of their names."""
        return self._list("List the labels", _LABEL, Label.of, search=search)

    def label(self, label_id: str) -> Label:
        """Return a label."""
        return self._get("Read a label", _one(label_id), Label.of)

    def create_label(
        self,
        name: str,
        *,
        description: str | None = None,
        color: str | None = None,
        output_name: str | None = None,
        known: Container[str] = KNOWN,
    ) -> Label:
        """Create a label, once; identified by its name. `Server` explains creating."""
        return self._create(
            "Create a label",
            _LABEL,
            {"name": name, "description": description, "color": color, "output_name": output_name},
            Label.of,
            lambda: (row for row in self.iterate_labels(search=name) if row.name == name),
            known,
        )

    def change_label(
        self,
        label_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        color: str | None = None,
        output_name: str | None = None,
    ) -> Label:
        """Change the values that are not None."""
        return self._change(
            "Change a label",
            "PATCH",
            _one(label_id),
            {"name": name, "description": description, "color": color, "output_name": output_name},
            Label.of,
        )

    def delete_label(self, label_id: str) -> None:
        """Delete a label. Raises `Refused` while regions have it."""
        self._delete("Delete a label", _one(label_id))


def _one(label_id: str) -> str:
    return _LABEL + segment(label_id)
