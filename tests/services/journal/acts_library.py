"""Acts on images, groups, types, labels and regions: what is there before, then the act."""

from collections.abc import Callable
from typing import Any

from dashboard.services.library import groups, images, labels, regions, verifications
from dashboard.services.library import similarity_types as types
from dashboard.services.library.group_names import create_named_group, group_images, rename_group
from dashboard.services.library.nesting import add_groups, remove_groups
from tests import factories as make
from tests.factories import Cast
from tests.services.journal.acts_shared import Carried, carries, changes

Act = Callable[[], object]


def _region(cast: Cast) -> Any:
    return make.make_region(make.make_image(cast.workspace))


def _group(cast: Cast, name: str = "Red shoe", **fields: Any) -> Any:
    return make.make_group(make.make_type(cast.workspace, **fields), name)


def _filled(cast: Cast) -> Any:
    group, image = _group(cast), make.make_image(cast.workspace)
    groups.add_images(group=group, ids=[image.pk], actor=cast.bob)
    return group, image


def _nested(cast: Cast) -> Any:
    kind = make.make_type(cast.workspace)
    return make.make_group(kind, "outer"), make.make_group(kind, "inner")


def add_image(cast: Cast) -> Act:
    data = make.drawn_jpeg()
    return lambda: images.add_image(workspace=cast.workspace, data=data, actor=cast.bob)


def change_image(cast: Cast) -> Act:
    image = make.make_image(cast.workspace)
    return lambda: images.change_image(image=image, changes={"real": False}, actor=cast.bob)


def mark_images(cast: Cast) -> Act:
    ids = [make.make_image(cast.workspace, seed).pk for seed in range(3)]
    marks = {"test_image": True}
    return lambda: images.mark_images(
        workspace=cast.workspace, ids=ids, marks=marks, actor=cast.bob
    )


def delete_images(cast: Cast) -> Act:
    ids = [make.make_image(cast.workspace, seed).pk for seed in range(3)]
    return lambda: images.delete_images(workspace=cast.workspace, ids=ids, actor=cast.bob)


def create_group(cast: Cast) -> Act:
    kind = make.make_type(cast.workspace)
    return lambda: groups.create_group(similarity_type=kind, name="red", actor=cast.bob)


def create_named(cast: Cast) -> Act:
    kind = make.make_type(cast.workspace)
    return lambda: create_named_group(similarity_type=kind, name="red", actor=cast.bob)


def group_into_one_that_is_there(cast: Cast) -> Act:
    """Where the group has to be made, making it is a change of its own."""
    group, ids = _group(cast), [make.make_image(cast.workspace).pk]
    kind = group.similarity_type
    return lambda: group_images(similarity_type=kind, name=group.name, ids=ids, actor=cast.bob)


def rename(cast: Cast) -> Act:
    group = _group(cast)
    return lambda: rename_group(group=group, changes={"name": "blue"}, actor=cast.bob)


def mark_group(cast: Cast) -> Act:
    group = _group(cast)
    return lambda: groups.mark_group(group=group, test_group=True, actor=cast.bob)


def mark_groups(cast: Cast) -> Act:
    ids = [group.pk for group in _nested(cast)]
    return lambda: groups.mark_groups(
        workspace=cast.workspace, ids=ids, test_group=True, actor=cast.bob
    )


def change_group(cast: Cast) -> Act:
    group = _group(cast)
    return lambda: groups.change_group(group=group, changes={"description": "x"}, actor=cast.bob)


def delete_group(cast: Cast) -> Act:
    group = _filled(cast)[0]
    return lambda: groups.delete_group(group=group, actor=cast.bob)


def add_images(cast: Cast) -> Act:
    group, ids = _group(cast), [make.make_image(cast.workspace, seed).pk for seed in range(3)]
    return lambda: groups.add_images(group=group, ids=ids, actor=cast.bob)


def remove_images(cast: Cast) -> Act:
    group, image = _filled(cast)
    return lambda: groups.remove_images(group=group, ids=[image.pk], actor=cast.bob)


def add_regions(cast: Cast) -> Act:
    group, region = _group(cast), _region(cast)
    return lambda: groups.add_regions(group=group, ids=[region.pk], actor=cast.bob)


def remove_regions(cast: Cast) -> Act:
    group, region = _group(cast), _region(cast)
    groups.add_regions(group=group, ids=[region.pk], actor=cast.bob)
    return lambda: groups.remove_regions(group=group, ids=[region.pk], actor=cast.bob)


def nest(cast: Cast) -> Act:
    outer, inner = _nested(cast)
    return lambda: add_groups(group=outer, ids=[inner.pk], actor=cast.bob)


def unnest(cast: Cast) -> Act:
    outer, inner = _nested(cast)
    add_groups(group=outer, ids=[inner.pk], actor=cast.bob)
    return lambda: remove_groups(group=outer, ids=[inner.pk], actor=cast.bob)


def create_label(cast: Cast) -> Act:
    fields = {"name": "Heel"}
    return lambda: labels.create_label(workspace=cast.workspace, fields=fields, actor=cast.bob)


