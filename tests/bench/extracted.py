"""Images in a storage and the two ways to their descriptors: the job, and the engine alone."""

import shutil
import tempfile
import uuid
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from accounts.models import User, Workspace
from accounts.services import create_user
from dashboard import runtime
from dashboard.engine import artifacts
from dashboard.engine.prior import BOTH
from dashboard.engine.trained_model import TrainedModel
from dashboard.files.images import images as pictures
from dashboard.files.store import paths, storage
from dashboard.jobs.runner import run_job
from dashboard.models import Feature, Image, Version
from dashboard.services.extractions.extractions import start_extraction
from dashboard.services.library.images import NewImage, insert_images, write_files
from dashboard.services.training.tasks import create_task
from dashboard.services.workspaces.workspaces import open_workspace
from tests.bench.figures import seconds
from tests.pictures import photos

AT_ONCE = 100


class Extracted:
    """A workspace of photos, and a version that describes them."""

    def __init__(self, count: int) -> None:
        self.owner = create_user(email="bench@example.org", password="correct horse battery")
        self.workspace = open_workspace(name="Photos", actor=self.owner)
        files = iter(photos(count))
        while batch := list(islice(files, AT_ONCE)):
            add(self.workspace, self.owner, batch)
        self.stored = [
            storage.read(paths.image(image.workspace_id, image.pk, image.extension))
            for image in Image.objects.order_by("pk")
        ]
        self.version = _version(self.workspace, self.owner)

    def engine_alone(self) -> list[NDArray[np.float32]]:
        """Decode, encode and describe every picture, from memory into memory."""
        encoder, model = runtime.encoder(self.version.encoder), self._model()

        def one(data: bytes) -> NDArray[np.float32]:
            shown = pictures.decode_for_encoder(data, side=encoder.size)
            return model.describe(encoder.encode(shown)[None])[0]

        with ThreadPoolExecutor(settings.LIKEWISE_WORKERS) as pool:
            return list(pool.map(one, self.stored))

    def job_seconds(self) -> float:
        """Time the whole job, from files of the storage to a file of the storage."""
        Feature.objects.all().delete()
        extraction, job = start_extraction(
            workspace=self.workspace, version=self.version, file_format="parquet", actor=self.owner
        )
        elapsed = seconds(partial(run_job, str(job.pk)))
        extraction.refresh_from_db()
        if extraction.count != len(self.stored):
            raise RuntimeError("the extraction failed")
        return elapsed

    def _model(self) -> TrainedModel:
        return runtime.version(self.version.id, self.version.artifact)


def add(workspace: Workspace, owner: User, files: list[bytes]) -> None:
    """Bring pictures in without an upload."""

    def made(data: bytes) -> NewImage:
        new = NewImage(uuid.uuid4(), pictures.prepare(data))
        write_files(workspace, new.id, new.picture)
        return new

    with ThreadPoolExecutor(settings.LIKEWISE_WORKERS) as pool:
        insert_images(workspace=workspace, images=list(pool.map(made, files)), actor=owner)


def _version(workspace: Workspace, owner: User) -> Version:
    """Make a version of the default encoder's untrained model, stored as a training stores one."""
    model = runtime.untrained(BOTH)
    task = create_task(workspace=workspace, name="Photos", actor=owner)
    folder = Path(tempfile.mkdtemp())
    artifacts.save(model, folder / "model")
    for file in (folder / "model").iterdir():
        storage.write(f"bench/{file.name}", file.read_bytes())
    shutil.rmtree(folder)
    return Version.objects.create(
        workspace=workspace,
        task=task,
        number=1,
        status=Version.Status.TRAINED,
        encoder=model.encoder,
        dimension=model.dimension,
        artifact="bench",
        trained=workspace.created,
    )
