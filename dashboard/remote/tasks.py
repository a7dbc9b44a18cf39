"""List, create, change, delete and train tasks."""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from dashboard.remote.address import segment
from dashboard.remote.calls import KNOWN, Calls
from dashboard.remote.fields import Fields
from dashboard.remote.similarity_types import SimilarityType
from dashboard.remote.versions import Version

_TASK: Final = "similarity/training/v2/task/"


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """The types that are trained together; values that the server does not state are None."""

    id: str
    name: str
    description: str
    workspace: str | None
    types: tuple[SimilarityType, ...] | None
    production_version: int | None
    last_train_status: str | None
    created: datetime | None
    modified: datetime | None

    @classmethod
    def of(cls, fields: Fields) -> Self:
        """Return a task from an answer's fields."""
        return cls(
            id=fields.id(),
            name=fields.text("name"),
            description=fields.text_or_none("description") or "",
            workspace=fields.id_or_none("workspace"),
            types=fields.list_or_none("types", SimilarityType.of),
            production_version=fields.number_or_none("production_version"),
            last_train_status=fields.text_or_none("last_train_status"),
            created=fields.moment_or_none("created"),
            modified=fields.moment_or_none("modified"),
        )


class TaskCalls(Calls):
    """Calls for tasks."""

    def iterate_tasks(self, *, search: str | None = None) -> Iterator[Task]:
        """Yield the tasks; `search` is a part of their names."""
        return self._list("List the tasks", _TASK, Task.of, search=search)

    def task(self, task_id: str) -> Task:
        """Return a task."""
        return self._get("Read a task", _one(task_id), Task.of)

    def create_task(
        self, name: str, *, description: str | None = None, known: Container[str] = KNOWN
    ) -> Task:
        """Create a task, once; identified by its name. `Server` explains creating."""
        return self._create(
            "Create a task",
            _TASK,
            {"name": name, "description": description},
            Task.of,
            lambda: (row for row in self.iterate_tasks(search=name) if row.name == name),
            known,
        )

    def change_task(
        self, task_id: str, *, name: str | None = None, description: str | None = None
    ) -> Task:
        """Change the values that are not None."""
        body = {"name": name, "description": description}
        return self._change("Change a task", "PATCH", _one(task_id), body, Task.of)

    def delete_task(self, task_id: str) -> None:
        """Delete a task with its versions."""
        self._delete("Delete a task", _one(task_id))

    def add_type(self, task_id: str, type_id: str) -> None:
        """Add a type to a task; adding it twice changes nothing."""
        path = f"{_one(task_id)}/add-type/"
        self._send("Add a type to a task", "POST", path, body={"type_id": type_id})

    def remove_type(self, task_id: str, type_id: str) -> None:
        """Remove a type from a task; removing it twice changes nothing."""
        path = f"{_one(task_id)}/remove-type/"
        self._send("Remove a type from a task", "POST", path, body={"type_id": type_id})

    def train_task(self, task_id: str) -> Version:
        """Start a training and return the version that it creates.

        Raises `Refused` if there is too little data or a training is running (409, `details` has
        its `model`). Raises `OutcomeUnknown` without a check: look for a newer version in
        `iterate_versions(task=…)`.
        """
        path = f"{_one(task_id)}/train/"
        answer = self._send("Start a training", "POST", path, body={}, repeatable=False)
        return Version.of(answer.fields())


def _one(task_id: str) -> str:
    return _TASK + segment(task_id)
