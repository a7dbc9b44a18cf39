"""Addresses of images: their pages, and their bytes, signed: who has one may fetch, for a while."""

import time
from uuid import UUID

from django.urls import reverse

from dashboard.files.store import links
from dashboard.models import Image

# Its place in an address is filled in for each image; no image has this id.
_PLACE = UUID(int=1)


class ImageLinks:
    """Writes the addresses of many images of one workspace; ids are given as text.

    Each route is looked up once and not for every image: a page writes a hundred addresses.
    """

    def __init__(self, workspace_id: UUID) -> None:
        # One time for all: links of a page then end together, and equal ones can be cached.
        self._now = time.time()
        self._pages, _ = _around("image")
        self._thumbnails, self._thumbnail_end = _around("thumbnail-file", workspace_id)
        self._files, end = _around("image-file", workspace_id, Image.Extension.JPEG)
        self._file_end = end.removesuffix(Image.Extension.JPEG)

    def page(self, image_id: str) -> str:
        """Return the address of the image's page."""
        return self._pages + image_id

    def file(self, image_id: str, extension: str) -> str:
        """Return the address of the stored image; its last segment is unique to the image."""
        return self._signed(f"{self._files}{image_id}{self._file_end}{extension}")

    def thumbnail(self, image_id: str) -> str:
        """Return the address of the thumbnail, at most 256 pixels on a side, always a JPEG."""
        return self._signed(f"{self._thumbnails}{image_id}{self._thumbnail_end}")

    def _signed(self, path: str) -> str:
        return f"{path}?{links.sign(path, self._now)}"


def image_link(image: Image) -> str:
    """Return the address of one stored image."""
    return ImageLinks(image.workspace_id).file(str(image.id), image.extension)


def thumbnail_link(image: Image) -> str:
    """Return the address of one thumbnail."""
    return ImageLinks(image.workspace_id).thumbnail(str(image.id))


def _around(route: str, *names: UUID | str) -> tuple[str, str]:
    """Return what stands before and after the image's id in a route's address."""
    before, _, after = reverse(route, args=_with_place(names)).partition(str(_PLACE))
    return before, after


def _with_place(names: tuple[UUID | str, ...]) -> list[UUID | str]:
    return [*names[:1], _PLACE, *names[1:]]
