"""Define tasks: the types that are trained together."""

from django.db import models

from dashboard.models.base import ScopedManager, ScopedModel
from dashboard.models.similarity_types import SimilarityType


class Task(ScopedModel):
    """Similarity types that are trained together. `versions_count` numbers the versions."""

    name = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    similarity_types = models.ManyToManyField(
        SimilarityType, through="TaskType", related_name="tasks"
    )
    encoder = models.CharField(
        max_length=100, blank=True, help_text="A key; empty: the installation's default."
    )
    versions_count = models.PositiveIntegerField(default=0)
    production_version = models.ForeignKey(
        "Version", models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = ScopedManager["Task"]()

    class Meta:
        indexes = [models.Index(fields=["workspace", "-created", "-id"], name="task_recent")]

    def __str__(self) -> str:
        return self.name


class TaskType(models.Model):
    """A similarity type of a task."""

    id = models.BigAutoField(primary_key=True)
    task = models.ForeignKey(Task, models.CASCADE, related_name="type_rows")
    similarity_type = models.ForeignKey(SimilarityType, models.CASCADE, related_name="task_rows")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["task", "similarity_type"], name="type_once_in_task")
        ]

    def __str__(self) -> str:
        return f"{self.similarity_type_id} of {self.task_id}"
