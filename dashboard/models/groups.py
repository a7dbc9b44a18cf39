"""Define groups and their members."""

from typing import Any

from django.db import models
from django.db.models import F, Q

from dashboard.models.base import ScopedManager, ScopedModel
from dashboard.models.folded_names import FoldedNameField
from dashboard.models.images import Image
from dashboard.models.regions import Region
from dashboard.models.similarity_types import SimilarityType


class Group(ScopedModel):
    """Images and regions that are similar in the sense of a type, or other groups: never both.

    The services update the three counters in the transaction that changes the members. Several
    groups may have equal names, as programs create them: `folded_name` finds them.
    """

    # PROTECT: the service that deletes a type deletes its groups and updates the counters.
    similarity_type = models.ForeignKey(SimilarityType, models.PROTECT, related_name="groups")
    name = models.CharField(max_length=255)
    folded_name = FoldedNameField()
    description = models.TextField(blank=True)
    meta_data = models.JSONField(default=dict, blank=True)
    test_group = models.BooleanField(default=False)
    verify_count = models.PositiveIntegerField(default=0)
    images_count = models.PositiveIntegerField(default=0)
    regions_count = models.PositiveIntegerField(default=0)
    groups_count = models.PositiveIntegerField(default=0)

    objects = ScopedManager["Group"]()

    class Meta:
        constraints = [
            models.CheckConstraint(
                # On counters, as a constraint cannot read other tables: the services lock the
                # group's row while they count.
                condition=Q(groups_count=0) | Q(images_count=0, regions_count=0),
                name="group_holds_one_kind",
            )
        ]
        indexes = [
            models.Index(fields=["workspace", "-created", "-id"], name="group_recent"),
            models.Index(
                fields=["similarity_type", "-created", "-id"], name="group_recent_of_type"
            ),
            # With these operators PostgreSQL uses the index for prefixes, too.
            models.Index(
                fields=["similarity_type", "folded_name"],
                opclasses=["uuid_ops", "varchar_pattern_ops"],
                name="group_by_folded_name",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **options: Any) -> None:
        """Save the folded name whenever the name is saved."""
        fields = options.get("update_fields")
        if fields is not None and "name" in fields:
            options["update_fields"] = {*fields, "folded_name"}
        super().save(*args, **options)


class GroupImage(models.Model):
    """An image in a group.

    The type, its `exclusive` and the image's `created` are copies: the first two let the database
    refuse a second group of an exclusive type, the third lets one index read a group's page.
    """

    id = models.BigAutoField(primary_key=True)
    group = models.ForeignKey(Group, models.CASCADE, related_name="image_rows")
    image = models.ForeignKey(Image, models.CASCADE, related_name="group_rows")
    similarity_type = models.ForeignKey(SimilarityType, models.CASCADE, related_name="+")
    exclusive = models.BooleanField()
    image_created = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "image"], name="image_once_in_group"),
            models.UniqueConstraint(
                fields=["similarity_type", "image"],
                condition=Q(exclusive=True),
                name="image_in_one_group_of_exclusive_type",
            ),
        ]
        indexes = [
            models.Index(fields=["group", "-image_created", "-image"], name="group_images_recent"),
            models.Index(
                fields=["similarity_type", "-image_created", "-image"], name="type_images_recent"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.image_id} in {self.group_id}"


class GroupRegion(models.Model):
    """A region in a group."""

    id = models.BigAutoField(primary_key=True)
    group = models.ForeignKey(Group, models.CASCADE, related_name="region_rows")
    region = models.ForeignKey(Region, models.CASCADE, related_name="group_rows")
    similarity_type = models.ForeignKey(SimilarityType, models.CASCADE, related_name="+")
    exclusive = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "region"], name="region_once_in_group"),
            models.UniqueConstraint(
                fields=["similarity_type", "region"],
                condition=Q(exclusive=True),
                name="region_in_one_group_of_exclusive_type",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.region_id} in {self.group_id}"


class GroupNesting(models.Model):
    """A group inside a group; the services refuse longer cycles than this constraint can."""

    id = models.BigAutoField(primary_key=True)
    parent = models.ForeignKey(Group, models.CASCADE, related_name="child_rows")
    child = models.ForeignKey(Group, models.CASCADE, related_name="parent_rows")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["parent", "child"], name="group_once_in_group"),
            models.CheckConstraint(condition=~Q(parent=F("child")), name="group_never_in_itself"),
        ]

    def __str__(self) -> str:
        return f"{self.child_id} in {self.parent_id}"
