"""Make the cast of users and small objects for them to work with.

Alice owns the workspace, Ann administers it, Bob edits, Vera views. Charlie is a stranger: he has a
separate workspace and must never see theirs.
"""

import io
import random
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from django.db import connection
from django.test import Client
from django.utils import timezone
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw
from rest_framework.test import APIClient

from accounts.journal import record
from accounts.models import Membership, Role, User, Workspace
from accounts.services import create_user, issue_token
from accounts.verbs import Verb
from dashboard.engine import artifacts
from dashboard.engine.prior import builtin_prior
from dashboard.engine.trained_model import untrained_model
from dashboard.files.store import storage
from dashboard.models import (
    DEFAULT_LABEL,
    AsyncRequest,
    Collection,
    Connection,
    Group,
    Image,
    Job,
    Label,
    Link,
    Outgoing,
    Record,
    Region,
    SimilarityType,
    Task,
    Upload,
    Version,
    Webhook,
)
from dashboard.models.webhooks import Event
from dashboard.services.connections.connections import add_connection
from dashboard.services.library.groups import create_group
from dashboard.services.library.images import add_image
from dashboard.services.library.labels import create_label
from dashboard.services.library.regions import Box, create_region
from dashboard.services.library.similarity_types import create_type
from dashboard.services.search.collections import create_collection
from dashboard.services.search.records import NewRecord, add_records
from dashboard.services.training.tasks import create_task
from dashboard.services.webhooks.webhooks import add_webhook
from dashboard.services.workspaces.workspaces import open_workspace

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Cast:
    """Five users and their two workspaces."""

    alice: User
    ann: User
    bob: User
    vera: User
    charlie: User
    workspace: Workspace
    elsewhere: Workspace


class ApiClient(APIClient):
    """A client of the REST API that sends JSON unless `format="multipart"` is given."""

    default_format = "json"


def make_cast() -> Cast:
    # Half of all statements would be savepoints, to which nothing here is rolled back.
    with patch.object(connection.features, "uses_savepoints", False):
        return _cast()


def _cast() -> Cast:
    alice, charlie = make_user("alice"), make_user("charlie")
    workspace = open_workspace(name="Alice’s shop", actor=alice)
    return Cast(
        alice=alice,
        ann=make_member(workspace, "ann", Role.ADMIN),
        bob=make_member(workspace, "bob", Role.EDITOR),
        vera=make_member(workspace, "vera", Role.VIEWER),
        charlie=charlie,
        workspace=workspace,
        elsewhere=open_workspace(name="Charlie’s corner", actor=charlie),
    )


def make_user(name: str) -> User:
    return create_user(email=f"{name}@example.org", password=PASSWORD, name=name.title())


def make_member(workspace: Workspace, name: str, role: str) -> User:
    user = make_user(name)
    Membership.objects.create(workspace=workspace, user=user, role=role)
    return user


def make_key(user: User, workspace: Workspace | None = None, **fields: Any) -> str:
    """Issue an API token and return it; the default is the user's first workspace."""
    workspace = workspace or user.memberships.order_by("created").first().workspace
    _, key = issue_token(name=fields.pop("name", "test"), workspace=workspace, **fields, actor=user)
    return key


def make_connection(workspace: Workspace, url: str = "https://there.example.org") -> Connection:
    owner = workspace.memberships.get(role=Role.OWNER).user
    return add_connection(workspace=workspace, url=url, actor=owner)


def make_link(workspace: Workspace, url: str = "https://there.example.org") -> Link:
    """Link a workspace with one on a server that nobody asks; return the link that it has."""
    found = Link.objects.filter(workspace=workspace).first()
    if found is not None:
        return found
    there = Connection.objects.filter(workspace=workspace, url=url).first()
    link = Link.objects.create(
        workspace=workspace,
        connection=there or make_connection(workspace, url),
        remote_workspace="ws-7",
        remote_name="Shop there",
    )
    workspace.mirrors = str(link)
    workspace.save(update_fields=["mirrors"])
    return link


def make_outgoing(link: Link, **fields: Any) -> Outgoing:
    """Have a change of the link's workspace refused by the other server."""
    group = make_group(make_type(link.workspace), "Refused there")
    change = record(
        workspace=link.workspace,
        verb=Verb.CHANGED,
        noun="group",
        target_id=group.pk,
        target_name=group.name,
        actor=owner_of(link.workspace),
    )
    told = {"state": Outgoing.State.REFUSED, "problem": "You may not do this."} | fields
    return Outgoing.objects.create(link=link, change=change, **told)


def make_webhook(
    workspace: Workspace, url: str = "https://receiver.example.org/hook", **fields: Any
) -> Webhook:
    fields = {"events": Event.values, "actor": owner_of(workspace)} | fields
    return add_webhook(workspace=workspace, url=url, **fields)[0]


def signed_in(user: User) -> Client:
    """Return a browser client in which the user has signed in."""
    client = Client()
    client.force_login(user)
    return client


def api_client(who: User | str | None) -> ApiClient:
    """Return a client that sends a token of the user, the given token, or none."""
    client = ApiClient()
    key = make_key(who) if isinstance(who, User) else who
    if key is not None:
        client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    return client


# Objects in a workspace, made by its owner


def owner_of(workspace: Workspace) -> User:
    return workspace.memberships.get(role=Role.OWNER).user


def make_image(workspace: Workspace, seed: int = 0, **fields: Any) -> Image:
    fields = {"file_name": f"{seed}.jpg", "actor": owner_of(workspace)} | fields
    return add_image(workspace=workspace, data=drawn_jpeg(seed), **fields)


