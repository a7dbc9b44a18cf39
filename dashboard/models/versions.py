"""Define versions: the trained models of a task."""

from django.db import models
from django.db.models import Q

from accounts.models import User
from dashboard.models.base import ScopedManager, ScopedModel
from dashboard.models.tasks import Task


class Version(ScopedModel):
    """The result of one training.

    CREATED -> QUEUED -> TRAINING -> TRAINED | ERROR | CANCELLED; QUEUED -> CANCELLED. A training
    that lost its worker stays TRAINING and resumes. A task trains one version at a time.
    """

    class Status(models.TextChoices):
        """The values of the API's `train_status`."""

        CREATED = "CREATED", "Created"
        QUEUED = "QUEUED", "Queued"
        TRAINING = "TRAINING", "Training"
        TRAINED = "TRAINED", "Trained"
        ERROR = "ERROR", "Error"
        CANCELLED = "CANCELLED", "Cancelled"

    UNFINISHED = (Status.CREATED, Status.QUEUED, Status.TRAINING)

    task = models.ForeignKey(Task, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.CREATED)
    detail = models.TextField(blank=True, help_text="One sentence for people about the outcome.")
    encoder = models.CharField(max_length=100)
    seed = models.PositiveIntegerField(default=0)
    dimension = models.PositiveIntegerField(null=True)
    metrics = models.JSONField(default=dict)
    artifact = models.CharField(max_length=255, blank=True, help_text="Folder in the storage.")
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    trained = models.DateTimeField(null=True)

    objects = ScopedManager["Version"]()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["task", "number"], name="version_number_once"),
            models.UniqueConstraint(
                fields=["task"],
                condition=Q(status__in=("CREATED", "QUEUED", "TRAINING")),
                # The service checks under a lock; this covers all other writers.
                name="task_trains_one_version",
            ),
            models.CheckConstraint(
                condition=~Q(status="TRAINED")
                | Q(dimension__isnull=False, trained__isnull=False) & ~Q(artifact=""),
                name="version_trained_is_complete",
            ),
        ]
        indexes = [models.Index(fields=["workspace", "-created", "-id"], name="version_recent")]

    def __str__(self) -> str:
        return f"{self.task} version {self.number}"
