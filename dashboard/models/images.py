"""Define images: one row per image of a workspace, one image per content."""

from typing import Self

from django.db import models

from accounts.models import User, Workspace
from dashboard.models.base import ScopedModel


class ImageQuerySet(models.QuerySet["Image"]):
    """Images of a workspace, and those that are not deleted."""

    def in_workspace(self, workspace: Workspace) -> Self:
        """Keep the images of the workspace."""
        return self.filter(workspace=workspace)

    def present(self) -> Self:
        """Exclude deleted images."""
        return self.filter(deleted__isnull=True)


class Image(ScopedModel):
    """An image as stored: upright, without EXIF, its shorter side at most 600 pixels.

    An image that was uploaded with `noresize` keeps its size.

    `sha256` is that of the uploaded bytes: the same bytes are stored once per workspace.
    `stored_sha256` is that of the bytes behind the image's URL: descriptors are cached by it. A
    deleted image keeps its row, so that an upload of the same bytes restores it under its id.
    """

    class Extension(models.TextChoices):
        """The two formats that are stored."""

        JPEG = "jpg"
        PNG = "png"

    uploaded_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    file_name = models.CharField(max_length=255, blank=True)
    sha256 = models.CharField(max_length=64)
    stored_sha256 = models.CharField(max_length=64)
    extension = models.CharField(max_length=3, choices=Extension.choices)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    file_size = models.PositiveIntegerField(help_text="Bytes of the stored image and thumbnail.")
    meta_data = models.JSONField(default=dict, blank=True)
    test_image = models.BooleanField(default=False)
    real = models.BooleanField(default=True)
    verify_count = models.PositiveIntegerField(default=0)
    deleted = models.DateTimeField(null=True, editable=False)

    objects = ImageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "sha256"],
                # Partial: the row of a deleted image stays, perhaps beside a new one with the same
                # content.
                condition=models.Q(deleted__isnull=True),
                name="image_once_per_workspace",
            ),
        ]
        indexes = [
            models.Index(
                fields=["workspace", "-created", "-id"],
                condition=models.Q(deleted__isnull=True),
                name="image_recent",
            ),
            models.Index(
                fields=["workspace", "test_image", "-created", "-id"],
                condition=models.Q(deleted__isnull=True),
                name="image_recent_test",
            ),
            # Includes deleted images, which the constraint's partial index does not.
            models.Index(fields=["workspace", "sha256"], name="image_by_content"),
        ]

    def __str__(self) -> str:
        return self.file_name or str(self.id)
