"""Train versions: measured, stored, and complete or absent."""

import json
import secrets
import tempfile
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.journal import record
from accounts.models import User
from accounts.verbs import Verb
from dashboard import runtime
from dashboard.engine import artifacts, training
from dashboard.engine.trained_model import TrainedModel
from dashboard.files.store import paths, room, storage
from dashboard.models import Job, Task, Version
from dashboard.queries.training.encoders import key_for
from dashboard.queries.training.readiness import readiness
from dashboard.queries.training.snapshots import Snapshot, snapshot
from dashboard.queries.training.training_set import learned_groups, training_set
from dashboard.queries.training.versions import find_running
from dashboard.services.errors import ModelUnusable, NotReady, TrainingAlreadyRunning
from dashboard.services.jobs import jobs
from dashboard.services.jobs.queueing import enqueue
from dashboard.services.jobs.spans import Span
from dashboard.services.training.features import ensure_features
from dashboard.services.training.loading import load_model

FEATURES_SHARE = 0.6  # of the whole progress; the rest is fitting and measuring
# The row is read with every page of the version; the artifact has the whole report.
WORST_GROUPS_KEPT = 50
SNAPSHOT = "snapshot.json"


@transaction.atomic
def start_training(*, task: Task, actor: User) -> tuple[Version, Job]:
    """Create the task's next version and queue its training.

    Raises `NotReady` with one sentence per type that lacks data, and `TrainingAlreadyRunning`.
    """
    room.refuse_if_low()
    # Two people who start a training at once would otherwise both find none running.
    task = Task.objects.select_for_update().select_related("workspace").get(pk=task.pk)
    if (running := find_running(task)) is not None:
        raise TrainingAlreadyRunning(running)
    _check_readiness(task)
    task.versions_count += 1
    task.save(update_fields=["versions_count"])
    version = Version.objects.create(
        workspace=task.workspace,
        task=task,
        number=task.versions_count,
        status=Version.Status.QUEUED,
        encoder=key_for(task),
        seed=secrets.randbelow(1 << 31),
        created_by=actor,
    )
    record(
        workspace=task.workspace,
        verb=Verb.STARTED_TRAINING,
        noun="version",
        target_id=version.id,
        target_name=str(version),
        actor=actor,
    )
    job = enqueue(
        workspace=task.workspace,
        kind=Job.Kind.TRAIN,
        title=f"Training of {version}",
        subject_id=version.id,
        actor=actor,
    )
    return version, job


def _check_readiness(task: Task) -> None:
    types = readiness(task)
    if not types:
        raise NotReady(["This task has no similarity type. Add one first."])
    if lacking := [kind.sentence for kind in types if not kind.is_ready]:
        raise NotReady(lacking)


def run_training(*, version_id: UUID, handle: jobs.Handle) -> str:
    """Train a version; return the sentence of its outcome.

    When it stops early, computed features are kept and nothing else: it can be cancelled until the
    version is saved. The artifact's manifest is written last, so a run after a kill writes all
    files again and ends with one version.
    """
    version = Version.objects.select_related(
        "task__workspace", "task__production_version", "workspace"
    ).get(pk=version_id)
    if version.status == Version.Status.TRAINED:  # killed before the job ended
        return version.detail
    Version.objects.filter(pk=version.pk).update(status=Version.Status.TRAINING)
    seen = snapshot(version.task)
    if empty := [kind.name for kind, members in seen.members.items() if not members]:
        raise NotReady([f"“{name}” has no image to train on." for name in empty])
    ensure_features(
        images=list(seen.images.values()),
        regions=list(seen.regions.values()),
        encoder_key=version.encoder,
        progress=Span(handle, 0, FEATURES_SHARE, "Computing features", counts=("done", "total")),
    )
    model = _fit(version, seen, handle)
    handle.report(step="Saving the version", fraction=0.99)
    handle.check()
    # Files before the row. A second run writes the same names again, so that nothing is left over.
    folder = _store(version, model, seen)
    try:
        _finish_training(version, model, folder, handle, _fold_keys(seen))
    # Not after `LeaseLost`: another worker may be writing the same folder.
    except jobs.JobCancelled:
        storage.delete_all(folder)
        raise
    return version.detail


def _fit(version: Version, seen: Snapshot, handle: jobs.Handle) -> TrainedModel:
    """Fit the version's model; it can be cancelled between any two steps."""
    try:
        return training.fit(
            training_set(version, seen),
            prior=runtime.prior(version.encoder),
            production=_production(version, seen),
            progress=Span(handle, FEATURES_SHARE, 0.99),
        )
    except training.TooLittleData as error:
        raise NotReady([str(error)]) from error


def _production(version: Version, seen: Snapshot) -> training.Production | None:
    """Return the production version, to compare with; None if it cannot be used."""
    chosen = version.task.production_version
    if chosen is None:
        return None
    try:
        model = load_model(chosen)
    except ModelUnusable:  # then the training is the way to replace it
        return None
    return training.Production(model, learned_groups(seen, read_snapshot(chosen)))


def read_snapshot(version: Version) -> dict[str, Any]:
    """Return the version's `Snapshot.as_json`; an empty snapshot if the file is missing."""
    try:
        kept = json.loads(storage.read(f"{version.artifact}/{SNAPSHOT}"))
    except (FileNotFoundError, ValueError):
        return {"format": None, "types": {}}
    return dict(kept)


def _store(version: Version, model: TrainedModel, seen: Snapshot) -> str:
    """Write the artifact, its manifest last: an artifact without one is never read."""
    folder = paths.version(version.workspace_id, version.task_id, version.number)
    with tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR) as aside:
        local = Path(aside, "model")
        artifacts.save(model, local)
        (local / SNAPSHOT).write_text(json.dumps(seen.as_json()))
        for name in (SNAPSHOT, artifacts.ARRAYS, artifacts.MANIFEST):
            storage.write(f"{folder}/{name}", (local / name).read_bytes())
    return folder


@transaction.atomic
def _finish_training(
    version: Version,
    model: TrainedModel,
    folder: str,
    handle: jobs.Handle,
    fold_by: dict[str, str],
) -> None:
    # The fence, and the last moment at which cancelling counts, in this transaction.
    handle.report(fraction=1.0)
    handle.check()
    version.status = Version.Status.TRAINED
    version.dimension = model.dimension
    working = version.task.production_version
    version.metrics = {
        key: _summary(report)
        | {"production_version": working and working.number, "fold_by": fold_by[key]}
        for key, report in model.report().items()
    }
    version.detail = " ".join(
        f"{report['name']}: {report['verdict']['sentence']}" for report in version.metrics.values()
    )
    version.artifact = folder
    version.trained = timezone.now()
    version.save()


def _fold_keys(seen: Snapshot) -> dict[str, str]:
    return {str(kind.id): kind.fold_by for kind in seen.members}


def _summary(report: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a type's report that pages and API show; the artifact has all of it."""
    kept = dict(report)
    for part in ("unseen", "held_out"):
        if kept.get(part):
            by_group = kept[part]["by_group"]
            kept[part] = kept[part] | {
                "by_group": {name: rows[:WORST_GROUPS_KEPT] for name, rows in by_group.items()}
            }
    return kept


def close_training(*, version_id: UUID, cancelled: bool, message: str) -> None:
    """Close a version whose job ended before it was trained; a trained one stays trained."""
    # Conditional: a job may fail after its version was saved.
    Version.objects.filter(pk=version_id, status__in=Version.UNFINISHED).update(
        status=Version.Status.CANCELLED if cancelled else Version.Status.ERROR,
        detail=message,
        modified=timezone.now(),
    )
