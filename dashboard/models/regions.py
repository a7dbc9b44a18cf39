"""Define regions: boxes on images. The API calls one an object."""

from django.db import models
from django.db.models import F, Q

from dashboard.models.base import ScopedManager, ScopedModel
from dashboard.models.images import Image
from dashboard.models.labels import Label


class Region(ScopedModel):
    """A box in pixels of the stored image; `right` and `bottom` are exclusive."""

    image = models.ForeignKey(Image, models.CASCADE, related_name="regions")
    label = models.ForeignKey(Label, models.PROTECT, related_name="regions")
    left = models.PositiveIntegerField()
    top = models.PositiveIntegerField()
    right = models.PositiveIntegerField()
    bottom = models.PositiveIntegerField()
    meta_data = models.JSONField(default=dict, blank=True)

    objects = ScopedManager["Region"]()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(right__gt=F("left")) & Q(bottom__gt=F("top")), name="region_has_area"
            )
        ]
        indexes = [models.Index(fields=["workspace", "-created", "-id"], name="region_recent")]

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Return left, top, right and bottom."""
        return self.left, self.top, self.right, self.bottom

    def __str__(self) -> str:
        return f"{self.label}: {self.left}, {self.top}, {self.right}, {self.bottom}"
