"""Calls of the API, each with the fastest plain code that does the same work.

What is compared is looked at first: the same bytes, the same pixels, the same rows.
"""

import base64
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import orjson
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import path
from django.utils import timezone

from accounts.models import User, Workspace
from accounts.services import issue_token
from dashboard import runtime, urls
from dashboard.engine.prior import ASSETS, BOTH, BUILTIN, PHOTO
from dashboard.models import Group, GroupImage, Image, Task, Version
from dashboard.queries.pages import encode
from dashboard.services.library.groups import create_group
from dashboard.services.library.similarity_types import create_type
from tests.bench import reference
from tests.bench.filled import filled
from tests.pictures import photos

SIMILARITY = "/similarity/training/v2/"
PLAIN = "bench/groups"


def _owned(images: int, groups: int) -> tuple[Workspace, User, Client]:
    """Make a full workspace and a client of its owner's key."""
    workspace = filled(images, groups).workspace
    owner = workspace.memberships.get().user
    _, key = issue_token(name="bench", workspace=workspace, actor=owner)
    return workspace, owner, Client(headers={"authorization": f"Token {key}"})


def _checked(answer: Any) -> bytes:
    if answer.status_code != 200:
        raise RuntimeError(f"status {answer.status_code}: {answer.content[:500]!r}")
    return bytes(answer.content)


class GroupList:
    """A page of groups; the plain view asks for no key and takes no parameters."""

    COLUMNS = (
        "id", "name", "description", "meta_data", "test_group", "images_count", "regions_count",
        "groups_count", "verify_count", "workspace_id", "created", "modified",
        "similarity_type_id", "similarity_type__name", "similarity_type__workspace_id",
    )  # fmt: skip

    def __init__(self, groups: int) -> None:
        self.workspace, _, self.client = _owned(2 * groups, groups)
        urls.urlpatterns.insert(0, path(PLAIN, self._view))
        if self.ours() != self.plain():
            raise RuntimeError("the two lists differ")

    def ours(self) -> bytes:
        """Ask for the first page."""
        return _checked(self.client.get(f"{SIMILARITY}group/"))

    def plain(self) -> bytes:
        """Ask the plain view for it."""
        return _checked(self.client.get(f"/{PLAIN}"))

    def _view(self, request: HttpRequest) -> HttpResponse:
        rows = Group.objects.filter(workspace=self.workspace)
        page = rows.order_by("-created", "-id").values(*self.COLUMNS)[:100]
        results = [_written(row) for row in page]
        cursor = f"2x100.{encode(results[-1]['created'], results[-1]['id'])}"
        here = f"http://{request.get_host()}{SIMILARITY}group/"
        body = {
            "count": rows.count(),
            "next": f"{here}?page=2&cursor={cursor}",
            "previous": None,
            "results": results,
        }
        return HttpResponse(orjson.dumps(body), content_type="application/json")


def _written(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "type": {
            "id": row["similarity_type_id"],
            "name": row["similarity_type__name"],
            "workspace": row["similarity_type__workspace_id"],
        },
        "meta_data": row["meta_data"],
        "test_group": row["test_group"],
        "images_count": row["images_count"],
        "objects_count": row["regions_count"],
        "groups_count": row["groups_count"],
        "verifyCount": row["verify_count"],
        "workspace": row["workspace_id"],
        "created": row["created"],
        "modified": row["modified"],
    }


class Description:
    """A call of JPEGs; plain is decoding, scaling to both encoders' squares, and the bare sessions.

    Plain has no base64 to undo, no head to apply and nothing to write.
    """

    def __init__(self, pictures: int, side: int) -> None:
        self.files = photos(pictures, (side, side))
        workspace, _, self.client = _owned(2, 1)
        version = _untrained(workspace)
        records = [{"_base64": base64.b64encode(data).decode()} for data in self.files]
        self.body = orjson.dumps({"task_id": str(version.task_id), "records": records})
        self.graphs = [reference.graph(key) for key in (BUILTIN, PHOTO)]
        self._compare()

    def ours(self) -> bytes:
        """Ask for the descriptors."""
        address = f"{SIMILARITY}descriptor/"
        return _checked(self.client.post(address, self.body, content_type="application/json"))

    def plain(self) -> list[Any]:
        """Encode the pictures, on as many threads."""
        with ThreadPoolExecutor(settings.LIKEWISE_WORKERS) as pool:
            return list(pool.map(partial(reference.answers, graphs=self.graphs), self.files))

    def _compare(self) -> None:
        answered = [record["_descriptor"] for record in orjson.loads(self.ours())["records"]]
        with np.load(ASSETS / f"{PHOTO}.npz", allow_pickle=False) as arrays:
            mean, axes = arrays["mean"], arrays["axes"].astype(np.float32)
        features = [
            np.concatenate([builtin, (photo - mean) @ axes]) for builtin, photo in self.plain()
        ]
        rows = runtime.untrained(BOTH).describe(np.float16(features))
        np.testing.assert_allclose(answered, rows, atol=1e-3)  # the last bit of a half may differ


def _untrained(workspace: Workspace) -> Version:
    """Make a version in production whose head is the shipped one, and hold it as if loaded."""
    model = runtime.untrained(BOTH)
    task = Task.objects.get(workspace=workspace)
    version = Version.objects.create(
        workspace=workspace,
        task=task,
        number=1,
        status=Version.Status.TRAINED,
        dimension=model.dimension,
        trained=timezone.now(),
        artifact="none",
        encoder=model.encoder,
    )
    Task.objects.filter(pk=task.pk).update(production_version=version)
    runtime._versions.get(version.id, lambda: model)
    return version


class Addition:
    """`add-images` of many ids; plain inserts rows that are ready, and knows that all are new."""

    def __init__(self, images: int) -> None:
        workspace, owner, self.client = _owned(images, 1)
        kind = create_type(workspace=workspace, name="Other", exclusive=False, actor=owner)
        self.group = create_group(similarity_type=kind, name="Large", actor=owner)
        rows = Image.objects.in_workspace(workspace).values_list("id", "created")
        self.ids = [row[0] for row in rows]
        self.rows = [self._ready(kind.pk, *row) for row in rows]

    def _ready(self, type_id: Any, image_id: Any, created: Any) -> list[Any]:
        values = (self.group.pk, image_id, type_id, False, created)
        pairs = zip(self._fields(), values, strict=True)
        return [field.get_db_prep_save(value, connection) for field, value in pairs]

    @staticmethod
    def _fields() -> list[Any]:
        return [field for field in GroupImage._meta.concrete_fields if not field.primary_key]

    def empty(self) -> None:
        """Take everything out of the group."""
        GroupImage.objects.filter(group=self.group).delete()
        Group.objects.filter(pk=self.group.pk).update(images_count=0)

    def ours(self, count: int | None = None) -> bytes:
        """Put the images in."""
        address = f"{SIMILARITY}group/{self.group.pk}/add-images/"
        body = orjson.dumps({"images": self.ids[:count]})
        return _checked(self.client.post(address, body, content_type="application/json"))

    def plain(self) -> None:
        """Write the rows in the quickest way that the database has."""
        table = GroupImage._meta.db_table
        columns = ", ".join(field.column for field in self._fields())
        with transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                    for row in self.rows:
                        copy.write_row(row)
            else:
                places = ", ".join(["%s"] * len(self._fields()))
                cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", self.rows)

    def queries(self, count: int) -> int:
        """Count the queries of adding so many."""
        self.empty()
        with CaptureQueriesContext(connection) as queries:
            self.ours(count)
        return len(queries)