def change_label(cast: Cast) -> Act:
    label = make.make_label(cast.workspace)
    return lambda: labels.change_label(label=label, changes={"name": "Sole"}, actor=cast.bob)


def delete_label(cast: Cast) -> Act:
    label = make.make_label(cast.workspace)
    return lambda: labels.delete_label(label=label, actor=cast.bob)


def create_region(cast: Cast) -> Act:
    image, label = make.make_image(cast.workspace), make.make_label(cast.workspace)
    box = regions.Box(0, 0, 8, 8)
    return lambda: regions.create_region(image=image, label=label, box=box, actor=cast.bob)


def change_region(cast: Cast) -> Act:
    region, changes = _region(cast), {"meta_data": {"size": 42}}
    return lambda: regions.change_region(region=region, changes=changes, actor=cast.bob)


def delete_region(cast: Cast) -> Act:
    region = _region(cast)
    return lambda: regions.delete_region(region=region, actor=cast.bob)


def create_type(cast: Cast) -> Act:
    return lambda: types.create_type(
        workspace=cast.workspace, name="Shape", exclusive=True, actor=cast.bob
    )


def change_type(cast: Cast) -> Act:
    kind = make.make_type(cast.workspace)
    return lambda: types.change_type(
        similarity_type=kind, changes={"exclusive": True}, actor=cast.bob
    )


def delete_type(cast: Cast) -> Act:
    kind = _group(cast).similarity_type
    return lambda: types.delete_type(similarity_type=kind, force=True, actor=cast.bob)


def verify_group(cast: Cast) -> Act:
    group = _group(cast)
    return lambda: verifications.verify_group(group=group, user=cast.bob, actor=cast.bob)


def verify_image(cast: Cast) -> Act:
    image = make.make_image(cast.workspace)
    return lambda: verifications.verify_image(image=image, user=cast.bob, actor=cast.bob)


def unverify(cast: Cast) -> Act:
    given, _ = verifications.verify_group(group=_group(cast), user=cast.bob, actor=cast.bob)
    return lambda: verifications.unverify(verification=given, actor=cast.bob)


ACTS: dict[str, Callable[[Cast], Act]] = {
    "library.group_names.create_named_group": create_named,
    "library.group_names.group_images": group_into_one_that_is_there,
    "library.group_names.rename_group": rename,
    "library.groups.add_images": add_images,
    "library.groups.add_regions": add_regions,
    "library.groups.change_group": change_group,
    "library.groups.create_group": create_group,
    "library.groups.delete_group": delete_group,
    "library.groups.mark_group": mark_group,
    "library.groups.mark_groups": mark_groups,
    "library.groups.remove_images": remove_images,
    "library.groups.remove_regions": remove_regions,
    "library.images.add_image": add_image,
    "library.images.change_image": change_image,
    "library.images.delete_images": delete_images,
    "library.images.mark_images": mark_images,
    "library.labels.change_label": change_label,
    "library.labels.create_label": create_label,
    "library.labels.delete_label": delete_label,
    "library.nesting.add_groups": nest,
    "library.nesting.remove_groups": unnest,
    "library.regions.change_region": change_region,
    "library.regions.create_region": create_region,
    "library.regions.delete_region": delete_region,
    "library.similarity_types.change_type": change_type,
    "library.similarity_types.create_type": create_type,
    "library.similarity_types.delete_type": delete_type,
    "library.verifications.unverify": unverify,
    "library.verifications.verify_group": verify_group,
    "library.verifications.verify_image": verify_image,
}

# All others carry nothing: what they made is found by the change's target.
CARRIED: dict[str, Carried] = {
    "library.group_names.group_images": carries(members=1),
    "library.group_names.rename_group": changes("name"),
    "library.groups.add_images": carries(members=3),
    "library.groups.add_regions": carries(members=1),
    "library.groups.change_group": changes("description"),
    "library.groups.delete_group": carries(
        before="similarity_type name description meta_data test_group lost"
    ),
    "library.groups.mark_group": changes("test_group"),
    "library.groups.mark_groups": changes("test_group", members=2),
    "library.groups.remove_images": carries(members=1),
    "library.groups.remove_regions": carries(members=1),
    "library.images.change_image": changes("real"),
    "library.images.delete_images": carries(members=3, before=""),
    "library.images.mark_images": changes("test_image", members=3),
    "library.labels.change_label": changes("name"),
    "library.labels.delete_label": carries(before="name description color output_name"),
    "library.nesting.add_groups": carries(members=1),
    "library.nesting.remove_groups": carries(members=1),
    "library.regions.change_region": changes("image label left top right bottom meta_data"),
    "library.regions.delete_region": carries(before="image label left top right bottom meta_data"),
    "library.similarity_types.change_type": changes("exclusive"),
    "library.similarity_types.delete_type": carries(
        before="name description exclusive fold_by lost"
    ),
    "library.verifications.unverify": carries(before="user"),
    "library.verifications.verify_group": carries(after="user"),
    "library.verifications.verify_image": carries(after="user"),
}
