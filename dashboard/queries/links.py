"""Links to the bytes of images, signed: whoever has one may fetch, for an hour or two."""

import time
from uuid import UUID

from django.urls import reverse

from dashboard.files import links
from dashboard.models import Image


def image_link(image: Image) -> str:
    """Return the address of the stored image; its last segment is unique to the image."""
    return _link("image-file", image.workspace_id, image.id, image.extension)


def thumbnail_link(image: Image) -> str:
    """Return the address of the thumbnail, at most 256 pixels on a side, always a JPEG."""
    return _link("thumbnail-file", image.workspace_id, image.id)


def _link(route: str, *names: UUID | str) -> str:
    path = reverse(route, args=names)
    return f"{path}?{links.sign(path, time.time())}"
