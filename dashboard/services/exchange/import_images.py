"""Import the images of an archive: decoded in parallel, written in short transactions."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID

import numpy as np
from django.db import transaction
from django.db.models import Manager, Model

from accounts.models import User, Workspace
from dashboard import runtime
from dashboard.files.errors import EncoderAbsent, FileRefused
from dashboard.files.exchange.transfer_reading import Pack
from dashboard.files.exchange.transfer_rows import Row, unpacked
from dashboard.files.images import images as pictures
from dashboard.files.store import room
from dashboard.models import Feature, Image, RegionFeature
from dashboard.queries.library.images import images_by_sha256, images_in
from dashboard.services.exchange.imported import Ids, created, portions
from dashboard.services.jobs import jobs
from dashboard.services.library.images import NewImage, insert_images, remove_unused, write_files

IMAGES_AT_ONCE: Final = 50
# As many bytes as a batch of an upload, so a worker needs the same memory for both.
BYTES_AT_ONCE: Final = 64 << 20

M = TypeVar("M", bound=Model)


@dataclass
class ImageImport:
    """Imports images; `ids` knows which are already imported."""

    workspace: Workspace
    actor: User | None
    ids: Ids
    handle: jobs.Handle
    pool: Executor

    def bring(self, pack: Pack) -> None:
        """Import a pack and the features of its images."""
        for rows in portions(pack.images, IMAGES_AT_ONCE):
            room.refuse_if_low()
            there = self.ids.find("images", [row["id"] for row in rows])
            left = [row for row in rows if row["id"] not in there]
            self.handle.report(done=self.handle.job.done + len(there))  # by an earlier attempt
            # Read without a lock, to avoid decoding. `insert_images` decides under one.
            known = images_by_sha256(self.workspace, [row["sha256"] for row in left])
            present = {
                row["id"]: known[row["sha256"]].pk
                for row in left
                if row["sha256"] in known and known[row["sha256"]].deleted is None
            }
            self._keep(present)
            for batch in _by_bytes(pack, [row for row in left if row["id"] not in present]):
                self._insert(batch, known)
            self.handle.check()
        self._features(pack)

    @transaction.atomic
    def _keep(self, present: dict[str, UUID]) -> None:
        """Use the images that the workspace has; they are not changed."""
        self.ids.keep("images", present)
        self.handle.report(skipped=self.handle.job.skipped + len(present))

    def _insert(self, batch: Sequence[tuple[Row, bytes]], known: dict[str, Image]) -> None:
        deleted = [known.get(row["sha256"]) for row, _ in batch]
        # Decoded and stored outside the transaction, which would hold locks all that time. Files
        # before rows: a row is never visible without its image.
        tried = self.pool.map(self._made, *zip(*batch, strict=True), deleted)
        made = [new for new in tried if new is not None]
        with transaction.atomic():
            rows = insert_images(workspace=self.workspace, images=made, actor=self.actor)
            came = [new for new in made if new.picture.sha256 in rows]  # the rest exceeds the quota
            new_ids = {new.picture.sha256: rows[new.picture.sha256].pk for new in came}
            self.ids.keep(
                "images",
                {row["id"]: new_ids[row["sha256"]] for row, _ in batch if row["sha256"] in new_ids},
            )
            self.handle.report(
                done=self.handle.job.done + len(came),
                failed=self.handle.job.failed + len(batch) - len(came),
            )
        # After the commit: files of images that were added meanwhile or that the quota refused.
        remove_unused(self.workspace, made, rows)

    def _made(self, row: Row, data: bytes, deleted: Image | None) -> NewImage | None:
        """Decode an image and write its files under the id that it will have.

        Returns None if the data behind a valid header is broken; only this image is skipped.
        """
        try:
            picture = pictures.restore(data, sha256=row["sha256"], file_size=row["file_size"])
        except FileRefused:
            return None
        # A deleted image is restored under its id. Its files are written later, under the lock on
        # its row, because another request may restore it first.
        new_id = deleted.pk if deleted is not None else self.ids.make("images", row["id"])
        if deleted is None:
            write_files(self.workspace, new_id, picture)
        return NewImage(
            id=new_id,
            picture=picture,
            file_name=row["file_name"],
            meta_data=row["meta_data"],
            test_image=row["test_image"],
            real=row["real"],
            created=created(row),
        )

    def _features(self, pack: Pack) -> None:
        """Store the features of encoders that exist here, for images with the same pixels."""
        same = self._same(pack)
        features = [Feature(**fields) for fields in self._seen(pack.features, same)]
        self._add(Feature.objects, features)
        for rows in portions(pack.region_features()):
            of_regions = [RegionFeature(**fields) for fields in self._seen(rows, same)]
            self._add(RegionFeature.objects, of_regions)
            self.handle.check()

    def _same(self, pack: Pack) -> dict[str, UUID]:
        """Return the new ids of the images whose stored pixels equal those of the archive."""
        new_ids = self.ids.find("images", [row["id"] for row in pack.images])
        present = images_in(self.workspace).filter(pk__in=new_ids.values())
        here = dict(present.values_list("pk", "stored_sha256"))
        return {
            row["id"]: new_ids[row["id"]]
            for row in pack.images
            # Features depend on pixels. An image that the workspace had may have been stored
            # differently.
            if row["id"] in new_ids and here.get(new_ids[row["id"]]) == row["stored_sha256"]
        }

    def _seen(self, rows: Iterable[Row], same: dict[str, UUID]) -> Iterator[dict[str, Any]]:
        """Yield the fields of the features that can be imported."""
        for row in rows:
            if row["image"] in same and _is_right(row):
                other = {name: row[name] for name in row.keys() - {"image", "vector"}}
                yield other | {
                    "workspace": self.workspace,
                    "image_id": same[row["image"]],
                    "vector": unpacked(row["vector"]),
                }

    @transaction.atomic
    def _add(self, manager: Manager[M], rows: Sequence[M]) -> None:
        """Insert features; existing ones are kept."""
        # Conflicts are harmless: features of equal pixels by the same encoder are equal.
        manager.bulk_create(rows, batch_size=500, ignore_conflicts=True)
        # Nothing new to report, but `report` raises if the lease is lost, and the batch is rolled
        # back.
        self.handle.report(done=self.handle.job.done)


def _by_bytes(pack: Pack, rows: Sequence[Row]) -> Iterator[list[tuple[Row, bytes]]]:
    """Yield rows with their images, in batches of at least `BYTES_AT_ONCE` bytes."""
    batch: list[tuple[Row, bytes]] = []
    size = 0
    for row in rows:
        batch.append((row, pack.picture(row)))
        size += len(batch[-1][1])
        if size >= BYTES_AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _is_right(row: Row) -> bool:
    """Return whether an encoder of this installation could have computed this feature."""
    try:
        dimension = runtime.encoder(row["encoder"]).dimension
    except EncoderAbsent:
        return False
    vector = unpacked(row["vector"])
    # Float16: two bytes a number. A NaN would spread into every distance of the workspace.
    return len(vector) == 2 * dimension and bool(np.isfinite(np.frombuffer(vector, "<f2")).all())
