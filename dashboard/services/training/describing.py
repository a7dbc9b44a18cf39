"""Compute the features of all images that search needs: of new images, or by a new encoder.

Search uses one encoder, for which it has the features of all images. To change it, the features of
every image are computed with the new encoder first, and only then search uses it.
"""

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from uuid import UUID

from django.db import transaction

from accounts.models import User, Workspace
from accounts.words import counted
from dashboard.models import Feature, Image, Job
from dashboard.queries.jobs.jobs import unfinished_jobs
from dashboard.queries.training.encoders import keys_in_use, looks_again, name_of, wanted_key
from dashboard.queries.training.features import count_undescribed, has_undescribed, undescribed
from dashboard.queries.training.looks import look_at_all, second_looks_due
from dashboard.services.jobs import jobs
from dashboard.services.jobs.queueing import enqueue
from dashboard.services.row_locks import lock_pks
from dashboard.services.training import features

NEW = "Processing new images"


@transaction.atomic
def start_describing(*, workspace: Workspace, actor: User | None) -> Job | None:
    """Queue the computation of missing features, unless such a job is already queued.

    Until it is done, search does not find new images, and uses the same encoder as before. Returns
    None if there is nothing to queue.
    """
    workspace = Workspace.objects.get(pk=workspace.pk)  # the caller's may be outdated
    # Only a queued job will see every current image; a running one may have passed some.
    waiting = unfinished_jobs(workspace).filter(kind=Job.Kind.DESCRIBE, state=Job.State.QUEUED)
    if waiting.exists():
        return None
    wanted = wanted_key(workspace)
    if looks_again(workspace):
        return _start_second_look(workspace, wanted, actor)
    if not any(has_undescribed(workspace, key) for key in keys_in_use(workspace)):
        return None
    return _enqueue(workspace, NEW, actor)


def start_second_looks() -> int:
    """Queue a job for each workspace whose search shall use another encoder; return how many.

    Called by workers at each sweep: after an upgrade, or a change of the installation's default.
    Two that do so at once queue one job. A job that was cancelled or failed is not queued again for
    a day.
    """
    return sum(_start_if_none(workspace_id) for workspace_id in second_looks_due())


@transaction.atomic
def _start_if_none(workspace_id: UUID) -> bool:
    # Two workers sweep at the same time: the second finds the first one's job.
    lock_pks(Workspace.objects.filter(pk=workspace_id))
    if workspace_id not in second_looks_due(workspace_id):
        return False
    return start_describing(workspace=Workspace(pk=workspace_id), actor=None) is not None


def _start_second_look(workspace: Workspace, wanted: str, actor: User | None) -> Job:
    job = _enqueue(workspace, f"Processing all images with “{name_of(wanted)}”", actor)
    job.message = (
        f"{look_at_all(workspace, wanted).sentence}. Search works as before until it is done."
    )
    job.save(update_fields=["message"])
    return job


def _enqueue(workspace: Workspace, title: str, actor: User | None) -> Job:
    return enqueue(
        workspace=workspace,
        kind=Job.Kind.DESCRIBE,
        title=title,
        subject_id=workspace.id,
        actor=actor,
    )


def run_describing(*, workspace: Workspace, handle: jobs.Handle) -> str:
    """Compute the features of every image that lacks them, by each encoder in use, in batches.

    Computed features are kept: a run after a kill does the rest.
    """
    workspace = _begun(workspace)
    keys, wanted = keys_in_use(workspace), wanted_key(workspace)
    again = looks_again(workspace)
    handle.job.total = handle.job.done + sum(count_undescribed(workspace, key) for key in keys)
    for key in keys:
        if again and key == wanted:
            _look_again(workspace, wanted, handle)
        else:
            _look(workspace, key, handle)
    if again:
        return f"Search now uses “{name_of(wanted)}”."
    return f"{counted(handle.job.done, 'image')} can now be searched."


def _begun(workspace: Workspace) -> Workspace:
    """Read the workspace again; the first run settles which encoder its search uses."""
    row = Workspace.objects.get(pk=workspace.pk)
    if not row.search_encoder:
        row.search_encoder = wanted_key(row)
        # Conditional: another job may have settled it meanwhile.
        unsettled = Workspace.objects.filter(pk=row.pk, search_encoder="")
        unsettled.update(search_encoder=row.search_encoder)
    return row


def _look_again(workspace: Workspace, wanted: str, handle: jobs.Handle) -> None:
    """Compute the features of all images with the new encoder, then let search use it."""
    if _is_done_elsewhere(handle.job):
        return
    _look(workspace, wanted, handle)
    _look(workspace, wanted, handle)  # images added meanwhile, with lower ids
    with transaction.atomic():
        handle.report(step=NEW)
        # Only if search still uses the same encoder as at the start: the choice may have changed
        # twice.
        rows = Workspace.objects.filter(pk=workspace.pk, search_encoder=workspace.search_encoder)
        rows.update(search_encoder=wanted)
        if has_undescribed(workspace, wanted):
            start_describing(workspace=workspace, actor=handle.job.created_by)


def _is_done_elsewhere(job: Job) -> bool:
    """Return whether an older job is doing this: both would compute the same."""
    others = unfinished_jobs(job.workspace).filter(kind=Job.Kind.DESCRIBE, state=Job.State.RUNNING)
    return others.filter(created__lt=job.created).exists()


def _look(workspace: Workspace, key: str, handle: jobs.Handle) -> None:
    images = _undescribed(workspace, key)
    keep = partial(_keep_and_tell, handle)
    with closing(features.encode_images(images, key, keep)) as batches:
        for _ in batches:
            handle.check()


@transaction.atomic
def _keep_and_tell(handle: jobs.Handle, rows: list[Feature]) -> None:
    """Write and count a batch in one transaction: a kill in between loses both or neither."""
    features.keep_features(rows)
    done = handle.job.done + len(rows)
    total = max(handle.job.total, done, 1)  # images may be added meanwhile
    step = handle.job.title[:100]  # the name of an encoder may be longer than a step
    handle.report(step=step, total=total, done=done, fraction=done / total)


def _undescribed(workspace: Workspace, key: str) -> Iterator[Image]:
    last: UUID | None = None
    while batch := undescribed(workspace, key, after=last, size=features.IMAGES_PER_BATCH):
        last = batch[-1].id
        yield from batch
