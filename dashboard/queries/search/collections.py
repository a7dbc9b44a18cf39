"""Read collections."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Workspace
from dashboard.models import Collection, Fill, Job, Version


def collections_in(workspace: Workspace) -> QuerySet[Collection]:
    """Return the workspace's collections with their tasks and versions."""
    rows = Collection.objects.in_workspace(workspace)
    return rows.select_related("task", "version__task", "workspace")


def get_collection(workspace: Workspace, collection_id: UUID) -> Collection:
    """Return one collection. Raises `Collection.DoesNotExist`."""
    return collections_in(workspace).get(pk=collection_id)


def collections_using(versions: Iterable[Version]) -> QuerySet[Collection]:
    """Return the collections that use any of the versions, by name."""
    return Collection.objects.filter(version__in=versions).order_by("name", "id")


def fills_of(collection: Collection) -> QuerySet[Fill]:
    """Return the collection's fills from the workspace, the newest first."""
    rows = Fill.objects.filter(collection=collection)
    return rows.select_related("group", "similarity_type").order_by("-created", "-id")


def has_running_fill(collection: Collection) -> bool:
    """Return whether a job that adds images to the collection is queued or running."""
    about = Job.objects.filter(kind=Job.Kind.FILL, subject_id__in=fills_of(collection).values("pk"))
    return about.exclude(state__in=Job.FINISHED).exists()