def make_type(workspace: Workspace, name: str = "Same product", **fields: Any) -> SimilarityType:
    fields = {"exclusive": False, "actor": owner_of(workspace)} | fields
    return create_type(workspace=workspace, name=name, **fields)


def make_group(similarity_type: SimilarityType, name: str = "Red shoe", **fields: Any) -> Group:
    fields = {"actor": owner_of(similarity_type.workspace)} | fields
    return create_group(similarity_type=similarity_type, name=name, **fields)


def make_label(workspace: Workspace, name: str = "Heel", **fields: Any) -> Label:
    return create_label(
        workspace=workspace, fields={"name": name} | fields, actor=owner_of(workspace)
    )


def make_region(image: Image, **fields: Any) -> Region:
    fields = {
        "label": Label.objects.filter(workspace=image.workspace, name=DEFAULT_LABEL).first(),
        "box": Box(0, 0, 8, 8),
        "actor": owner_of(image.workspace),
    } | fields
    return create_region(image=image, **fields)


def make_task(workspace: Workspace, name: str = "Shoes", **fields: Any) -> Task:
    fields = {"actor": owner_of(workspace)} | fields
    return create_task(workspace=workspace, name=name, **fields)


def make_version(task: Task, **fields: Any) -> Version:
    """Make a trained version; its artifact is a name without a file."""
    number = task.versions.count() + 1
    fields = {
        "status": Version.Status.TRAINED,
        "dimension": 128,
        "trained": timezone.now(),
        "artifact": f"versions/{number}",
        "encoder": "builtin-1",
    } | fields
    return Version.objects.create(workspace=task.workspace, task=task, number=number, **fields)


def make_described_version(task: Task, **fields: Any) -> Version:
    """Make a version that can describe images: the untrained model, stored as a training does."""
    model = untrained_model(builtin_prior())
    version = make_version(task, encoder=model.encoder, dimension=model.dimension, **fields)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "model")
        artifacts.save(model, made)
        for file in made.iterdir():
            storage.write(f"{version.artifact}/{file.name}", file.read_bytes())
    return version


def make_collection(workspace: Workspace, name: str = "Catalogue", **fields: Any) -> Collection:
    """Make an empty collection of a version that can describe images."""
    fields = {"actor": owner_of(workspace)} | fields
    if "task" not in fields:
        fields["task"] = make_task(workspace)
        make_described_version(fields["task"])
    return create_collection(name=name, **fields)


def make_records(collection: Collection, *keys: str, **fields: Any) -> list[Record]:
    """Add records with made-up descriptors; the same key gives the same descriptor."""
    dimension = collection.version.dimension or 0
    new = [NewRecord(key, {"name": key} | fields, made_up_row(key, dimension)) for key in keys]
    add_records(collection=collection, records=new, actor=owner_of(collection.workspace))
    collection.refresh_from_db()
    return list(collection.records.filter(key__in=keys).order_by("pk"))


def made_up_row(key: str, dimension: int) -> NDArray[np.float32]:
    row = np.random.default_rng(list(key.encode())).normal(size=dimension)
    return (row / np.linalg.norm(row)).astype(np.float32)


def make_upload(workspace: Workspace, **fields: Any) -> Upload:
    fields = {
        "name": "shoes.zip",
        "created_by": owner_of(workspace),
        "stage": Upload.Stage.COMMITTED,
        "committed": timezone.now(),
    } | fields
    return Upload.objects.create(workspace=workspace, **fields)


def make_job(workspace: Workspace, **fields: Any) -> Job:
    fields = {
        "kind": Job.Kind.UPLOAD,
        "queue": "upload",
        "title": "Upload of shoes.zip",
        "subject_id": uuid.uuid4(),
        "created_by": owner_of(workspace),
    } | fields
    return Job.objects.create(workspace=workspace, **fields)


def make_request(workspace: Workspace, **fields: Any) -> AsyncRequest:
    """Make an upload over the API; its job is waiting."""
    fields = {"kind": AsyncRequest.Kind.UPLOAD, "created_by": owner_of(workspace)} | fields
    fields = {"job": make_job(workspace, kind=Job.Kind.ASYNC_UPLOAD)} | fields
    made = AsyncRequest.objects.create(workspace=workspace, **fields)
    Job.objects.filter(pk=made.job.pk).update(subject_id=made.id)
    return made


# Images: the same seed and size give the same image


def drawn(seed: int, size: tuple[int, int] = (64, 48)) -> Pillow.Image:
    """Draw a few coloured shapes."""
    dice = random.Random(seed)
    picture = Pillow.new("RGB", size, _colour(dice))
    pen = ImageDraw.Draw(picture)
    for shape in (pen.rectangle, pen.ellipse, pen.rectangle, pen.ellipse):
        left, top = dice.randrange(size[0]), dice.randrange(size[1])
        right, bottom = left + size[0] // 3, top + size[1] // 3
        shape((left, top, right, bottom), fill=_colour(dice))
    return picture


def drawn_jpeg(seed: int = 0, size: tuple[int, int] = (64, 48)) -> bytes:
    return _encoded(drawn(seed, size), "JPEG", quality=90)


def drawn_png(seed: int = 0, size: tuple[int, int] = (64, 48)) -> bytes:
    return _encoded(drawn(seed, size), "PNG")


def _colour(dice: random.Random) -> tuple[int, int, int]:
    return dice.randrange(256), dice.randrange(256), dice.randrange(256)


def _encoded(picture: Pillow.Image, form: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, form, **options)
    return stream.getvalue()
