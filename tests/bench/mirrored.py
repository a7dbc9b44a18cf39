"""Linked workspaces to measure: one full of rows, and ones that are mirrored from a live server."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import django

django.setup()

from accounts.ciphers import encrypt  # noqa: E402
from accounts.models import Membership, Workspace  # noqa: E402
from accounts.services import create_user  # noqa: E402
from dashboard.models import Connection, ConnectionToken, Image, Link, Twin  # noqa: E402
from dashboard.remote import Server as Client  # noqa: E402
from dashboard.services.connections.connections import (  # noqa: E402
    PURPOSE,
    add_connection,
    set_token,
)
from dashboard.services.connections.links import link_workspace, request_pull  # noqa: E402
from dashboard.services.workspaces.workspaces import open_workspace  # noqa: E402
from tests.bench import reference  # noqa: E402
from tests.bench.filled import Filled, filled, ready  # noqa: E402
from tests.bench.transferred import run  # noqa: E402
from tests.live import EMAIL, PASSWORD, Server  # noqa: E402
from tests.pictures import photos  # noqa: E402

__all__ = ["Other", "own_and_linked", "ready"]

THREADS = 8  # as many as a pull downloads with
SIZE = (800, 600)  # about 100 KB as stored
LOOPBACK = ["127.0.0.0/8", "::1/128"]


def own_and_linked(images: int = 1000, groups: int = 50) -> tuple[Filled, Filled]:
    """Fill two workspaces alike and link the second, with a twin of every image and group."""
    own, linked = filled(images, groups), filled(images + 1, groups)
    workspace = linked.workspace
    member = Membership.objects.get(workspace=workspace)
    connection = Connection.objects.create(workspace=workspace, url="https://images.example")
    ConnectionToken.objects.create(
        connection=connection, membership=member, secret=encrypt("no token at all", PURPOSE)
    )
    link = Link.objects.create(
        workspace=workspace, connection=connection, remote_workspace="1", keeper=member
    )
    workspace.mirrors = str(link)  # by which the pages know it
    workspace.save(update_fields=["mirrors"])
    ids = Image.objects.filter(workspace=workspace).values_list("pk", flat=True)
    Twin.objects.bulk_create(
        Twin(link=link, noun="image", local_id=pk, remote_id=str(pk)) for pk in ids
    )
    return own, linked


class Other:
    """A live server with images in a workspace, and the links to their bytes."""

    def __init__(self, server: Server, images: int) -> None:
        server.manage("user", "create", "--email", EMAIL, "--password", PASSWORD)
        self.url = server.url.rstrip("/")
        self.token = server.manage("token", "create", "--email", EMAIL, "--name", "bench")
        with Client(self.url, self.token, allow_private=LOOPBACK, threads=THREADS) as client:
            files = photos(images, SIZE)
            with ThreadPoolExecutor(THREADS) as pool:
                list(pool.map(client.upload_image, files))
            self.links = [image.link for image in client.iterate_images()]
            account = client.account()
            self.workspace = account.default_workspace or ""
        self.images = images
        self.owner = create_user(email=f"{random.random()}@example.org", password=PASSWORD)

    def download(self) -> None:
        """Download and hash all images, as plainly as it can be done."""
        reference.downloaded(self.links, THREADS)

    def mirrored_anew(self) -> Callable[[], None]:
        """Link a new workspace; return what pulls all images into it."""
        workspace = open_workspace(name="Mirror", actor=self.owner)
        member = Membership.objects.get(workspace=workspace, user=self.owner)
        connection = add_connection(workspace=workspace, url=self.url, actor=self.owner)
        set_token(connection=connection, membership=member, secret=self.token, actor=self.owner)
        link = link_workspace(
            connection=connection, remote_workspace=self.workspace, actor=self.owner
        )
        return lambda: self._pull(link, workspace)

    def _pull(self, link: Link, workspace: Workspace) -> None:
        run(request_pull(link=link, actor=self.owner))
        found = Image.objects.filter(workspace=workspace).count()
        if found != self.images:
            raise RuntimeError(f"{found} of {self.images} images came")
