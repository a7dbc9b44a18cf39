"""The schema's examples, come true: each id of `examples.py` is there and is what it stands for."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from unittest.mock import patch
from uuid import UUID

import pytest
from django.db.models import Model

from accounts.models import User, Workspace
from dashboard.api.schema import examples
from dashboard.jobs import runner
from dashboard.models import (
    AsyncRequest,
    Collection,
    Group,
    Image,
    Label,
    Region,
    SimilarityType,
    Task,
    Upload,
    Verification,
    Version,
)
from dashboard.services.jobs import queueing
from dashboard.services.library import images
from dashboard.services.library.groups import add_images
from dashboard.services.library.verifications import verify_group, verify_image
from dashboard.services.requests.async_requests import SentRecord, start_descriptors
from dashboard.services.training.tasks import add_type
from dashboard.services.training.training import start_training
from dashboard.services.training.versions import set_production
from dashboard.services.uploads.receiving import open_upload, register_parts
from dashboard.services.uploads.receiving_names import NewPart
from dashboard.services.workspaces.workspaces import open_workspace
from tests.factories import (
    drawn_png,
    make_collection,
    make_group,
    make_image,
    make_label,
    make_records,
    make_region,
    make_task,
    make_type,
    make_upload,
    make_user,
)


def tell(monkeypatch: pytest.MonkeyPatch) -> User:
    """Make everything that the examples name; return whose it is."""
    monkeypatch.setattr(queueing.app, "send_task", lambda *_, **__: None)
    with called(User, examples.USER):
        owner = make_user("alice")
    with called(Workspace, examples.WORKSPACE):
        workspace = open_workspace(name="Alice’s shop", actor=owner)
    with called(SimilarityType, examples.TYPE):
        kind = make_type(workspace)
    with called(SimilarityType, examples.TYPE_UNUSED):
        make_type(workspace, "Same colours")
    with called(Image, examples.IMAGE):
        first = make_image(workspace, 0)
    with called(Image, examples.IMAGE_LOOSE):
        make_image(workspace, 1)
    with called(Group, examples.GROUP):
        red = make_group(kind)
    with called(Group, examples.GROUP_INNER):
        make_group(kind, "Red shoe from above")
    with called(Label, examples.LABEL):
        make_label(workspace)
    with called(Group, examples.FOLDER):
        make_group(kind, "Shoes")
    with called(Region, examples.OBJECT):
        make_region(first)
    with called(Verification, examples.VERIFICATION):
        verify_group(group=red, user=owner, actor=owner)
    with called(Verification, examples.IMAGE_VERIFICATION):
        verify_image(image=first, user=owner, actor=owner)
    fill(red, [first, make_image(workspace, 2)], owner)
    fill(make_group(kind, "Blue shoe"), [make_image(workspace, seed) for seed in (3, 4)], owner)
    version = train(workspace, kind, owner)
    with called(AsyncRequest, examples.LONG_REQUEST):
        record = SentRecord(b'{"_id":"mine"}', drawn_png())
        request = start_descriptors(version=version, records=[record], actor=owner)
    runner.run_job(str(request.job.id))
    with called(Collection, examples.COLLECTION):
        collection = make_collection(workspace)
    with called(Upload, examples.UPLOAD):
        upload = open_upload(workspace=workspace, name="Spring", similarity_type=kind, actor=owner)
    known = NewPart("red/1.jpg", 9, first.sha256)
    register_parts(upload=upload, parts=[known], actor=owner)
    with called(Upload, examples.UPLOAD_LOOKED_THROUGH):
        make_upload(workspace, stage="planned", committed=None)
    make_records(collection, "mine", "another")
    return owner


def fill(group: Group, members: list[Image], owner: User) -> None:
    add_images(group=group, ids=[image.id for image in members], actor=owner)


def train(workspace: Workspace, kind: SimilarityType, owner: User) -> Version:
    """Train the example's task, so that it has the example's version, in production."""
    with called(Task, examples.TASK):
        task = make_task(workspace)
    add_type(task=task, similarity_type=kind, actor=owner)
    with called(Version, examples.VERSION):
        version, job = start_training(task=task, actor=owner)
    runner.run_job(str(job.id))
    version.refresh_from_db()
    set_production(version=version, production=True, actor=owner)
    return version


@contextmanager
def called(model: type[Model], pk: str) -> Iterator[None]:
    """Let the next row of the model have this id."""
    field = model._meta.pk
    usual = field._get_default  # type: ignore[attr-defined]
    field.__dict__["_get_default"] = lambda: UUID(pk)
    with patch.object(images, "uuid", SimpleNamespace(uuid4=lambda: UUID(pk))):
        yield
    field.__dict__["_get_default"] = usual
