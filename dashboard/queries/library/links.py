"""Build the URLs of images: their pages, and signed URLs of their files, valid for a while."""

import time
from uuid import UUID

from django.urls import reverse

from dashboard.files.store import links
from dashboard.models import Image

# A placeholder in a URL that each image's id replaces; no image has this id.
_PLACE = UUID(int=1)


class ImageLinks:
    """Builds the URLs of many images of one workspace; ids are given as text.

    Each route is reversed once and not for every image: a page contains a hundred URLs.
    """

    def __init__(self, workspace_id: UUID) -> None:
        # One time for all: the URLs of a page then expire together, and equal ones can be cached.
        self._now = time.time()
        self._pages, _ = _around("image")
        self._thumbnails, self._thumbnail_end = _around("thumbnail-file", workspace_id)
        self._files, end = _around("image-file", workspace_id, Image.Extension.JPEG)
        self._file_end = end.removesuffix(Image.Extension.JPEG)

    def page(self, image_id: str) -> str:
        """Return the URL of the image's page."""
        return self._pages + image_id

    def file(self, image_id: str, extension: str) -> str:
        """Return the URL of the stored image; its last segment is unique to the image."""
        return self._signed(f"{self._files}{image_id}{self._file_end}{extension}")

    def thumbnail(self, image_id: str) -> str:
        """Return the URL of the thumbnail, at most 256 pixels on a side, always a JPEG."""
        return self._signed(f"{self._thumbnails}{image_id}{self._thumbnail_end}")

    def _signed(self, path: str) -> str:
        return f"{path}?{links.sign(path, self._now)}"


def image_link(image: Image) -> str:
    """Return the URL of one stored image."""
    return ImageLinks(image.workspace_id).file(str(image.id), image.extension)


def thumbnail_link(image: Image) -> str:
    """Return the URL of one thumbnail."""
    return ImageLinks(image.workspace_id).thumbnail(str(image.id))


def _around(route: str, *names: UUID | str) -> tuple[str, str]:
    """Return the parts of a route's URL before and after the image's id."""
    before, _, after = reverse(route, args=_with_place(names)).partition(str(_PLACE))
    return before, after


def _with_place(names: tuple[UUID | str, ...]) -> list[UUID | str]:
    return [*names[:1], _PLACE, *names[1:]]
