"""Describe calls about images."""

from typing import Any

from rest_framework import serializers

from dashboard.api.schema import examples
from dashboard.api.schema.calls import RECOGNITION, Call, Noun, a_page, page_of
from dashboard.api.schema.parameters import LIST, of_flag, of_id, of_number
from dashboard.api.shapes import ImageFields, ImageMarks, NewImageFields


class ImageGroupAnswer(serializers.Serializer[Any]):
    """A group that an image is in."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    type = serializers.UUIDField()


class UpdatedAnswer(serializers.Serializer[Any]):
    """The number of changed things."""

    updated = serializers.IntegerField(min_value=0)


class ImageAnswer(serializers.Serializer[Any]):
    """An image."""

    id = serializers.UUIDField()
    created = serializers.DateTimeField()
    img_path = serializers.URLField(
        help_text="Signed URL of the stored image, valid for at least one hour."
    )
    thumb_img_path = serializers.URLField(
        help_text="Signed URL of the preview, valid for at least one hour."
    )
    img_width = serializers.IntegerField(min_value=1)
    img_height = serializers.IntegerField(min_value=1)
    workspace = serializers.UUIDField()
    meta_data = serializers.DictField(child=serializers.JSONField())
    test_image = serializers.BooleanField(help_text="Used for testing, never for training.")
    real = serializers.BooleanField(help_text="A photograph, not a rendering.")
    verifyCount = serializers.IntegerField(min_value=0)  # noqa: N815
    labels = serializers.ListField(child=serializers.JSONField(), help_text="Always empty.")
    file_name = serializers.CharField()
    sha256 = serializers.RegexField("^[0-9a-f]{64}$", help_text="SHA-256 of the bytes as uploaded.")
    groups = ImageGroupAnswer(many=True)


_LINK = f"http://localhost:8000/media/{examples.WORKSPACE}"
EXAMPLE = {
    "id": examples.IMAGE,
    "created": examples.CREATED,
    "img_path": f"{_LINK}/images/{examples.IMAGE}.jpg?until=1772445600&key=3f9c",
    "thumb_img_path": f"{_LINK}/thumbs/{examples.IMAGE}.jpg?until=1772445600&key=b07a",
    "img_width": 800,
    "img_height": 600,
    "workspace": examples.WORKSPACE,
    "meta_data": {"sku": "A-17"},
    "test_image": False,
    "real": True,
    "verifyCount": 0,
    "labels": [],
    "file_name": "red-shoe.jpg",
    "sha256": "6f1b8c2a4d3e5f60718293a4b5c6d7e8f9010203040506070809a0b0c0d0e0f1",
    "groups": [{"id": examples.GROUP, "name": "Red shoe", "type": examples.TYPE}],
}
ASKS = {"base64": examples.PICTURE, "meta_data": {"sku": "B-2"}}
CHANGES = {"meta_data": {"sku": "A-17", "season": "spring"}}

FILTERS = (
    of_flag("test", "`true`: only test images; `false`: only others."),
    of_flag("real", "`true`: only real images; `false`: only others."),
    of_id("group", "Only images in this group."),
    of_id("type", "Only images in a group of this type."),
    of_id("ungrouped", "Only images in no group of this type."),
    of_number("verified", "Only images with at least this many verifications."),
    of_id("detection_labels", "Only images with an object of this label."),
    of_id("labels", "Always empty: there are no recognition labels."),
)
_CHANGE = Call(
    "",
    "Change an image",
    ImageAnswer,
    body=ImageFields,
    partial=True,
    text="Omitted fields are unchanged; `meta_data` is replaced as a whole.",
    asks=CHANGES,
    says=EXAMPLE | CHANGES,
)
NOUN = Noun(
    "Images",
    "Images of a workspace. Equal bytes are stored once.",
    {
        f"{RECOGNITION}/training-image": {
            "GET": Call(
                "images_list",
                "List the images",
                page_of(ImageAnswer),
                query=[*LIST, *FILTERS],
                says=a_page(EXAMPLE),
            ),
            "POST": Call(
                "images_create",
                "Upload an image",
                ImageAnswer,
                status=201,
                body=NewImageFields,
                refuses=[409],
                text=(
                    "As `base64`, as a `url`, or as a file `img_path` of a form: JPEG, PNG, WebP, "
                    "GIF, TIFF, BMP or HEIC. Without `noresize` the image is scaled so that its "
                    "shorter side is at most 600 pixels. 400 names the image that already has the "
                    "same bytes; 403: the URL is in a forbidden network; 409: the workspace has "
                    "reached its limit."
                ),
                asks=ASKS,
                says=EXAMPLE | {"meta_data": ASKS["meta_data"], "groups": []},
            ),
        },
        f"{RECOGNITION}/training-image/update": {
            "POST": Call(
                "images_update",
                "Mark many images",
                UpdatedAnswer,
                body=ImageMarks,
                text=(
                    "Up to 10,000 ids, all or none. Set at least one mark to true, but not a mark "
                    "and its opposite."
                ),
                asks={"images": [examples.IMAGE, examples.IMAGE_LOOSE], "mark-test": True},
                says={"updated": 2},
            ),
        },
        f"{RECOGNITION}/training-image/{{image_id}}": {
            "GET": Call("images_read", "Read an image", ImageAnswer, says=EXAMPLE),
            "PUT": _CHANGE.named("images_put"),
            "PATCH": _CHANGE.named("images_patch"),
            "DELETE": Call(
                "images_delete",
                "Delete an image",
                status=204,
                text="Uploading its bytes again restores it under the same id, in no group.",
            ),
        },
    },
)
