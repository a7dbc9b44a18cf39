"""Look at every image of a workspace, so that search finds it: new ones, and all by a new encoder.

Search goes by one encoder, of which it has all that was looked at. When another one is wanted, this
gives every image its features by that one first, and only then lets search go by it.
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
    """Queue a look at what lacks features, unless one is waiting already.

    Until it is done search does not find new images, and goes by the encoder that it went by
    before. Returns None where there is nothing to queue.
    """
    workspace = Workspace.objects.get(pk=workspace.pk)  # the caller's may be older than the choice
    # Only one that is queued will meet every image of now; one that runs may be past some.
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
    """Queue a look for each workspace that another encoder is wanted for; return how many.

    For workers, now and then: after an upgrade, or a change of the installation's default. Two that
    do so at once queue one job. What was cancelled or failed is left alone for a day.
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
    """Give features to every image that has none, by each encoder in use, batch by batch.

    What was computed stays: after a kill the rest is done.
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
    """Read the workspace again; the first look settles by what its search goes."""
    row = Workspace.objects.get(pk=workspace.pk)
    if not row.search_encoder:
        row.search_encoder = wanted_key(row)
        # With the condition: another job may have settled it meanwhile.
        unsettled = Workspace.objects.filter(pk=row.pk, search_encoder="")
        unsettled.update(search_encoder=row.search_encoder)
    return row


def _look_again(workspace: Workspace, wanted: str, handle: jobs.Handle) -> None:
    """Look at all images by the wanted encoder, then let search go by it."""
    if _is_done_elsewhere(handle.job):
        return
    _look(workspace, wanted, handle)
    _look(workspace, wanted, handle)  # what came meanwhile, and lies before where the first was
    with transaction.atomic():
        handle.report(step=NEW)
        # Only if search still goes by what it went by at the start: the choice may have changed
        # twice.
        rows = Workspace.objects.filter(pk=workspace.pk, search_encoder=workspace.search_encoder)
        rows.update(search_encoder=wanted)
        if has_undescribed(workspace, wanted):
            start_describing(workspace=workspace, actor=handle.job.created_by)


def _is_done_elsewhere(job: Job) -> bool:
    """Say whether an older job is at it: both would compute the same."""
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
    """Write a batch and count it at once: after a kill in between both are gone, or neither."""
    features.keep_features(rows)
    done = handle.job.done + len(rows)
    total = max(handle.job.total, done, 1)  # images may come meanwhile
    step = handle.job.title[:100]  # the name of an encoder may be longer than a step
    handle.report(step=step, total=total, done=done, fraction=done / total)


def _undescribed(workspace: Workspace, key: str) -> Iterator[Image]:
    last: UUID | None = None
    while batch := undescribed(workspace, key, after=last, size=features.IMAGES_PER_BATCH):
        last = batch[-1].id
        yield from batch
