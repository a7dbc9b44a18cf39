"""List, upload, change and delete images."""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from dashboard.remote.address import segment
from dashboard.remote.calls import Calls, Changed
from dashboard.remote.errors import Refused
from dashboard.remote.fields import Fields

_IMAGE: Final = "recognition/v2/training-image/"
_KNOWN: Final = re.compile(
    r"already exists\b.*?\b([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageGroup:
    """A group that an image is in."""

    id: str
    name: str | None
    similarity_type: str | None

    @classmethod
    def of(cls, fields: Fields) -> Self:
        """Return the group from an answer's fields."""
        return cls(
            id=fields.id(),
            name=fields.text_or_none("name"),
            similarity_type=fields.id_or_none("type"),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """An image; sizes in pixels. Values that the server does not state are None.

    `link` and `thumbnail_link` open without the token, for at least an hour. `sha256` is the hash
    of the uploaded bytes, which may differ from those behind `link`.
    """

    id: str
    link: str
    thumbnail_link: str | None
    width: int | None
    height: int | None
    workspace: str | None
    meta_data: Mapping[str, Any]
    test_image: bool | None
    real: bool | None
    verify_count: int | None
    file_name: str | None
    sha256: str | None
    groups: tuple[ImageGroup, ...] | None
    created: datetime | None

    @classmethod
    def of(cls, fields: Fields) -> Self:
        """Return an image from an answer's fields."""
        return cls(
            id=fields.id(),
            link=fields.text("img_path"),
            thumbnail_link=fields.text_or_none("thumb_img_path"),
            width=fields.number_or_none("img_width"),
            height=fields.number_or_none("img_height"),
            workspace=fields.id_or_none("workspace"),
            meta_data=fields.mapping("meta_data"),
            test_image=fields.flag_or_none("test_image"),
            real=fields.flag_or_none("real"),
            verify_count=fields.number_or_none("verifyCount"),
            file_name=fields.text_or_none("file_name"),
            sha256=fields.text_or_none("sha256"),
            groups=fields.list_or_none("groups", ImageGroup.of),
            created=fields.moment_or_none("created"),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Uploaded:
    """An uploaded image; `known` if the server already had these bytes and changed nothing.

    `known` is None if that is unclear: an earlier attempt of the same call may have uploaded them.
    """

    image: Image
    known: bool | None


class ImageCalls(Calls):
    """Calls for images. An image is given as `bytes`, as base64 text or as a URL."""

    def iterate_images(
        self,
        *,
        group: str | None = None,
        similarity_type: str | None = None,
        ungrouped: str | None = None,
        label: str | None = None,
        test: bool | None = None,
        real: bool | None = None,
        verified: int | None = None,
        search: str | None = None,
    ) -> Iterator[Image]:
        """Yield the images, optionally of one group; `ungrouped` names a type, `search` a file."""
        return self._list(
            "List the images",
            _IMAGE,
            Image.of,
            group=group,
            type=similarity_type,
            ungrouped=ungrouped,
            detection_labels=label,
            test=test,
            real=real,
            verified=verified,
            search=search,
        )

    def count_images(self) -> int:
        """Return how many images there are."""
        return self._count("Count the images", _IMAGE)

    def image(self, image_id: str) -> Image:
        """Return an image, with fresh links."""
        return self._get("Read an image", _one(image_id), Image.of)

    def upload_image(
        self,
        data: bytes | None = None,
        *,
        base64_text: str | None = None,
        url: str | None = None,
        resize: bool = False,
        meta_data: Mapping[str, Any] | None = None,
        test_image: bool = False,
        real: bool | None = None,
    ) -> Uploaded:
        """Upload an image in one of the three ways; the server opens a URL itself.

        The server stores the same bytes once, so this call can be repeated like a read. `resize`
        lets the server shrink the image by its own rules.
        """
        if data is not None:
            base64_text = base64.b64encode(data).decode()
        if (base64_text is None) == (url is None):
            raise ValueError("Give the image in exactly one way.")
        source = {"base64": base64_text} if url is None else {"url": url}
        marks = {"meta_data": dict(meta_data or {}), "test_image": test_image}
        body = source | marks | {"noresize": not resize} | ({} if real is None else {"real": real})
        return self._uploaded(body)

    def change_image(
        self,
        image_id: str,
        *,
        meta_data: Mapping[str, Any] | None = None,
        test_image: bool | None = None,
        real: bool | None = None,
    ) -> Image:
        """Change the values that are not None; metadata is replaced as a whole."""
        return self._change(
            "Change an image",
            "PUT",
            _one(image_id),
            {"meta_data": meta_data, "test_image": test_image, "real": real},
            Image.of,
        )

    def mark_images(
        self, image_ids: Iterable[str], *, test: bool | None = None, real: bool | None = None
    ) -> Changed:
        """Set or remove the test mark, the mark of photographs, or both, of many images."""
        marks = {
            f"{'mark' if value else 'unmark'}-{name}": True
            for name, value in (("test", test), ("real", real))
            if value is not None
        }
        if not marks:
            raise ValueError("Say which mark to set or take off.")
        return self._many("Mark images", f"{_IMAGE}update", "images", image_ids, **marks)

    def delete_image(self, image_id: str) -> None:
        """Delete an image. Uploading its bytes again may restore it under the same id."""
        self._delete("Delete an image", _one(image_id))

    def _uploaded(self, body: Mapping[str, Any]) -> Uploaded:
        try:
            answer = self._send("Upload an image", "POST", _IMAGE, body=body)
        except Refused as refusal:
            found = _KNOWN.search(refusal.reason)
            if found is None:
                raise
            image_id, repeated = found[1].lower(), refusal.repeated
        else:
            return Uploaded(image=Image.of(answer.fields()), known=False)
        return Uploaded(image=self.image(image_id), known=None if repeated else True)


def _one(image_id: str) -> str:
    return _IMAGE + segment(image_id)
