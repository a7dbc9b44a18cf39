"""Define features: the encoder's output for an image or a region, stored so that it runs once."""

from django.db import models

from accounts.models import Workspace
from dashboard.models.base import ScopedManager
from dashboard.models.images import Image


class Feature(models.Model):
    """An image's features by one encoder: float16, little-endian, as bytes (1 KB for 512)."""

    # Ascending numbers, by which `index.search.Vectors` finds what came since it last looked.
    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    image = models.ForeignKey(Image, models.CASCADE, related_name="features")
    encoder = models.CharField(max_length=100)
    vector = models.BinaryField()

    objects = ScopedManager["Feature"]()

    class Meta:
        indexes = [models.Index(fields=["workspace", "encoder", "id"], name="feature_by_age")]
        constraints = [models.UniqueConstraint(fields=["image", "encoder"], name="feature_once")]

    def __str__(self) -> str:
        return f"{self.encoder} of {self.image_id}"


class RegionFeature(models.Model):
    """The features of a part of an image, as `Feature` has those of the whole.

    The image and the box are the content of a region: a moved one is encoded again, and two with
    the same box share a row. An image's bytes never change.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    image = models.ForeignKey(Image, models.CASCADE, related_name="region_features")
    encoder = models.CharField(max_length=100)
    left = models.PositiveIntegerField()
    top = models.PositiveIntegerField()
    right = models.PositiveIntegerField()
    bottom = models.PositiveIntegerField()
    vector = models.BinaryField()

    objects = ScopedManager["RegionFeature"]()

    class Meta:
        # For deleting an encoder, which deletes its features.
        indexes = [models.Index(fields=["encoder"], name="region_feature_by_encoder")]
        constraints = [
            models.UniqueConstraint(
                fields=["image", "encoder", "left", "top", "right", "bottom"],
                name="region_feature_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.encoder} of a part of {self.image_id}"
