"""Describe calls about regions, which the API calls objects."""

from typing import Any

from rest_framework import serializers

from dashboard.api.library.region_shapes import RegionFields
from dashboard.api.schema import examples
from dashboard.api.schema.calls import DETECTION, Call, Noun, a_page, page_of
from dashboard.api.schema.library import images
from dashboard.api.schema.parameters import LIST, of_id


class ObjectLabelAnswer(serializers.Serializer[Any]):
    """The label of an object."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    color = serializers.CharField()


class Box(serializers.Serializer[Any]):
    """An object's box, whose name cannot be an attribute of a serializer."""

    def get_fields(self) -> dict[str, Any]:
        """Return the field."""
        return {
            "data": serializers.ListField(
                child=serializers.IntegerField(),
                min_length=4,
                max_length=4,
                help_text="xmin, ymin, xmax, ymax in pixels of the stored image.",
            )
        } | super().get_fields()


class ObjectAnswer(Box):
    """An object: a box on an image."""

    id = serializers.UUIDField()
    image = images.ImageAnswer()
    detection_label = ObjectLabelAnswer()
    meta_data = serializers.DictField(child=serializers.JSONField())
    recognition_labels = serializers.ListField(
        child=serializers.JSONField(), help_text="Always empty."
    )
    workspace = serializers.UUIDField()
    created = serializers.DateTimeField()
    modified = serializers.DateTimeField()


EXAMPLE = {
    "id": examples.OBJECT,
    "image": images.EXAMPLE,
    "detection_label": {"id": examples.LABEL, "name": "heel", "color": "#206bc4"},
    "data": [4, 4, 24, 24],
    "meta_data": {},
    "recognition_labels": [],
    "workspace": examples.WORKSPACE,
    "created": examples.CREATED,
    "modified": examples.MODIFIED,
}
ASKS = {"detection_label": examples.LABEL, "image": examples.IMAGE, "data": [0, 0, 16, 16]}
CHANGES = {"data": [2, 2, 20, 20]}

_CHANGE = Call(
    "",
    "Change an object",
    ObjectAnswer,
    body=RegionFields,
    partial=True,
    text="Omitted fields are unchanged; `meta_data` is replaced as a whole.",
    asks=CHANGES,
    says=EXAMPLE | CHANGES,
)
FILTERS = (
    of_id("image", "Only objects on this image."),
    of_id("detection_label", "Only objects with this label."),
    of_id("object_detection_label", "The same."),
    of_id("group", "Only objects in this group."),
    of_id("object_labels", "Always empty: there are no recognition labels."),
)
NOUN = Noun(
    "Objects",
    "An object is a region: a box on an image, with a label.",
    {
        f"{DETECTION}/object": {
            "GET": Call(
                "objects_list",
                "List the objects",
                page_of(ObjectAnswer),
                query=[*LIST, *FILTERS],
                says=a_page(EXAMPLE),
            ),
            "POST": Call(
                "objects_create",
                "Create an object",
                ObjectAnswer,
                status=201,
                body=RegionFields,
                text="A box outside the image, or without an area, is refused.",
                asks=ASKS,
                says=EXAMPLE | {"data": ASKS["data"]},
            ),
        },
        f"{DETECTION}/object/{{region_id}}": {
            "GET": Call("objects_read", "Read an object", ObjectAnswer, says=EXAMPLE),
            "PUT": _CHANGE.named("objects_put"),
            "PATCH": _CHANGE.named("objects_patch"),
            "DELETE": Call(
                "objects_delete", "Its image is kept.", status=204, text="Its image stays."
            ),
        },
    },
)
