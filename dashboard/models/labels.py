"""Define labels of regions."""

from django.db import models

from dashboard.models.base import ScopedManager, ScopedModel

DEFAULT_LABEL = "object"


class Label(ScopedModel):
    """A name for regions; every workspace is created with one named `object`."""

    name = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    color = models.CharField(max_length=9, default="#206bc4")
    output_name = models.CharField(max_length=255, blank=True)

    objects = ScopedManager["Label"]()

    class Meta:
        indexes = [models.Index(fields=["workspace", "-created", "-id"], name="label_recent")]

    def __str__(self) -> str:
        return self.name
