"""List, change and delete versions of tasks, which the API calls models."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from dashboard.remote.address import segment
from dashboard.remote.calls import Calls
from dashboard.remote.fields import Fields

_VERSION: Final = "similarity/training/v2/model/"


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """A trained model, or one in training: `status` is the server's word for that.

    Values that the server does not state are None.
    """

    id: str
    task_id: str | None
    task_name: str | None
    number: int
    status: str
    production: bool | None
    dimension: int | None
    metrics: Mapping[str, Any] | None
    detail: str | None
    created: datetime | None
    trained: datetime | None

    @classmethod
    def of(cls, fields: Fields) -> Self:
        """Return a version from an answer's fields."""
        return cls(
            id=fields.id(),
            task_id=fields.id_or_none("task"),
            task_name=fields.text_or_none("task_name"),
            number=fields.number("version"),
            status=fields.text("train_status"),
            production=fields.flag_or_none("production"),
            dimension=fields.number_or_none("dimension"),
            metrics=fields.mapping_or_none("metrics"),
            detail=fields.text_or_none("train_detail"),
            created=fields.moment_or_none("created"),
            trained=fields.moment_or_none("trained"),
        )


class VersionCalls(Calls):
    """Calls for versions."""

    def iterate_versions(self, *, task: str | None = None) -> Iterator[Version]:
        """Yield the versions, optionally of one task."""
        return self._list("List the versions", _VERSION, Version.of, task=task)

    def version(self, version_id: str) -> Version:
        """Return a version."""
        return self._get("Read a version", _one(version_id), Version.of)

    def set_production(self, version_id: str, *, production: bool = True) -> Version:
        """Make a version its task's production version, or withdraw it."""
        name, body = "Set the production version", {"production": production}
        return self._change(name, "PATCH", _one(version_id), body, Version.of)

    def delete_version(self, version_id: str) -> None:
        """Delete a version. Raises `Refused` while collections use it."""
        self._delete("Delete a version", _one(version_id))


def _one(version_id: str) -> str:
    return _VERSION + segment(version_id)
