"""Define uploads: received files, the plan for each, and its outcome."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from dashboard.models.base import ScopedManager, ScopedModel
from dashboard.models.groups import Group
from dashboard.models.images import Image
from dashboard.models.similarity_types import SimilarityType


class Upload(ScopedModel):
    """A batch of uploaded files; folders become groups of `similarity_type`, if given.

    RECEIVING -> PLANNING -> PLANNED -> COMMITTED -> UNDONE. PLANNING returns to RECEIVING when the
    dry run ends early, PLANNED when more files are added. With `auto_commit` there is no review:
    RECEIVING -> COMMITTED. Before it is committed only the upload's own rows are written; a new
    type is only named. Its files record what it imports, so that all of it can be undone.
    """

    class Stage(models.TextChoices):
        """The progress of an upload."""

        RECEIVING = "receiving", "Receiving"
        PLANNING = "planning", "Checking"
        PLANNED = "planned", "Ready to import"
        COMMITTED = "committed", "Imported"
        UNDONE = "undone", "Undone"

    class Purpose(models.TextChoices):
        """The purpose of the files."""

        IMAGES = "images", "Images of the workspace"
        DESCRIBE = "describe", "Images to extract embeddings from"
        WORKSPACE = "workspace", "A workspace's archive"

    stage = models.CharField(max_length=10, choices=Stage.choices, default=Stage.RECEIVING)
    purpose = models.CharField(max_length=10, choices=Purpose.choices, default=Purpose.IMAGES)
    auto_commit = models.BooleanField(default=False)
    expected = models.PositiveIntegerField(
        default=0, help_text="How many files its sender was about to name; 0 if nobody said."
    )
    committed = models.DateTimeField(null=True)
    undone = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    new_type_name = models.CharField(
        max_length=255, blank=True, help_text="Of a type that is made when it is committed."
    )
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    similarity_type = models.ForeignKey(
        SimilarityType, models.SET_NULL, null=True, related_name="+"
    )
    then_train = models.ForeignKey(
        "Task", models.SET_NULL, null=True, related_name="+", help_text="Trained when all is in."
    )
    name = models.CharField(max_length=255)

    objects = ScopedManager["Upload"]()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=("committed", "undone"), committed__isnull=False)
                | Q(stage__in=("receiving", "planning", "planned"), committed__isnull=True),
                name="upload_committed_has_time",
            )
        ]
        indexes = [models.Index(fields=["workspace", "-created", "-id"], name="upload_recent")]

    def __str__(self) -> str:
        return self.name


class UploadPart(models.Model):
    """One uploaded file: an image, an archive, a manifest, or a list of URLs.

    Its bytes are its chunks, one after another; it is complete when `received` is `size`. One whose
    `sha256` the workspace had is never sent: `received` stays 0, and its file is known.
    """

    class Kind(models.TextChoices):
        """The content of a part."""

        PICTURE = "picture", "Image"
        ARCHIVE = "archive", "Archive"
        MANIFEST = "manifest", "Manifest"
        ADDRESSES = "addresses", "URLs"

    id = models.BigAutoField(primary_key=True)
    upload = models.ForeignKey(Upload, models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=1024)
    size = models.PositiveBigIntegerField()
    path = models.CharField(
        max_length=255, blank=True, help_text="Where its bytes lie, empty once they are removed."
    )
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.PICTURE)
    received = models.PositiveBigIntegerField(default=0, help_text="Bytes that are here for good.")
    sha256 = models.CharField(max_length=64, blank=True, help_text="As its sender computed it.")
    known = models.BooleanField(default=False, help_text="The workspace had it: not sent.")
    created = models.DateTimeField(default=timezone.now, editable=False)
    similarity_type = models.ForeignKey(
        SimilarityType,
        models.SET_NULL,
        null=True,
        related_name="+",
        help_text="Of the groups that its folders become, if it is not the upload's.",
    )
    listed = models.BooleanField(default=False, help_text="All its files have rows.")
    code_page = models.CharField(
        max_length=20, blank=True, help_text="Of names in an archive that are not UTF-8."
    )
    code_page_sure = models.BooleanField(
        default=True, help_text="No other code page is as likely, or a person chose it."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["upload", "number"], name="upload_part_once")
        ]
        indexes = [
            models.Index(fields=["upload"], condition=~Q(path=""), name="upload_parts_stored"),
            # Files are registered some hundred at a time, and looked up among all registered ones.
            models.Index(fields=["upload", "path"], name="upload_parts_by_path"),
            models.Index(fields=["upload", "sha256"], name="upload_parts_by_content"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_archive(self) -> bool:
        """Return whether the part is an archive."""
        return self.kind == self.Kind.ARCHIVE


class UploadChunk(models.Model):
    """A range of a part's bytes, as an object of the storage; written once, never changed."""

    id = models.BigAutoField(primary_key=True)
    part = models.ForeignKey(UploadPart, models.CASCADE, related_name="chunks")
    start = models.PositiveBigIntegerField()
    size = models.PositiveBigIntegerField()
    path = models.CharField(max_length=255)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["part", "start"], name="upload_chunk_once")]

    def __str__(self) -> str:
        return f"{self.path} from {self.start}"


