"""Start, retry and close extractions of stored images."""

from uuid import UUID

from django.db import transaction

from accounts.journal import record
from accounts.models import User, Workspace
from accounts.verbs import Verb
from dashboard.files.store import paths, room, storage
from dashboard.models import Extraction, Group, Job, SimilarityType, Version
from dashboard.queries.library.image_filters import filter_words, stored
from dashboard.queries.library.image_tiles import ImageFilter
from dashboard.services.jobs.queueing import enqueue
from dashboard.services.workspaces.usage import refuse_if_results_full


@transaction.atomic
def start_extraction(
    *,
    workspace: Workspace,
    version: Version,
    file_format: str,
    group: Group | None = None,
    similarity_type: SimilarityType | None = None,
    image_filter: ImageFilter | None = None,
    actor: User,
) -> tuple[Extraction, Job]:
    """Queue an extraction of all images, or of those of a group, a type or a filter.

    Raises `QuotaReached`.
    """
    # Refused now, so that the page says so, instead of a failed job an hour later.
    room.refuse_if_low()
    refuse_if_results_full(workspace)
    extraction = Extraction.objects.create(
        workspace=workspace,
        version=version,
        group=group,
        similarity_type=similarity_type,
        filter=stored(image_filter) if image_filter else {},
        filter_words=filter_words(image_filter) if image_filter else "",
        format=file_format,
        created_by=actor,
    )
    record(
        workspace=workspace,
        verb=Verb.STARTED_EXTRACTING,
        noun="descriptors",
        target_id=extraction.id,
        target_name=str(extraction),
        actor=actor,
    )
    return extraction, _enqueue(extraction, actor)


def retry_extraction(*, extraction: Extraction, actor: User) -> Job:
    """Queue an extraction that wrote no file again."""
    return _enqueue(extraction, actor)


def _enqueue(extraction: Extraction, actor: User) -> Job:
    return enqueue(
        workspace=extraction.workspace,
        kind=Job.Kind.EXTRACT,
        title=str(extraction),
        subject_id=extraction.id,
        actor=actor,
    )


def close_extraction(*, extraction_id: UUID) -> None:
    """Delete what an extraction that did not succeed may have stored."""
    # The row has no path until the file is complete, so it is computed again.
    extraction = Extraction.objects.get(pk=extraction_id)
    if not extraction.path:
        storage.delete(paths.extraction(extraction.workspace_id, extraction.id, extraction.format))
