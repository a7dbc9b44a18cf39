"""Describe many images and keep the result as a file: complete, or absent."""

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.db.models import QuerySet

from accounts.activity import record
from accounts.models import User, Workspace
from dashboard import runtime
from dashboard.files import paths, storage
from dashboard.files.tables import Described, Header, write_table
from dashboard.models import Extraction, Group, Image, Job, SimilarityType, Version
from dashboard.queries.chosen import chosen_words, stored
from dashboard.queries.extractions import group_names, images_described, images_to_describe
from dashboard.queries.features import features_of
from dashboard.queries.image_tiles import Chosen
from dashboard.services import jobs
from dashboard.services.errors import FilterGone
from dashboard.services.features import ensure_features

ROWS_AT_ONCE = 500
FEATURES_SHARE = 0.85  # of the whole progress; the rest is writing


@transaction.atomic
def start_extraction(
    *,
    workspace: Workspace,
    version: Version,
    file_format: str,
    group: Group | None = None,
    similarity_type: SimilarityType | None = None,
    chosen: Chosen | None = None,
    actor: User,
) -> tuple[Extraction, Job]:
    """Queue the description of all images, or of those of a group, a type or a filter."""
    extraction = Extraction.objects.create(
        workspace=workspace,
        version=version,
        group=group,
        similarity_type=similarity_type,
        filter=stored(chosen) if chosen else {},
        filter_words=chosen_words(chosen) if chosen else "",
        format=file_format,
        created_by=actor,
    )
    record(
        workspace=workspace,
        verb="started to extract",
        noun="descriptors",
        target_id=extraction.id,
        target_name=str(extraction),
        actor=actor,
    )
    return extraction, _enqueue(extraction, actor)


def retry_extraction(*, extraction: Extraction, actor: User) -> Job:
    """Queue an extraction once more that came to no file."""
    return _enqueue(extraction, actor)


def _enqueue(extraction: Extraction, actor: User) -> Job:
    return jobs.enqueue(
        workspace=extraction.workspace,
        kind=Job.Kind.EXTRACT,
        title=str(extraction),
        subject_id=extraction.id,
        actor=actor,
    )


def run_extraction(*, extraction_id: UUID, handle: jobs.Handle) -> str:
    """Compute what is missing, then write the file aside and store it whole.

    A second run after a kill computes only what the first one had not, and writes anew.
    """
    extraction = Extraction.objects.select_related("version__task", "workspace").get(
        pk=extraction_id
    )
    if extraction.path:  # killed after the file, before the job ended
        return _outcome(extraction)
    images = _read(images_to_describe, extraction)

    def features_done(done: int, total: int) -> None:
        fraction = FEATURES_SHARE * done / total if total else FEATURES_SHARE
        handle.report(stage="Looking at the images", total=total, done=done, fraction=fraction)
        handle.check()

    ensure_features(images=images, encoder_key=extraction.version.encoder, progress=features_done)
    _write(extraction, _read(images_described, extraction), handle)
    return _outcome(extraction)


def _read(rows: Callable[[Extraction], QuerySet[Image]], extraction: Extraction) -> list[Image]:
    try:
        return list(rows(extraction))
    except ObjectDoesNotExist as error:
        raise FilterGone from error


def _write(extraction: Extraction, images: list[Image], handle: jobs.Handle) -> None:
    version = extraction.version
    header = Header(
        task=str(version.task_id),
        task_name=version.task.name,
        version=version.number,
        dimension=version.dimension or 0,
        encoder=version.encoder,
        count=len(images),
    )
    path = paths.extraction(extraction.workspace_id, extraction.id, extraction.format)
    with tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR) as aside:
        local = Path(aside, "result")
        write_table(local, extraction.format, header, _described(extraction, images, handle))
        size = local.stat().st_size
        with local.open("rb") as file:
            storage.write_stream(path, file, limit=size)
    with transaction.atomic():
        handle.report(total=len(images), done=len(images), fraction=1.0)
        extraction.path, extraction.size, extraction.count = path, size, len(images)
        extraction.save(update_fields=["path", "size", "count", "modified"])


def _described(
    extraction: Extraction, images: list[Image], handle: jobs.Handle
) -> Iterator[Described]:
    """Yield the rows of the result in batches, so that memory does not grow with their number."""
    version = extraction.version
    model = runtime.version(version.id, version.artifact)
    for start in range(0, len(images), ROWS_AT_ONCE):
        batch = images[start : start + ROWS_AT_ONCE]
        handle.tick(
            stage="Writing the file",
            fraction=FEATURES_SHARE + (1 - FEATURES_SHARE) * start / len(images),
        )
        ids = [image.id for image in batch]
        features = features_of(extraction.workspace, ids, version.encoder)
        names = group_names(ids)
        for image in batch:
            yield Described(
                id=str(image.id),
                file_name=image.file_name,
                groups=names.get(image.id, []),
                descriptor=model.describe(features[image.id][None])[0],
            )


def _outcome(extraction: Extraction) -> str:
    return f"{extraction.count:,} images described."


def close_extraction(*, extraction_id: UUID) -> None:
    """Remove what an extraction that did not succeed may have stored."""
    extraction = Extraction.objects.get(pk=extraction_id)
    if not extraction.path:
        storage.delete(paths.extraction(extraction.workspace_id, extraction.id, extraction.format))


def drop_extractions(extractions: QuerySet[Extraction]) -> None:
    """End the work on extractions that go away, and remove their files after the commit."""
    rows = list(extractions)
    jobs.drop(subject_ids=[row.id for row in rows])
    for row in rows:
        path = paths.extraction(row.workspace_id, row.id, row.format)
        transaction.on_commit(partial(storage.delete, path))
