"""A workspace full of rows, without their files: pages do not open them."""

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import User, Workspace  # noqa: E402
from accounts.services import create_user  # noqa: E402
from dashboard.models import Group, GroupImage, Image, SimilarityType  # noqa: E402
from dashboard.queries.library.images import images_in  # noqa: E402
from dashboard.queries.pages import page  # noqa: E402
from dashboard.services.library.similarity_types import create_type  # noqa: E402
from dashboard.services.training.tasks import add_type, create_task  # noqa: E402
from dashboard.services.workspaces.workspaces import open_workspace  # noqa: E402


def ready() -> None:
    """Make the tables, and serve static files by their plain names."""
    settings.STORAGES["staticfiles"] = {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
    }
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    logging.getLogger("likewise").setLevel(logging.WARNING)
    call_command("migrate", verbosity=0)


@dataclass(frozen=True)
class Filled:
    """A full workspace, its owner's browser, and the addresses of its pages."""

    workspace: Workspace
    client: Client
    pages: dict[str, str]

    def clients(self, name: str) -> Callable[[], object]:
        """Return a function that opens a page."""
        return lambda: self._open(self.pages[name])

    def fragment(self) -> object:
        """Open the grid as htmx does when somebody scrolls."""
        return self._open("/images/", headers={"HX-Request": "true"})

    def _open(self, address: str, **options: Any) -> object:
        answer = self.client.get(address, **options)
        if answer.status_code != 200:
            raise RuntimeError(f"{address} answered {answer.status_code}")
        return answer

    def grid_query(self) -> object:
        """Find the sixty images of the grid, and no more."""
        return page(images_in(self.workspace))


def filled(images: int, groups: int) -> Filled:
    """Make a workspace with so many images, spread over so many groups of one type."""
    owner = create_user(email=f"{images}@example.org", password="correct horse battery")
    workspace = open_workspace(name=f"{images} images", actor=owner)
    kind = create_type(workspace=workspace, name="Same product", exclusive=True, actor=owner)
    task = create_task(workspace=workspace, name="Search", actor=owner)
    add_type(task=task, similarity_type=kind, actor=owner)
    rows = _images(workspace, owner, images)
    made = _groups(workspace, kind, groups, rows)
    SimilarityType.objects.filter(pk=kind.pk).update(groups_count=groups)
    client = Client()
    client.force_login(owner)
    return Filled(workspace, client, _pages(rows[0], kind, made[0], task.id))


def _images(workspace: Workspace, owner: User, count: int) -> list[Image]:
    now = timezone.now()
    rows = [
        Image(
            id=uuid.uuid4(),
            workspace=workspace,
            uploaded_by=owner,
            sha256=f"{number:064x}",
            stored_sha256=f"{number:064x}",
            extension="jpg",
            width=800,
            height=600,
            file_size=100_000,
            file_name=f"{number}.jpg",
            created=now - timedelta(seconds=number),
        )
        for number in range(count)
    ]
    return Image.objects.bulk_create(rows, batch_size=500)


def _groups(
    workspace: Workspace, kind: SimilarityType, count: int, images: list[Image]
) -> list[Group]:
    each = len(images) // count
    groups = Group.objects.bulk_create(
        [
            Group(
                workspace=workspace,
                similarity_type=kind,
                name=f"Group {number}",
                images_count=each,
            )
            for number in range(count)
        ],
        batch_size=500,
    )
    GroupImage.objects.bulk_create(
        [
            GroupImage(
                group=groups[number // each],
                image=image,
                similarity_type=kind,
                exclusive=True,
                image_created=image.created,
            )
            for number, image in enumerate(images[: each * count])
        ],
        batch_size=500,
    )
    return groups


def _pages(image: Image, kind: SimilarityType, group: Group, task_id: uuid.UUID) -> dict[str, str]:
    return {
        "home": "/",
        "images": "/images/",
        "image": f"/images/{image.id}",
        "types": "/types/",
        "type": f"/types/{kind.id}",
        "groups": "/groups/",
        "group": f"/groups/{group.id}",
        "tasks": "/tasks/",
        "task": f"/tasks/{task_id}",
        "jobs": "/jobs/",
        "activity": "/activity/",
        "extractions": "/extractions/",
        "members": "/settings/members",
        "tokens": "/settings/tokens",
    }
