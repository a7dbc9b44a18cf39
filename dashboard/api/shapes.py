"""Define the JSON of each resource; serializers and writers never save."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request

from dashboard.api.fields import Base64, Flag, Id, IdList, MetaData, OptionalText, RecordList
from dashboard.models import Collection, Group, GroupImage, Image, SimilarityType, Task, Version
from dashboard.queries.library.links import ImageLinks

Json = dict[str, Any]


class Named(serializers.Serializer[Any]):
    """A thing with a name and an optional description."""

    name = serializers.CharField(max_length=255)
    description = OptionalText(max_length=10_000)


class TypeFields(Named):
    """A similarity type. `fold_by` is our addition to the contract."""

    exclusive = Flag(required=False)
    fold_by = OptionalText(
        max_length=100,
        help_text=(
            "A key of the images' metadata: groups whose images share a value of it are tested "
            "together."
        ),
    )


class TaskFields(Named):
    """A task. `encoder` is our addition to the contract."""

    encoder = OptionalText(
        max_length=100,
        help_text="Key of the encoder for the next versions. Empty: the workspace's encoder.",
    )


class GroupFields(Named):
    """A group of a type."""

    type = Id()
    meta_data = MetaData(required=False)
    test_group = Flag(required=False)


class VersionFields(serializers.Serializer[Any]):
    """The fields of a version that can be changed."""

    production = Flag(required=False)


class ImageIds(serializers.Serializer[Any]):
    """Images by their ids."""

    images = IdList()


class GroupIds(serializers.Serializer[Any]):
    """Groups by their ids."""

    groups = IdList()


class Marks(serializers.Serializer[Any]):
    """Marks to set on many things: each has a field that sets it and one that removes it.

    Their names have hyphens, so they cannot be attributes.
    """

    marks: Mapping[str, str] = {}

    def get_fields(self) -> dict[str, Any]:
        """Add the fields of the marks."""
        fields = dict(super().get_fields())
        for name in self.marks:
            for verb in ("mark", "unmark"):
                fields[f"{verb}-{name}"] = Flag(required=False)
        return fields

    def validate(self, attrs: Json) -> Json:
        """Combine the fields into `marks`, by column."""
        found: dict[str, bool] = {}
        for name, column in self.marks.items():
            on, off = attrs.pop(f"mark-{name}", False), attrs.pop(f"unmark-{name}", False)
            if on and off:
                raise serializers.ValidationError(
                    {f"mark-{name}": [f"Send mark-{name} or unmark-{name}, not both."]}
                )
            if on or off:
                found[column] = on
        if not found:
            names = " or ".join(f"mark-{name}, unmark-{name}" for name in self.marks)
            raise serializers.ValidationError({"detail": f"Send one of {names} as true."})
        return attrs | {"marks": found}


class GroupMarks(GroupIds, Marks):
    """Groups, and their test mark."""

    marks = {"test": "test_group"}


class ImageMarks(ImageIds, Marks):
    """Images, and their marks `test` and `real`."""

    marks = {"test": "test_image", "real": "real"}


class TypeId(serializers.Serializer[Any]):
    """A type by its id, under either name."""

    type_id = Id(required=False)
    type = Id(required=False)

    def validate(self, attrs: Json) -> Json:
        """Require one of the two."""
        if "type_id" not in attrs and "type" not in attrs:
            raise serializers.ValidationError({"type_id": ["This field is required."]})
        return {"type_id": attrs.get("type_id") or attrs["type"]}


class ImageFields(serializers.Serializer[Any]):
    """The fields of an image that can be changed later."""

    meta_data = MetaData(required=False)
    test_image = Flag(required=False)
    real = Flag(required=False)


class NewImageFields(ImageFields):
    """An image in one of three ways."""

    base64 = Base64(required=False)
    url = OptionalText(max_length=4096)
    img_path = serializers.FileField(required=False, allow_null=True)
    noresize = Flag(default=False)


class DescriptorFields(serializers.Serializer[Any]):
    """Records whose descriptors are requested, and the version."""

    records = RecordList()
    task_id = Id(required=False, allow_null=True)
    version = serializers.IntegerField(required=False, allow_null=True)
    collection = Id(required=False, allow_null=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Require a task unless a collection is named."""
        fields = super().get_fields()
        sent = getattr(self, "initial_data", None)
        if sent is not None and not sent.get("collection"):
            # Decided by the body: REST framework cannot declare a field that is required in some
            # cases.
            fields["task_id"].required, fields["task_id"].allow_null = True, False
        return fields