class UploadFile(models.Model):
    """One image of an upload. WAITING -> ADDED | KNOWN | FAILED; a retry sets FAILED to WAITING.

    The plan says what an import would do with it, and a person may skip it or fix errors. The
    values of a manifest are written into the file's row (`described`). A row of a manifest that
    names a file for the second time is a file of its own with that `source`; one that names a
    missing file stays as a row in error. Rows of manifests inside an archive are numbered from
    `FIRST_TOLD` on, beyond all that an archive may contain.
    """

    FIRST_TOLD = 1_000_000_000

    class Foreseen(models.TextChoices):
        """The result of the dry run."""

        UNKNOWN = "", "Not checked"
        NEW = "new", "New"
        KNOWN = "known", "Already in the workspace"
        WRONG = "wrong", "With errors"

    class Status(models.TextChoices):
        """The outcome of the import."""

        WAITING = "waiting", "Waiting"
        ADDED = "added", "Added"
        KNOWN = "known", "Already in the workspace"
        FAILED = "failed", "Failed"
        LEFT_OUT = "left_out", "Skipped"

    id = models.BigAutoField(primary_key=True)
    upload = models.ForeignKey(Upload, models.CASCADE, related_name="files")
    part = models.ForeignKey(UploadPart, models.CASCADE, related_name="files")
    number = models.PositiveIntegerField(help_text="Its place in the archive.")
    name = models.CharField(max_length=1024)
    group_name = models.CharField(max_length=255, blank=True)
    type_name = models.CharField(
        max_length=255, blank=True, help_text="Of the group, if it is not the upload's type."
    )
    url = models.TextField(blank=True, help_text="Where it is fetched, if it was not sent.")
    source = models.ForeignKey("self", models.CASCADE, null=True, related_name="+")
    size = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    test_image = models.BooleanField(null=True)
    real = models.BooleanField(null=True)
    meta_data = models.JSONField(default=dict, blank=True)
    foreseen = models.CharField(
        max_length=5, choices=Foreseen.choices, default=Foreseen.UNKNOWN, blank=True
    )
    described = models.BooleanField(default=False, help_text="A manifest's row told of it.")
    wrong = models.JSONField(
        default=dict,
        blank=True,
        help_text="What is wrong with what, a sentence each; see `refuse`.",
    )
    image_id_if_new = models.UUIDField(
        default=uuid.uuid4,
        editable=False,
        help_text="A second try writes the same files again instead of leaving the first ones.",
    )
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.WAITING)
    reason = models.TextField(blank=True)
    image = models.ForeignKey(Image, models.SET_NULL, null=True, related_name="+")
    group = models.ForeignKey(Group, models.SET_NULL, null=True, related_name="+")
    placed = models.BooleanField(default=False, help_text="It was not in the group before.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["part", "number"], name="upload_file_once"),
            models.CheckConstraint(
                condition=~Q(status="failed") | ~Q(reason=""), name="upload_failure_has_reason"
            ),
        ]
        indexes = [
            # With the id last: pages and batches continue after the last row that they read.
            models.Index(fields=["upload", "status", "id"], name="upload_files_by_status"),
            models.Index(fields=["upload", "foreseen", "id"], name="upload_files_by_foreseen"),
            models.Index(fields=["upload", "group_name", "id"], name="upload_files_by_group"),
            models.Index(
                fields=["upload", "sha256"], condition=~Q(sha256=""), name="upload_files_by_content"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def refuse(self, what: str, sentence: str) -> None:
        """Record an error of a column, the `picture`, its `path`, or the whole `row`.

        For a manifest's row without a file and a URL, the reason is stored under `name`.
        """
        self.wrong = self.wrong | {what: sentence}
        self.reason = " ".join(self.wrong.values())

    def forgive(self, what: str) -> None:
        """Remove an error."""
        if what not in self.wrong:
            return
        self.wrong = {name: told for name, told in self.wrong.items() if name != what}
        self.reason = " ".join(self.wrong.values())


class UploadGroup(models.Model):
    """A group that an upload created: undoing the upload deletes it, if nothing else is in it."""

    id = models.BigAutoField(primary_key=True)
    upload = models.ForeignKey(Upload, models.CASCADE, related_name="made_groups")
    group = models.ForeignKey(Group, models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["upload", "group"], name="upload_made_group_once")
        ]

    def __str__(self) -> str:
        return f"{self.group_id} by {self.upload_id}"


class UploadType(models.Model):
    """A type that an upload created: undoing the upload deletes it, if nothing else needs it."""

    id = models.BigAutoField(primary_key=True)
    upload = models.ForeignKey(Upload, models.CASCADE, related_name="made_types")
    similarity_type = models.ForeignKey(SimilarityType, models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["upload", "similarity_type"], name="upload_made_type_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.similarity_type_id} by {self.upload_id}"
