"""Import tasks, trained versions and collections."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from django.db import transaction

from accounts.models import User, Workspace
from dashboard.engine import artifacts
from dashboard.files.exchange.transfer_reading import TransferReader
from dashboard.files.exchange.transfer_rows import Row, unpacked
from dashboard.files.store import paths, storage
from dashboard.models import Collection, SimilarityType, Task, TaskType, Version
from dashboard.services.exchange.exporting import ARTIFACT_FILES
from dashboard.services.exchange.import_check import read_artifact
from dashboard.services.exchange.imported import Ids, created, portions
from dashboard.services.jobs import jobs
from dashboard.services.row_locks import lock_all
from dashboard.services.search.records import NewRecord, write_records
from dashboard.services.training.training import SNAPSHOT

_OF_SNAPSHOTS = ("types", "images", "regions", "groups")
# With its quotes: an id within a longer text, such as a value of metadata, is not a reference.
_QUOTED_ID = re.compile(rb'"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"')
_VERSION_FIELDS = ("number", "status", "detail", "encoder", "seed", "dimension")


@dataclass
class TaskImport:
    """Imports rows, noun by noun; there are few tasks, versions and collections."""

    workspace: Workspace
    actor: User | None
    ids: Ids
    handle: jobs.Handle

    def tasks(self, rows: Iterable[Row]) -> None:
        """Create the tasks of the archive with their types."""
        there = self.ids.all("tasks")
        for row in rows:
            if row["id"] in there:
                continue
            made = Task(id=self.ids.make("tasks", row["id"]), workspace=self.workspace)
            made.created = created(row)
            for name in ("name", "description", "encoder", "versions_count"):
                setattr(made, name, row[name])
            with transaction.atomic():
                made.save(force_insert=True)
                TaskType.objects.bulk_create(
                    TaskType(task=made, similarity_type=kind) for kind in self._types(row["types"])
                )
                self._keep("tasks", row["id"], made.pk)
            self.handle.check()

    def _types(self, old_ids: list[str]) -> list[SimilarityType]:
        """Return the types that still exist, locked."""
        rows = SimilarityType.objects.in_workspace(self.workspace)
        return lock_all(rows.filter(pk__in=self.ids.find("types", old_ids).values()))

    def versions(self, archive: TransferReader) -> None:
        """Store the files of the versions, then create their rows."""
        there, tasks, types = (self.ids.all(noun) for noun in ("versions", "tasks", "types"))
        alive = set(Task.objects.filter(pk__in=tasks.values()).values_list("pk", flat=True))
        for row in archive.rows("versions"):
            task_id = tasks[row["task"]]
            if row["id"] in there or task_id not in alive:
                continue
            made = Version(
                id=self.ids.make("versions", row["id"]),
                workspace=self.workspace,
                task_id=task_id,
                metrics={_new(types, key): report for key, report in row["metrics"].items()},
                created=created(row),
                created_by=self.actor,
                trained=datetime.fromisoformat(row["trained"]) if row["trained"] else None,
                **{name: row[name] for name in _VERSION_FIELDS},
            )
            if row["status"] == Version.Status.TRAINED:
                # Files before the row: a version that is shown as trained can be loaded at once.
                made.artifact = self._store(made, read_artifact(archive, row["id"]), types)
            with transaction.atomic():
                made.save(force_insert=True)
                # A number is used once, whatever the archive says of its task.
                Task.objects.filter(pk=task_id, versions_count__lt=made.number).update(
                    versions_count=made.number
                )
                self._keep("versions", row["id"], made.pk)
            self.handle.check()

    def _store(self, version: Version, files: dict[str, bytes], types: dict[str, UUID]) -> str:
        """Write the files with the new ids of the types, the manifest last."""
        folder = paths.version(version.workspace_id, version.task_id, version.number)
        manifest = json.loads(files[artifacts.MANIFEST])
        for kind in manifest["types"]:
            kind["key"] = _new(types, kind["key"])
        files[artifacts.MANIFEST] = json.dumps(manifest, indent=2).encode()
        files[SNAPSHOT] = self._renamed(files[SNAPSHOT])
        # In this order the manifest is last: a folder without one is not a version.
        for name in ARTIFACT_FILES:
            storage.write(f"{folder}/{name}", files[name])
        return folder

    def _renamed(self, snapshot: bytes) -> bytes:
        """Replace the ids of types, images, regions and groups in a snapshot with the new ones.

        It names each image several times. It is not parsed, because all ids have the same length.
        """
        renamed = bytearray(snapshot)
        for found in portions(_QUOTED_ID.finditer(snapshot)):
            new = self.ids.find_any(_OF_SNAPSHOTS, {match[1].decode() for match in found})
            for match in found:
                key = match[1].decode()
                renamed[match.start(1) : match.end(1)] = str(new.get(key, key)).encode()
        return bytes(renamed)

    def productions(self, rows: Iterable[Row]) -> None:
        """Set the production versions of the archive, unless one was chosen meanwhile."""
        tasks, versions = self.ids.all("tasks"), self.ids.all("versions")
        for row in rows:
            if row["production"] not in versions:
                continue
            task_id, version_id = tasks[row["id"]], versions[row["production"]]
            trained = Version.objects.filter(
                pk=version_id, task=task_id, status=Version.Status.TRAINED
            )
            with transaction.atomic():
                if trained.exists():
                    # The condition is part of the UPDATE: a choice made since the read is not
                    # overwritten.
                    waiting = Task.objects.filter(pk=task_id, production_version__isnull=True)
                    waiting.update(production_version=version_id)
                self.handle.report(step="Importing versions")

    def collections(self, rows: Iterable[Row]) -> None:
        """Create the collections, without their records."""
        there, tasks, versions = (
            self.ids.all(noun) for noun in ("collections", "tasks", "versions")
        )
        alive = set(Version.objects.filter(pk__in=versions.values()).values_list("pk", flat=True))
        for row in rows:
            version_id = versions.get(row["version"])
            if row["id"] in there or version_id not in alive:
                continue
            made = Collection(
                id=self.ids.make("collections", row["id"]),
                workspace=self.workspace,
                created=created(row),
                name=row["name"],
                description=row["description"],
                task_id=tasks[row["task"]],
                version_id=version_id,
            )
            with transaction.atomic():
                made.save(force_insert=True)
                self._keep("collections", row["id"], made.pk)

    def records(self, rows: Iterable[Row]) -> None:
        """Write the records; one whose key already exists is kept as it is."""
        collections = self.ids.all("collections")
        for batch in portions(rows):
            by_collection: dict[str, list[NewRecord]] = {}
            for row in batch:
                vector = np.frombuffer(unpacked(row["vector"]), "<f4")
                new = NewRecord(row["key"], row["fields"], vector)
                by_collection.setdefault(row["collection"], []).append(new)
            found = Collection.objects.in_bulk(
                [collections[old_id] for old_id in by_collection if old_id in collections]
            )
            for old_id, new_records in by_collection.items():
                if collection := found.get(collections.get(old_id)):
                    with transaction.atomic():
                        # Keys are unique in a collection, so a repeated attempt is harmless without
                        # `Imported` rows.
                        write_records(collection=collection, records=new_records)
                        self.handle.report(step="Importing records")
            self.handle.check()

    def _keep(self, noun: str, old_id: str, new_id: UUID) -> None:
        self.ids.keep(noun, {old_id: new_id})
        self.handle.report(step=f"Importing {noun}")


def _new(ids: dict[str, UUID], key: Any) -> str:
    """Return the new id of a type; one that was deleted before the export keeps its old one."""
    return str(ids.get(key, key))