class CollectionFields(Named):
    """A collection with its version of a task, which never changes."""

    task = Id()
    version = serializers.IntegerField(required=False, allow_null=True)


def type_json(row: SimilarityType) -> Json:
    """Return a similarity type as JSON."""
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "workspace": row.workspace_id,
        "exclusive": row.exclusive,
        "fold_by": row.fold_by,
        "groups_count": row.groups_count,
        "created": row.created,
        "modified": row.modified,
    }


def task_json(row: Task, last: Version | None) -> Json:
    """Return a task as JSON; `last` is its newest version."""
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "workspace": row.workspace_id,
        "types": [type_json(kind) for kind in row.similarity_types.all()],
        "production_version": row.production_version and row.production_version.number,
        "last_train_status": last and last.status,
        "encoder": row.encoder,
        "created": row.created,
        "modified": row.modified,
    }


def version_json(row: Version) -> Json:
    """Return a trained version, which the API calls a model, as JSON."""
    return {
        "id": row.id,
        "task": row.task_id,
        "task_name": row.task.name,
        "version": row.number,
        "train_status": row.status,
        "production": row.task.production_version_id == row.id,
        "encoder": row.encoder,
        "dimension": row.dimension,
        "metrics": row.metrics,
        "train_detail": row.detail,
        "workspace": row.workspace_id,
        "created": row.created,
        "trained": row.trained,
    }


def collection_json(row: Collection) -> Json:
    """Return a collection as JSON."""
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "task": row.task_id,
        "task_name": row.task.name,
        "version": row.version.number,
        "records_count": row.records_count,
        "workspace": row.workspace_id,
        "created": row.created,
        "modified": row.modified,
    }


def group_json(row: Group) -> Json:
    """Return a group as JSON, as in a list."""
    return _group_json(row, row.workspace_id, row.similarity_type.name)


def groups_json(rows: Iterable[Any], workspace_id: UUID) -> list[Json]:
    """Return plain rows of a workspace's groups, as `group_json` returns groups."""
    return [_group_json(row, workspace_id, row.similarity_type__name) for row in rows]


def _group_json(row: Any, workspace_id: UUID, type_name: str) -> Json:
    # A type's groups are in its own workspace.
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "type": {"id": row.similarity_type_id, "name": type_name, "workspace": workspace_id},
        "meta_data": row.meta_data,
        "test_group": row.test_group,
        "images_count": row.images_count,
        "objects_count": row.regions_count,
        "groups_count": row.groups_count,
        "verifyCount": row.verify_count,
        "workspace": workspace_id,
        "created": row.created,
        "modified": row.modified,
    }


def images_json(rows: Iterable[Image], request: Request) -> list[Json]:
    """Return images as JSON, with URLs that are valid for an hour or two."""
    rows = list(rows)
    if not rows:
        return []
    groups, links = _groups_of(rows), ImageLinks(rows[0].workspace_id)
    return [
        {
            "id": row.id,
            "created": row.created,
            "img_path": request.build_absolute_uri(links.file(str(row.id), row.extension)),
            "thumb_img_path": request.build_absolute_uri(links.thumbnail(str(row.id))),
            "img_width": row.width,
            "img_height": row.height,
            "workspace": row.workspace_id,
            "meta_data": row.meta_data,
            "test_image": row.test_image,
            "real": row.real,
            "verifyCount": row.verify_count,
            "labels": [],
            "file_name": row.file_name,
            "sha256": row.sha256,
            "groups": groups.get(row.id, []),
        }
        for row in rows
    ]


def _groups_of(images: list[Image]) -> dict[Any, list[Json]]:
    found: dict[Any, list[Json]] = {}
    rows = GroupImage.objects.filter(image__in=images).order_by("id")
    for image_id, group_id, name, kind in rows.values_list(
        "image_id", "group_id", "group__name", "similarity_type_id"
    ):
        found.setdefault(image_id, []).append({"id": group_id, "name": name, "type": kind})
    return found
