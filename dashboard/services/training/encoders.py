"""Register encoders: tested at once, prepared by a job, complete or absent."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.models import User, Workspace
from dashboard import runtime
from dashboard.engine.custom import artifact, preparing
from dashboard.engine.custom.graph import Graph
from dashboard.engine.custom.isolated import try_isolated
from dashboard.engine.custom.preparing import Prepared, prepare
from dashboard.engine.custom.preprocessing import read_preprocessing
from dashboard.engine.errors import UnfitEncoder
from dashboard.engine.prior import BOTH
from dashboard.engine.progress import SILENT, Progress
from dashboard.files.sizes import readable_size
from dashboard.files.store import paths, storage
from dashboard.models import Encoder, Feature, Job, RegionFeature
from dashboard.queries.training.encoders import SHIPPED, users_of
from dashboard.services.errors import EmptyName, EncoderExists, EncoderInUse, EncoderRefused
from dashboard.services.jobs import jobs
from dashboard.services.jobs.queueing import enqueue
from dashboard.services.jobs.spans import Span
from dashboard.services.training.speeds import measure_speed, shipped_row

FEATURES_AT_ONCE = 5000
LARGEST_GRAPH = 2 << 30  # bytes; onnxruntime accepts no larger graph in one file
TOO_LARGE = "onnxruntime does not take it in one piece"
PIECE = 1 << 20


@dataclass(frozen=True)
class NewEncoder:
    """An encoder to register: a graph in a file, and what is stated of its input and output."""

    name: str
    graph: Path
    stated: dict[str, Any] = field(default_factory=dict)
    output: str = ""
    pooling: str = ""


def register_encoder(*, new: NewEncoder, workspace: Workspace, actor: User) -> tuple[Encoder, Job]:
    """Test an encoder, store it, and queue its preparation.

    Raises `EmptyName`, `EncoderExists`, and `EncoderRefused` if it is unfit; then nothing is
    stored.
    """
    row = _row(new, actor)
    # The file before the row: a listed encoder has its graph. The key is a hash, so another attempt
    # writes the same files.
    _store(new.graph, row)
    with transaction.atomic():
        _insert(row)
        job = enqueue(
            workspace=workspace,
            kind=Job.Kind.ENCODER,
            title=f"Preparation of the encoder “{row}”",
            subject_id=row.id,
            actor=actor,
        )
    return row, job


def register_at_once(
    *, new: NewEncoder, progress: Progress = SILENT, actor: User | None = None
) -> Encoder:
    """Register and prepare an encoder in this process, for commands; resume an interrupted one.

    Raises the errors of `register_encoder`.
    """
    try:
        row = _row(new, actor)
    except EncoderExists as known:
        row = known.encoder
        if row.state == Encoder.State.READY:
            raise
    else:
        _store(new.graph, row)
        _insert(row)
    _prepare(row, progress)
    return row


def run_preparing(*, encoder_id: UUID, handle: jobs.Handle) -> str:
    """Prepare an encoder with drawn images and mark it as ready; starts over after a kill."""
    row = Encoder.objects.get(pk=encoder_id)
    _prepare(row, Span(handle, 0, 0.99, "Testing with drawn images"))
    return f"“{row}” is ready to use."


def close_preparing(*, encoder_id: UUID, message: str) -> None:
    """Mark an encoder as failed whose job ended before it was ready."""
    rows = Encoder.objects.filter(pk=encoder_id, state=Encoder.State.PREPARING)
    rows.update(state=Encoder.State.FAILED, reason=message)


def prepare_again(*, encoder: Encoder, workspace: Workspace, actor: User) -> Job | None:
    """Queue the preparation of a failed encoder again; None if it has not failed."""
    with transaction.atomic():
        failed = Encoder.objects.filter(pk=encoder.pk, state=Encoder.State.FAILED)
        if not failed.update(state=Encoder.State.PREPARING, reason=""):
            return None
        return enqueue(
            workspace=workspace,
            kind=Job.Kind.ENCODER,
            title=f"Preparation of the encoder “{encoder}”",
            subject_id=encoder.id,
            actor=actor,
        )


@transaction.atomic
def set_default_key(*, key: str) -> None:
    """Set the default encoder by its key, shipped or registered.

    Raises `Encoder.DoesNotExist` and `EncoderRefused`.
    """
    if key == BOTH:
        return set_default(encoder=None)
    if key in SHIPPED:
        return set_default(encoder=shipped_row(key))
    return set_default(encoder=Encoder.objects.get(key=key))


@transaction.atomic
def set_default(*, encoder: Encoder | None) -> None:
    """Set the encoder that is used where no other was chosen; None: the built-in one.

    Search changes to it, workspace by workspace, once the features of all images are computed:
    workers begin with that at a sweep. Raises `EncoderRefused` if it is not ready.
    """
    # All rows, in one order: of two concurrent changes of the default, the second waits.
    rows = Encoder.objects.select_for_update().order_by("id")
    list(rows)
    Encoder.objects.filter(is_default=True).update(is_default=False)
    if encoder is None:
        return
    ready = Encoder.objects.filter(pk=encoder.pk, state=Encoder.State.READY)
    if not ready.update(is_default=True):
        raise EncoderRefused(f"“{encoder}” is not ready yet.")


def delete_encoder(*, encoder: Encoder) -> None:
    """Delete an encoder, its features, and its files.

    Raises `EncoderInUse` while a task, a version or the search of a workspace uses it.
    """
    with transaction.atomic():
        Encoder.objects.select_for_update().get(pk=encoder.pk)
        tasks, versions, workspaces = users_of(encoder)
        if tasks or versions or workspaces:
            raise EncoderInUse(encoder, tasks=tasks, versions=versions, workspaces=workspaces)
        Encoder.objects.filter(pk=encoder.pk).delete()
    # After the row is deleted, in batches: no new work can name the encoder any more.
    for kind in (Feature, RegionFeature):
        rows = kind.objects.filter(encoder=encoder.key).order_by("id")
        while ids := list(rows.values_list("id", flat=True)[:FEATURES_AT_ONCE]):
            kind.objects.filter(pk__in=ids).delete()
    storage.delete_all(paths.encoder(encoder.key))


def _row(new: NewEncoder, actor: User | None) -> Encoder:
    """Test the graph and return its row, unsaved."""
    if not new.name.strip():
        raise EmptyName("encoder")
    size = new.graph.stat().st_size
    if size > LARGEST_GRAPH:
        raise EncoderRefused(f"The file is over {readable_size(LARGEST_GRAPH)}: {TOO_LARGE}.")
    try:
        # In a separate process: a hostile graph may use all memory or crash the runtime.
        tried = try_isolated(new.graph, new.stated, output=new.output, pooling=new.pooling)
    except UnfitEncoder as error:
        raise EncoderRefused(str(error)) from error
    key = artifact.key_of(_sha256(new.graph), tried.preprocessing, new.output, new.pooling)
    if (known := Encoder.objects.filter(key=key).first()) is not None:
        raise EncoderExists(known)
    return Encoder(
        key=key,
        name=new.name.strip(),
        stated=tried.preprocessing.as_json(),
        output=new.output,
        pooling=new.pooling,
        dimension=tried.trial.dimension,
        seconds=tried.trial.seconds,
        file_size=size,
        created_by=actor,
    )


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _store(file: Path, row: Encoder) -> None:
    """Store the graph, reading one piece at a time."""
    with file.open("rb") as stream:
        name = f"{paths.encoder(row.key)}/{artifact.GRAPH}"
        storage.write_stream(name, stream, limit=LARGEST_GRAPH)


@contextmanager
def _graph_file(row: Encoder) -> Iterator[Path]:
    """Copy the graph from the storage into a file, from which it loads with less memory."""
    stored = f"{paths.encoder(row.key)}/{artifact.GRAPH}"
    with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, suffix=".onnx") as file:
        with storage.open(stored) as stream:
            shutil.copyfileobj(stream, file, PIECE)
        file.flush()
        yield Path(file.name)


def _insert(row: Encoder) -> None:
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:  # registered by somebody else at the same moment
        raise EncoderExists(row) from error


def _prepare(row: Encoder, progress: Progress) -> None:
    if row.state == Encoder.State.READY:  # killed after the last write, before the job ended
        return
    with _graph_file(row) as file:
        sha256 = _sha256(file)
        try:
            graph = Graph(file, output=row.output, pooling=row.pooling)
            preprocessing = read_preprocessing(row.stated, graph.input)
            prepared: Prepared = prepare(
                row.key, graph, preprocessing, amounts=preparing.AMOUNTS, progress=progress
            )
        except UnfitEncoder as error:
            raise EncoderRefused(str(error)) from error
    for name, content in artifact.packed(prepared, sha256).items():
        storage.write(f"{paths.encoder(row.key)}/{name}", content)
    runtime.own(row.key)  # loaded once before anything depends on it
    Encoder.objects.filter(pk=row.pk).update(state=Encoder.State.READY, reason="")
    row.state = Encoder.State.READY
    measure_speed(row)
