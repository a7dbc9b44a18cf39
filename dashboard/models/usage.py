"""What a workspace takes up, counted on with every change: nobody adds up a table to know it."""

from django.db import models
from django.db.models import Q

from accounts.models import Workspace


class Usage(models.Model):
    """How many things of a sort a workspace has, and their bytes; `doctor` holds it against rows.

    Images are those that are not deleted. Of uploads it counts the files that are named and not
    forgotten, with the sizes that were stated: what is on its way is counted before it arrives.
    """

    class What(models.TextChoices):
        """The sorts; each has a row of its own, so that who sends waits for nobody who imports."""

        IMAGES = "images", "Images"
        UPLOADS = "uploads", "Files of uploads"

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    what = models.CharField(max_length=10, choices=What.choices)
    # Signed, unlike other counters: if it is too low, a deletion still goes through.
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
