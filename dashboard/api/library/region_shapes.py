"""Define the JSON of labels, regions and verifications; nothing here saves."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.fields import empty
from rest_framework.request import Request

from dashboard.api.fields import Id, IdList, MetaData, OptionalText, read_json_text
from dashboard.api.shapes import Json, Named, images_json
from dashboard.models import Label, Region, Verification

DEFAULT_COLOR: str = Label._meta.get_field("color").get_default()


class Color(serializers.RegexField):
    """A colour as in CSS, such as `#206bc4`; empty and `null` are the default one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            r"^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})$",
            required=False,
            allow_blank=True,
            allow_null=True,
            error_messages={"invalid": "Send a colour such as #206bc4."},
            **options,
        )

    def run_validation(self, data: Any = empty) -> Any:
        """Treat an empty value as the default colour."""
        return super().run_validation(DEFAULT_COLOR if data in (None, "") else data)


class Reference(Id):
    """A thing by its id, or as an earlier response had it: an object with that `id`."""

    def to_internal_value(self, data: Any) -> UUID:
        """Return the id. Raises `ValidationError`."""
        if isinstance(data, str) and data.startswith("{"):
            data = read_json_text(data)
        return super().to_internal_value(data.get("id") if isinstance(data, Mapping) else data)


class BoxField(serializers.ListField):
    """A box as `[xmin, ymin, xmax, ymax]`; in a form a repeated field."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=serializers.IntegerField(), min_length=4, max_length=4, **options)

    def run_child_validation(self, data: list[Any]) -> list[int]:
        """Parse all numbers, or report the error once: errors are lists of sentences."""
        try:
            return [self.child.run_validation(value) for value in data]
        except serializers.ValidationError as error:
            raise serializers.ValidationError(["Send four integers."]) from error


class LabelFields(Named):
    """A label of objects."""

    color = Color()
    output_name = OptionalText(max_length=255)


class RegionFields(serializers.Serializer[Any]):
    """An object: a box on an image."""

    detection_label = Reference()
    image = Reference()
    data = BoxField()  # type: ignore[assignment]  # the metaclass removes it from the class
    meta_data = MetaData(required=False)


class RegionIds(serializers.Serializer[Any]):
    """Objects by their ids."""

    objects = IdList()


class GroupVerificationFields(serializers.Serializer[Any]):
    """Who verifies which group; without `user` the token's own user."""

    user = Id(required=False, allow_null=True)
    group_id = Id()


class ImageVerificationFields(serializers.Serializer[Any]):
    """Who verifies which image; without `user` the token's own user."""

    user = Id(required=False, allow_null=True)
    image_id = Id()


def label_json(row: Label) -> Json:
    """Return a label as JSON."""
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "color": row.color,
        "output_name": row.output_name,
        "workspace": row.workspace_id,
        "recognition_tasks": [],
        "created": row.created,
        "modified": row.modified,
    }


def regions_json(rows: Iterable[Region], request: Request) -> list[Json]:
    """Return regions as JSON, each with its whole image."""
    rows = list(rows)
    # Each image once, however many of its regions are on the page.
    images = {image["id"]: image for image in images_json({row.image for row in rows}, request)}
    return [
        {
            "id": row.id,
            "image": images[row.image_id],
            "detection_label": {
                "id": row.label_id,
                "name": row.label.name,
                "color": row.label.color,
            },
            "data": [row.left, row.top, row.right, row.bottom],
            "meta_data": row.meta_data,
            "recognition_labels": [],
            "workspace": row.workspace_id,
            "created": row.created,
            "modified": row.modified,
        }
        for row in rows
    ]


def verification_json(row: Verification) -> Json:
    """Return a verification as JSON, with `group` or `image`."""
    of = {"group": row.group_id} if row.group_id else {"image": row.image_id}
    return {"id": row.id, "user": row.user_id, "created": row.created} | of
