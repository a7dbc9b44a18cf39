"""Define similarity types: the ways in which images can be similar."""

from django.db import models

from dashboard.models.base import ScopedManager, ScopedModel


class SimilarityType(ScopedModel):
    """One meaning of similar, such as "same product". The services update `groups_count`."""

    name = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    exclusive = models.BooleanField(
        default=False, help_text="An image may be in one group of this type only."
    )
    fold_by = models.CharField(
        max_length=100,
        blank=True,
        help_text="A key of the images' metadata: groups that share a value are tested together.",
    )
    groups_count = models.PositiveIntegerField(default=0)

    objects = ScopedManager["SimilarityType"]()

    class Meta:
        indexes = [models.Index(fields=["workspace", "-created", "-id"], name="type_recent")]

    def __str__(self) -> str:
        return self.name
