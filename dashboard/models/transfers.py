"""Define transfers: the export of a workspace as one archive, or the import of one."""

from django.db import models
from django.db.models import Q

from accounts.models import User
from dashboard.models.base import ScopedManager, ScopedModel
from dashboard.models.uploads import Upload


class Transfer(ScopedModel):
    """The exported archive of a workspace, or the import of one, the only file of `upload`.

    `path` is set when an export is complete; until then there is nothing to download.
    """

    class Direction(models.TextChoices):
        """Export or import."""

        EXPORT = "export", "Export"
        IMPORT = "import", "Import"

    direction = models.CharField(max_length=6, choices=Direction.choices)
    upload = models.OneToOneField(Upload, models.CASCADE, null=True, related_name="+")
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    path = models.CharField(max_length=255, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    counts = models.JSONField(default=dict, blank=True, help_text="How many of each noun.")

    objects = ScopedManager["Transfer"]()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(direction="export", upload__isnull=True)
                | Q(direction="import", upload__isnull=False),
                name="transfer_import_has_upload",
            )
        ]
        indexes = [models.Index(fields=["workspace", "-created", "-id"], name="transfer_recent")]

    def __str__(self) -> str:
        return f"{self.get_direction_display()} of {self.workspace}"


class Imported(models.Model):
    """The row that an object of the archive became, so that an import can resume after a kill."""

    id = models.BigAutoField(primary_key=True)
    transfer = models.ForeignKey(Transfer, models.CASCADE, related_name="imported")
    noun = models.CharField(max_length=20)
    # No foreign key: the target may be in any table, and may have been deleted since.
    old_id = models.UUIDField()
    new_id = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["transfer", "noun", "old_id"], name="imported_once")
        ]

    def __str__(self) -> str:
        return f"{self.noun} {self.old_id}"
