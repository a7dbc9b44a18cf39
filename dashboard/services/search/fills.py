"""Add images of the workspace to a collection, by a job that may be repeated at any time."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from accounts.journal import record
from accounts.models import User
from accounts.verbs import Verb
from accounts.words import counted, either
from dashboard.models import Collection, Fill, Group, Image, Job, SimilarityType
from dashboard.queries.extractions.extractions import group_names, images_to_fill
from dashboard.queries.library.images import images_in
from dashboard.queries.search.collections import has_running_fill
from dashboard.queries.search.records import known_keys
from dashboard.services.errors import AlreadyFilling, CollectionFull
from dashboard.services.jobs import jobs
from dashboard.services.jobs.queueing import enqueue
from dashboard.services.search.records import NewRecord, room_in, write_records
from dashboard.services.training.descriptors import describe_stored
from dashboard.services.training.features import ensure_features

# For one transaction, which locks the collection's row; between two, others may write to it.
IMAGES_AT_ONCE = 200


@transaction.atomic
def start_fill(
    *,
    collection: Collection,
    group: Group | None = None,
    similarity_type: SimilarityType | None = None,
    actor: User,
) -> Job:
    """Queue the addition of all images, or of those of a group or a type, to a collection.

    Raises `CollectionFull`, and `AlreadyFilling` while another such job is running or queued.
    """
    # Locked: of two concurrent requests, the second sees the first one's job.
    row = Collection.objects.select_for_update().get(pk=collection.pk)
    if has_running_fill(row):
        raise AlreadyFilling
    if not room_in(row):
        raise CollectionFull(row)
    fill = Fill.objects.create(
        workspace=collection.workspace,
        collection=row,
        group=group,
        similarity_type=similarity_type,
        created_by=actor,
    )
    record(
        workspace=collection.workspace,
        verb=Verb.STARTED_FILLING,
        noun="collection",
        target_id=collection.id,
        target_name=collection.name,
        actor=actor,
    )
    return enqueue(
        workspace=collection.workspace,
        kind=Job.Kind.FILL,
        title=str(fill),
        subject_id=fill.id,
        actor=actor,
    )


def run_fill(*, fill_id: UUID, handle: jobs.Handle) -> str:
    """Add images in the order of their ids; existing records are not changed.

    A run after a kill skips the images that were already added. Raises `CollectionFull`.
    """
    fill = Fill.objects.select_related("collection__version", "workspace").get(pk=fill_id)
    # A fixed list of ids, so that the progress counts the same images to the end.
    ids = list(images_to_fill(fill).values_list("pk", flat=True))
    # Records that an earlier try added exist now, but did not before: that try counted them.
    mine, known, skipped = handle.job.done, 0, 0
    for start in range(0, len(ids), IMAGES_AT_ONCE):
        batch = ids[start : start + IMAGES_AT_ONCE]
        # Before the embeddings are computed, which is the slow part. `write_records` checks again.
        there = known_keys(fill.collection, [str(one) for one in batch])
        known += len(there)
        new = _records(fill, [one for one in batch if str(one) not in there])
        seen = start + len(batch)
        skipped = max(0, known - mine)
        with transaction.atomic():
            handle.report(
                step="Adding images",
                total=len(ids),
                done=max(mine, seen - skipped),
                skipped=skipped,
                fraction=seen / len(ids),
            )
            # In one transaction with the report: a kill cannot count a batch twice.
            outcome = write_records(collection=fill.collection, records=new)
        if outcome.beyond:
            raise CollectionFull(fill.collection)
        handle.check()
    inside = counted(len(ids), "image is", "images are")
    before = either(skipped, "1 of them was", f"{skipped:,} of them were")
    return f"{inside} in the collection; {before} there before."


def _records(fill: Fill, ids: Sequence[UUID]) -> list[NewRecord]:
    """Return records of images with their descriptors; deleted images are skipped."""
    version = fill.collection.version
    images = images_in(fill.workspace).in_bulk(ids)
    ensure_features(images=list(images.values()), encoder_key=version.encoder)
    names = group_names(list(images))
    there = [one for one in ids if one in images]
    return [
        NewRecord(str(one), _fields(images[one], names.get(one, [])), descriptor)
        for one, descriptor in describe_stored(version=version, image_ids=there).items()
    ]


def _fields(image: Image, groups: list[str]) -> dict[str, object]:
    return {"file_name": image.file_name, "groups": groups, "meta_data": image.meta_data}
