"""Register encoders: tried at once, prepared by a job, never half there."""

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
LARGEST_GRAPH = 2 << 30  # bytes; onnxruntime takes no larger graph in one file
TOO_LARGE = "onnxruntime does not take it in one piece"
PIECE = 1 << 20


@dataclass(frozen=True)
class NewEncoder:
    """What somebody brings: a graph in a file, and what is said of its input and output."""

    name: str
    graph: Path
    stated: dict[str, Any] = field(default_factory=dict)
    output: str = ""
    pooling: str = ""


def register_encoder(*, new: NewEncoder, workspace: Workspace, actor: User) -> tuple[Encoder, Job]:
    """Try an encoder, keep it, and queue its preparation.

    Raises `EmptyName`, `EncoderExists`, and `EncoderRefused` if it is unfit, with nothing kept.
    """
    row = _row(new, actor)
    # The file before the row: an encoder that is listed has its graph. The key is a hash, so a
    # second try writes the same files.
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
    """Do all of it in this process, for commands; what broke off before is done again.

    Raises what `register_encoder` raises.
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
    """Show the drawn images to an encoder and make it ready; from the start after a kill."""
    row = Encoder.objects.get(pk=encoder_id)
    _prepare(row, Span(handle, 0, 0.99, "Testing with drawn images"))
    return f"“{row}” is ready to use."


def close_preparing(*, encoder_id: UUID, message: str) -> None:
    """Mark an encoder as failed whose job ended without it."""
    rows = Encoder.objects.filter(pk=encoder_id, state=Encoder.State.PREPARING)
    rows.update(state=Encoder.State.FAILED, reason=message)


def prepare_again(*, encoder: Encoder, workspace: Workspace, actor: User) -> Job | None:
    """Queue the preparation of one that failed; None if it did not fail."""
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
    """Do what `set_default` does by the key of an encoder, shipped or registered.

    Raises `Encoder.DoesNotExist`, `EncoderRefused`.
    """
    if key == BOTH:
        return set_default(encoder=None)
    if key in SHIPPED:
        return set_default(encoder=shipped_row(key))
    return set_default(encoder=Encoder.objects.get(key=key))


@transaction.atomic
def set_default(*, encoder: Encoder | None) -> None:
    """Let an encoder be used where nobody chose another; None: the one that is built in.

    Search goes over to it, workspace by workspace, once it has looked at all their images: workers
    begin with that at a sweep. Raises `EncoderRefused` if it is not ready.
    """
    # All rows, in one order: of two defaults that are chosen at once, the second waits.
    rows = Encoder.objects.select_for_update().order_by("id")
    list(rows)
    Encoder.objects.filter(is_default=True).update(is_default=False)
    if encoder is None:
        return
    ready = Encoder.objects.filter(pk=encoder.pk, state=Encoder.State.READY)
    if not ready.update(is_default=True):
        raise EncoderRefused(f"“{encoder}” is not ready yet.")


def delete_encoder(*, encoder: Encoder) -> None:
    """Remove an encoder, the features that it gave, and its files.

    Raises `EncoderInUse` while a task or a version needs it.
    """
    with transaction.atomic():
        Encoder.objects.select_for_update().get(pk=encoder.pk)
        tasks, versions, workspaces = users_of(encoder)
        if tasks or versions or workspaces:
            raise EncoderInUse(encoder, tasks=tasks, versions=versions, workspaces=workspaces)
        Encoder.objects.filter(pk=encoder.pk).delete()
    # After the row is gone, in batches: no new work can name the encoder any more.
    for kind in (Feature, RegionFeature):
        rows = kind.objects.filter(encoder=encoder.key).order_by("id")
        while ids := list(rows.values_list("id", flat=True)[:FEATURES_AT_ONCE]):
            kind.objects.filter(pk__in=ids).delete()
    storage.delete_all(paths.encoder(encoder.key))


def _row(new: NewEncoder, actor: User | None) -> Encoder:
    """Try the graph and describe it as a row that is not saved yet."""
    if not new.name.strip():
        raise EmptyName("encoder")
    size = new.graph.stat().st_size
    if size > LARGEST_GRAPH:
        raise EncoderRefused(f"The file is over {readable_size(LARGEST_GRAPH)}: {TOO_LARGE}.")
    try:
        # In a process of its own: a hostile graph may take all memory or crash the runtime.
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
    """Keep the graph; never more of it than a piece is in memory."""
    with file.open("rb") as stream:
        name = f"{paths.encoder(row.key)}/{artifact.GRAPH}"
        storage.write_stream(name, stream, limit=LARGEST_GRAPH)


@contextmanager
def _graph_file(row: Encoder) -> Iterator[Path]:
    """Put the graph from the storage into a file, from which it is loaded with less memory."""
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
    except IntegrityError as error:  # somebody else registered it at the same moment
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
    runtime.own(row.key)  # read back once before anybody depends on it
    Encoder.objects.filter(pk=row.pk).update(state=Encoder.State.READY, reason="")
    row.state = Encoder.State.READY
    measure_speed(row)
