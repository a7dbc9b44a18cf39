"""List, create, change and delete groups, and add and remove their members."""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from dashboard.remote.address import segment
from dashboard.remote.calls import KNOWN, Calls, Changed
from dashboard.remote.fields import Fields
from dashboard.remote.images import Image
from dashboard.remote.regions import Region

_GROUP: Final = "similarity/training/v2/group/"


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """A group of a list; values that the server does not state are None."""

    id: str
    name: str
    description: str
    similarity_type: str
    type_name: str | None
    meta_data: Mapping[str, Any]
    test_group: bool | None
    images_count: int | None
    regions_count: int | None
    groups_count: int | None
    verify_count: int | None
    workspace: str | None
    created: datetime | None
    modified: datetime | None

    @classmethod
    def of(cls, fields: Fields) -> "Group":
        """Return a group from an answer's fields."""
        kind = fields.object_or_none("type")
        return cls(
            id=fields.id(),
            name=fields.text("name"),
            description=fields.text_or_none("description") or "",
            similarity_type=fields.id("type"),
            type_name=kind.text_or_none("name") if kind else None,
            meta_data=fields.mapping("meta_data"),
            test_group=fields.flag_or_none("test_group"),
            images_count=fields.number_or_none("images_count"),
            regions_count=fields.number_or_none("objects_count"),
            groups_count=fields.number_or_none("groups_count"),
            verify_count=fields.number_or_none("verifyCount"),
            workspace=fields.id_or_none("workspace")
            or (kind.id_or_none("workspace") if kind else None),
            created=fields.moment_or_none("created"),
            modified=fields.moment_or_none("modified"),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupMembers:
    """A group with its members: of each kind the newest, at most 1,000.

    For all of them: `iterate_images(group=…)`, `iterate_regions(group=…)`,
    `iterate_groups(parent=…)`.
    """

    group: Group
    images: tuple[Image, ...]
    regions: tuple[Region, ...]
    groups: tuple[Group, ...]

    @classmethod
    def of(cls, fields: Fields) -> Self:
        """Return a group with its members from an answer's fields."""
        return cls(
            group=Group.of(fields),
            images=fields.list("images", Image.of),
            regions=fields.list("detection_objects", Region.of),
            groups=fields.list("groups", Group.of),
        )


class GroupCalls(Calls):
    """Calls for groups. Members are added and removed 10,000 a call; each call is atomic.

    A member that is already in the group, or not in it, is counted and not changed, so these calls
    can be repeated like reads.
    """

    def iterate_groups(
        self,
        *,
        similarity_type: str | None = None,
        parent: str | None = None,
        image: str | None = None,
        region: str | None = None,
        group: str | None = None,
        test: bool | None = None,
        empty: bool | None = None,
        search: str | None = None,
    ) -> Iterator[Group]:
        """Yield the groups, those in `parent`, or those that have `image`, `region` or `group`.

        Servers that do not know `parent` ignore it; `group_members` has the first 1,000 there.
        """
        return self._list(
            "List the groups",
            _GROUP,
            Group.of,
            type=similarity_type,
            parent=parent,
            image=image,
            object=region,
            group=group,
            test=test,
            empty=empty,
            search=search,
        )

    def group_members(self, group_id: str) -> GroupMembers:
        """Return a group with its members."""
        return self._get("Read a group", _one(group_id), GroupMembers.of)

    def create_group(
        self,
        name: str,
        similarity_type: str,
        *,
        description: str | None = None,
        meta_data: Mapping[str, Any] | None = None,
        known: Container[str] = KNOWN,
    ) -> Group:
        """Create a group, once; identified by name and type. `Server` explains creating."""
        return self._create(
            "Create a group",
            _GROUP,
            {
                "name": name,
                "type": similarity_type,
                "description": description,
                "meta_data": meta_data,
            },
            Group.of,
            lambda: (
                row
                for row in self.iterate_groups(similarity_type=similarity_type, search=name)
                if row.name == name
            ),
            known,
        )

    def change_group(
        self,
        group_id: str,
        *,
        name: str | None = None,
        similarity_type: str | None = None,
        description: str | None = None,
        meta_data: Mapping[str, Any] | None = None,
    ) -> Group:
        """Change the values that are not None; metadata is replaced as a whole."""
        return self._change(
            "Change a group",
            "PATCH",
            _one(group_id),
            {
                "name": name,
                "type": similarity_type,
                "description": description,
                "meta_data": meta_data,
            },
            Group.of,
        )

    def mark_groups(self, group_ids: Iterable[str], *, test: bool) -> Changed:
        """Set or remove the test mark of many groups."""
        mark = {"mark-test" if test else "unmark-test": True}
        return self._many("Mark groups", f"{_GROUP}update", "groups", group_ids, **mark)

    def delete_group(self, group_id: str) -> None:
        """Delete a group; its members stay."""
        self._delete("Delete a group", _one(group_id))

    def add_images(self, group_id: str, image_ids: Iterable[str]) -> Changed:
        """Add images to a group."""
        return self._move("Add images to a group", group_id, "add", "images", image_ids)

    def remove_images(self, group_id: str, image_ids: Iterable[str]) -> Changed:
        """Remove images from a group."""
        return self._move("Remove images from a group", group_id, "remove", "images", image_ids)

    def add_regions(self, group_id: str, region_ids: Iterable[str]) -> Changed:
        """Add regions to a group."""
        return self._move("Add regions to a group", group_id, "add", "objects", region_ids)

    def remove_regions(self, group_id: str, region_ids: Iterable[str]) -> Changed:
        """Remove regions from a group."""
        return self._move("Remove regions from a group", group_id, "remove", "objects", region_ids)

    def add_groups(self, group_id: str, group_ids: Iterable[str]) -> Changed:
        """Add groups as subgroups."""
        return self._move("Add groups to a group", group_id, "add", "groups", group_ids)

    def remove_groups(self, group_id: str, group_ids: Iterable[str]) -> Changed:
        """Remove subgroups from a group; they stay groups."""
        return self._move("Remove groups from a group", group_id, "remove", "groups", group_ids)

    def _move(self, name: str, group_id: str, verb: str, kind: str, ids: Iterable[str]) -> Changed:
        return self._many(name, f"{_one(group_id)}/{verb}-{kind}/", kind, ids)


def _one(group_id: str) -> str:
    return _GROUP + segment(group_id)
