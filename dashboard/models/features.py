"""Features: what the encoder says of an image, kept so that it is asked once."""

from django.db import models

from accounts.models import Workspace
from dashboard.models.base import ScopedManager
from dashboard.models.images import Image


class Feature(models.Model):
    """An image's features by one encoder: float16, little endian, as bytes (1 KB for 512)."""

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
