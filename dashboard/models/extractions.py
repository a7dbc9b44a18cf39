"""Define extractions: descriptors of many images, computed once and downloaded as a file."""

from django.db import models

from accounts.models import User
from dashboard.models.base import ScopedManager, ScopedModel
from dashboard.models.groups import Group
from dashboard.models.similarity_types import SimilarityType
from dashboard.models.uploads import Upload, UploadFile
from dashboard.models.versions import Version


class Extraction(ScopedModel):
    """Which images, version and file format; `path` is set when the file is complete.

    It covers all images, unless `group`, `similarity_type` or `filter` narrows it down, or the
    images of `upload`, which were uploaded or named only for this. `filter_words` describes the
    filter even after the things that it names are deleted.
    """

    class Format(models.TextChoices):
        """The file formats."""

        PARQUET = "parquet", "Parquet"
        NPZ = "npz", "NumPy (NPZ)"
        JSONL = "jsonl", "JSON Lines"
        CSV = "csv", "CSV"

    version = models.ForeignKey(Version, models.CASCADE, related_name="extractions")
    group = models.ForeignKey(Group, models.CASCADE, null=True, related_name="+")
    similarity_type = models.ForeignKey(SimilarityType, models.CASCADE, null=True, related_name="+")
    upload = models.OneToOneField(Upload, models.CASCADE, null=True, related_name="+")
    filter = models.JSONField(default=dict, blank=True, help_text="A filter of the grid.")
    filter_words = models.CharField(max_length=1000, blank=True)
    format = models.CharField(max_length=10, choices=Format.choices)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    path = models.CharField(max_length=255, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    count = models.PositiveIntegerField(default=0)

    objects = ScopedManager["Extraction"]()

    class Meta:
        indexes = [models.Index(fields=["workspace", "-created", "-id"], name="extraction_recent")]

    def __str__(self) -> str:
        return f"Embeddings by {self.version}"


class SentFeature(models.Model):
    """The features of an image that was uploaded for an extraction, stored until that is done."""

    file = models.OneToOneField(
        UploadFile, models.CASCADE, primary_key=True, related_name="feature"
    )
    vector = models.BinaryField(help_text="float16, little-endian.")

    def __str__(self) -> str:
        return f"Feature of {self.file_id}"
