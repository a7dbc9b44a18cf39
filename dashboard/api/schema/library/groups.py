"""Describe calls about groups."""

from typing import Any

from rest_framework import serializers

from dashboard.api.library.region_shapes import RegionIds
from dashboard.api.schema import examples
from dashboard.api.schema.calls import SIMILARITY, Call, Noun, Parameter, a_page, page_of
from dashboard.api.schema.library import images, regions
from dashboard.api.schema.parameters import LIST, of_flag, of_id, of_number
from dashboard.api.shapes import GroupFields, GroupIds, GroupMarks, ImageIds


class GroupTypeAnswer(serializers.Serializer[Any]):
    """The type of a group."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    workspace = serializers.UUIDField()


class GroupAnswer(serializers.Serializer[Any]):
    """A group, as in a list."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField()
    type = GroupTypeAnswer()
    meta_data = serializers.DictField(child=serializers.JSONField())
    test_group = serializers.BooleanField(help_text="Used for testing, never for training.")
    images_count = serializers.IntegerField(min_value=0)
    objects_count = serializers.IntegerField(min_value=0)
    groups_count = serializers.IntegerField(min_value=0)
    verifyCount = serializers.IntegerField(min_value=0)  # noqa: N815
    workspace = serializers.UUIDField()
    created = serializers.DateTimeField()
    modified = serializers.DateTimeField()


class WholeGroupAnswer(GroupAnswer):
    """A single group with its members, the newest thousand of each kind."""

    images = images.ImageAnswer(many=True)
    detection_objects = regions.ObjectAnswer(many=True)
    groups = GroupAnswer(many=True)


class AddedAnswer(serializers.Serializer[Any]):
    """The result of an addition."""

    added = serializers.IntegerField(min_value=0)
    already = serializers.IntegerField(min_value=0, help_text="Ids that were in the group.")


class RemovedAnswer(serializers.Serializer[Any]):
    """The result of a removal."""

    removed = serializers.IntegerField(min_value=0)
    missing = serializers.IntegerField(min_value=0, help_text="Ids that were not in the group.")


EXAMPLE = {
    "id": examples.GROUP,
    "name": "Red shoe",
    "description": "",
    "type": {"id": examples.TYPE, "name": "Same product", "workspace": examples.WORKSPACE},
    "meta_data": {"sku": "A-17"},
    "test_group": False,
    "images_count": 1,
    "objects_count": 0,
    "groups_count": 0,
    "verifyCount": 0,
    "workspace": examples.WORKSPACE,
    "created": examples.CREATED,
    "modified": examples.MODIFIED,
}
WHOLE = EXAMPLE | {
    "images": [images.EXAMPLE],
    "detection_objects": [],
    "groups": [],
}
EMPTY = {"images_count": 0, "images": [], "detection_objects": [], "groups": []}
ASKS = {"name": "Blue shoe", "type": examples.TYPE, "meta_data": {"sku": "B-2"}}
CHANGES = {"name": "Red running shoe"}
ADDRESS = f"{SIMILARITY}/group/{{group_id}}"

FILTERS = (
    of_id("type", "Only groups of this type."),
    Parameter("type__name", "Only groups of a type with this name."),
    of_id("image", "Only groups that contain this image."),
    of_id("object", "Only groups that contain this object."),
    of_id("group", "Only groups that contain this group."),
    of_id("parent", "Only subgroups of this group."),
    of_flag("test", "`true`: only test groups; `false`: only others."),
    of_flag("empty", "`true`: only empty groups; `false`: only non-empty ones."),
    of_number("min_images", "Only groups with at least this many images."),
    of_number("max_images", "Only groups with at most this many images."),
)
ALL_OR_NONE = "Up to 10,000 ids, all or none, in the group's workspace."


def adding(kind: str, body: type[serializers.Serializer[Any]], ids: list[str]) -> Call:
    """Return the call that adds members of a kind to a group."""
    return Call(
        f"groups_add_{kind}",
        f"Add {kind} to a group",
        AddedAnswer,
        body=body,
        text=ALL_OR_NONE,
        asks={kind: ids},
        says={"added": 1, "already": 0},
    )


def removing(kind: str, body: type[serializers.Serializer[Any]], ids: list[str]) -> Call:
    """Return the call that removes members of a kind from a group."""
    return Call(
        f"groups_remove_{kind}",
        f"Remove {kind} from a group",
        RemovedAnswer,
        body=body,
        text=ALL_OR_NONE,
        asks={kind: ids},
        says={"removed": 1, "missing": 0},
    )


_CHANGE = Call(
    "",
    "Change a group",
    WholeGroupAnswer,
    body=GroupFields,
    partial=True,
    text="Omitted fields are unchanged; `meta_data` is replaced as a whole.",
    asks=CHANGES,
    says=WHOLE | CHANGES,
)
NOUN = Noun(
    "Groups",
    "A group of a type contains images and objects that are similar in its sense, or subgroups.",
    {
        f"{SIMILARITY}/group": {
            "GET": Call(
                "groups_list",
                "List the groups",
                page_of(GroupAnswer),
                query=[*LIST, *FILTERS],
                says=a_page(EXAMPLE),
            ),
            "POST": Call(
                "groups_create",
                "Create a group",
                WholeGroupAnswer,
                status=201,
                body=GroupFields,
                asks=ASKS,
                says=WHOLE | EMPTY | {"name": ASKS["name"], "meta_data": ASKS["meta_data"]},
            ),
        },
        ADDRESS: {
            "GET": Call("groups_read", "Read a group", WholeGroupAnswer, says=WHOLE),
            "PUT": _CHANGE.named("groups_put"),
            "PATCH": _CHANGE.named("groups_patch"),
            "DELETE": Call(
                "groups_delete", "Delete a group", status=204, text="Its members are kept."
            ),
        },
        f"{SIMILARITY}/group/update": {
            "POST": Call(
                "groups_update",
                "Mark many groups",
                images.UpdatedAnswer,
                body=GroupMarks,
                text="Up to 10,000 ids, all or none. Set exactly one of the two marks to true.",
                asks={"groups": [examples.GROUP, examples.GROUP_INNER], "mark-test": True},
                says={"updated": 2},
            ),
        },
        f"{ADDRESS}/add-objects": {"POST": adding("objects", RegionIds, [examples.OBJECT])},
        f"{ADDRESS}/remove-objects": {"POST": removing("objects", RegionIds, [examples.OBJECT])},
        f"{ADDRESS}/add-groups": {"POST": adding("groups", GroupIds, [examples.GROUP_INNER])},
        f"{ADDRESS}/remove-groups": {"POST": removing("groups", GroupIds, [examples.GROUP_INNER])},
        f"{ADDRESS}/add-images": {"POST": adding("images", ImageIds, [examples.IMAGE_LOOSE])},
        f"{ADDRESS}/remove-images": {"POST": removing("images", ImageIds, [examples.IMAGE])},
    },
)
