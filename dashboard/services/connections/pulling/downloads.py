"""Download new images in threads, and prepare them to be inserted."""

import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from uuid import UUID, uuid4

from accounts.models import Workspace
from dashboard import remote
from dashboard.files.errors import FileRefused
from dashboard.files.images import images as pictures
from dashboard.files.store import room
from dashboard.models import Image
from dashboard.remote import Forbidden, NotFound, RemoteError, Server
from dashboard.services.connections.fields import IMAGE
from dashboard.services.connections.links import THREADS
from dashboard.services.connections.pulling.passing import not_later
from dashboard.services.library.images import NewImage, write_files

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Wanted:
    """An image to download: the id that it gets, and the deleted row of its content, if any."""

    row: remote.Image
    new_id: UUID
    deleted: Image | None


@dataclass(frozen=True)
class Fetched:
    """A downloaded image, or why there is none. Its files are written, unless it is `whole`."""

    row: remote.Image
    new: NewImage | None = None
    whole: bool = False
    problem: str = ""


def stated_sha256(row: remote.Image) -> str:
    """Return the hash of the uploaded bytes, if the other server states it; else nothing."""
    return row.sha256 if row.sha256 and _SHA256.fullmatch(row.sha256) else ""


class Downloads:
    """Downloads images in threads. Nothing here reads or writes rows."""

    def __init__(self, server: Server, workspace: Workspace, folder: Path) -> None:
        self._server, self._workspace, self._folder = server, workspace, folder
        self._pool = ThreadPoolExecutor(THREADS, "pull")

    def begin(self, wanted: Wanted) -> "Future[Fetched]":
        """Queue the download of an image."""
        return self._pool.submit(self._fetch, wanted)

    def end(self) -> None:
        """Drop what has not begun, and wait for the rest."""
        self._pool.shutdown(cancel_futures=True)

    def _fetch(self, wanted: Wanted) -> Fetched:
        room.refuse_if_low()
        target = self._folder / uuid4().hex
        try:
            self._download(wanted.row, target)
            return self._prepared(wanted, target.read_bytes())
        # One that is gone, broken or refused does not stop the others.
        except RemoteError as error:
            return Fetched(wanted.row, problem=error.reason)
        except FileRefused as refusal:
            return Fetched(wanted.row, problem=refusal.reason)
        finally:
            target.unlink(missing_ok=True)

    def _download(self, row: remote.Image, target: Path) -> None:
        try:
            self._server.download(row.link, target)
        except (Forbidden, NotFound):
            # The link has expired, or changed with the image; if the image is gone, this says so.
            self._server.download(self._server.image(row.id).link, target)

    def _prepared(self, wanted: Wanted, data: bytes) -> Fetched:
        row, new_id = wanted.row, wanted.new_id
        picture = _stored(row, data)
        if wanted.deleted is None:
            write_files(self._workspace, new_id, picture)
            # Written, so the bytes are dropped: many of these wait for their page.
            picture = replace(picture, stored=b"", thumbnail=b"")
        values = IMAGE.theirs(row, {})
        new = NewImage(
            id=new_id,
            picture=picture,
            file_name=values.get("file_name", ""),
            meta_data=values["meta_data"],
            test_image=values.get("test_image", False),
            real=values.get("real", True),
            created=not_later(row.created),
        )
        return Fetched(row, new, whole=wanted.deleted is not None)


def _stored(row: remote.Image, data: bytes) -> pictures.StoredImage:
    """Return what is stored of the bytes behind a link, encoded again only if it has to be.

    A server that states the hash of the upload is one of this program: it has made of the upload
    what this one would. What any other stores may be turned, or of another format.
    """
    uploaded = stated_sha256(row)
    if uploaded:
        return pictures.restore(data, sha256=uploaded, file_size=len(data))
    return pictures.prepare(data, resize=False)


@contextmanager
def downloading(server: Server, workspace: Workspace) -> Iterator[Downloads]:
    """Provide the threads, and a temporary folder that is deleted at the end."""
    with TemporaryDirectory(prefix="likewise-pull-") as folder:
        downloads = Downloads(server, workspace, Path(folder))
        try:
            yield downloads
        finally:
            downloads.end()
