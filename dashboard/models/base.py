"""Define what every table of the platform shares: an id, a workspace, a time."""

import uuid
from typing import TypeVar

from django.db import models
from django.utils import timezone

from accounts.models import Workspace

M = TypeVar("M", bound=models.Model)


class ScopedManager(models.Manager[M]):
    """Queries that begin in a workspace."""

    def in_workspace(self, workspace: Workspace) -> models.QuerySet[M]:
        """Return the rows of the workspace."""
        return self.filter(workspace=workspace)


class ScopedModel(models.Model):
    """A row with a UUID version 4 that belongs to a workspace and has its creation time.

    Each noun declares `objects` with `in_workspace`, so that every query can begin there.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    # Not `auto_now_add`, which would overwrite the times of imported rows.
    created = models.DateTimeField(default=timezone.now, editable=False)
    modified = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True
