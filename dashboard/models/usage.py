"""Define the storage use of a workspace, updated with every change instead of summed."""

from django.db import models
from django.db.models import Q

from accounts.models import Workspace


class Usage(models.Model):
    """The number and bytes of one kind of things of a workspace; `doctor` compares it with rows.

    Images are those that are not deleted. Of uploads it counts the registered files that still have
    a path, with their stated sizes: they are counted before they arrive.
    """

    class What(models.TextChoices):
        """The kinds; each has its own row, so that uploads do not wait for imports."""

        IMAGES = "images", "Images"
        UPLOADS = "uploads", "Files of uploads"

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    what = models.CharField(max_length=10, choices=What.choices)
    # Signed, unlike other counters: if it is too low, a deletion still succeeds.
    count = models.BigIntegerField(default=0)
    size = models.BigIntegerField(default=0, help_text="Bytes.")

    class Meta:
        verbose_name_plural = "usages"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "what"], name="usage_once"),
            models.CheckConstraint(
                condition=Q(what__in=["images", "uploads"]), name="usage_what_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_what_display()}: {self.count}"
