"""List, create, change and delete regions, which the API calls objects."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from dashboard.remote.address import segment
from dashboard.remote.calls import KNOWN, Calls
from dashboard.remote.fields import Fields
from dashboard.remote.images import Image

_REGION: Final = "detection/v2/object/"

Box = tuple[int, int, int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Region:
    """A box on an image: left, top, right, bottom, in pixels of the stored image.

    `image` is None if the server states only its id.
    """

    id: str
    image_id: str
    image: Image | None
    label_id: str
    label_name: str | None
    box: Box
    meta_data: Mapping[str, Any]
    workspace: str | None
    created: datetime | None
    modified: datetime | None

    @classmethod
    def of(cls, fields: Fields) -> Self:
        """Return a region from an answer's fields."""
        image = fields.object_or_none("image")
        label = fields.object_or_none("detection_label")
        return cls(
            id=fields.id(),
            image_id=fields.id("image"),
            image=Image.of(image) if image and image.text_or_none("img_path") else None,
            label_id=fields.id("detection_label"),
            label_name=label.text_or_none("name") if label else None,
            box=_box(fields),
            meta_data=fields.mapping("meta_data"),
            workspace=fields.id_or_none("workspace"),
            created=fields.moment_or_none("created"),
            modified=fields.moment_or_none("modified"),
        )


class RegionCalls(Calls):
    """Calls for regions."""

    def iterate_regions(
        self, *, image: str | None = None, label: str | None = None, group: str | None = None
    ) -> Iterator[Region]:
        """Yield the regions, optionally of one image, label or group."""
        return self._list(
            "List the regions", _REGION, Region.of, image=image, detection_label=label, group=group
        )

    def region(self, region_id: str) -> Region:
        """Return a region."""
        return self._get("Read a region", _one(region_id), Region.of)

    def create_region(
        self,
        image_id: str,
        label_id: str,
        box: Box,
        *,
        meta_data: Mapping[str, Any] | None = None,
        known: Container[str] = KNOWN,
    ) -> Region:
        """Create a region, once; identified by image, label and box. `Server` explains creating."""
        return self._create(
            "Create a region",
            _REGION,
            {
                "image": image_id,
                "detection_label": label_id,
                "data": list(box),
                "meta_data": meta_data,
            },
            Region.of,
            lambda: (
                row
                for row in self.iterate_regions(image=image_id, label=label_id)
                if row.box == box
            ),
            known,
        )

    def change_region(
        self,
        region_id: str,
        *,
        label_id: str | None = None,
        box: Box | None = None,
        meta_data: Mapping[str, Any] | None = None,
    ) -> Region:
        """Change the values that are not None; metadata is replaced as a whole."""
        body = {
            "detection_label": label_id,
            "data": box and list(box),
            "meta_data": meta_data,
        }
        return self._change("Change a region", "PATCH", _one(region_id), body, Region.of)

    def delete_region(self, region_id: str) -> None:
        """Delete a region; its image stays."""
        self._delete("Delete a region", _one(region_id))


def _box(fields: Fields) -> Box:
    numbers = fields.numbers_or_none("data", int)
    if numbers is None or len(numbers) != 4:
        raise fields.bad("the field “data” is not a box")
    left, top, right, bottom = numbers
    return left, top, right, bottom


def _one(region_id: str) -> str:
    return _REGION + segment(region_id)
