"""Read what the demo created in a workspace."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import Workspace
from dashboard.models import Group, Job, SimilarityType, Task, Upload, UploadPart, Version

# The archive that identifies the demo's upload: people may rename everything else.
ARCHIVE = "demo products.zip"


@dataclass(frozen=True)
class Demo:
    """The demo's upload, and the task that is trained on it."""

    upload: Upload
    task: Task

    def types(self) -> list[SimilarityType]:
        """Return the types that the demo created and that still exist."""
        made = self.upload.made_types.values("similarity_type")
        return list(SimilarityType.objects.filter(pk__in=made).order_by("name", "id"))

    def groups(self, limit: int) -> list[Group]:
        """Return some of the groups that it filled, by name."""
        made = self.upload.made_groups.values("group")
        rows = Group.objects.filter(pk__in=made, images_count__gt=0)
        return list(rows.select_related("similarity_type").order_by("name", "id")[:limit])

    def version(self) -> Version | None:
        """Return the newest trained version."""
        trained = self.task.versions.filter(status=Version.Status.TRAINED)
        return trained.select_related("task").order_by("-number").first()


def demo_uploads(workspace: Workspace) -> QuerySet[Upload]:
    """Return the uploads that imported the demo, including undone ones."""
    part = UploadPart.objects.filter(upload=OuterRef("pk"), number=0, name=ARCHIVE)
    return Upload.objects.in_workspace(workspace).filter(Exists(part))


def find_demo(workspace: Workspace) -> Demo | None:
    """Return the demo if its task exists."""
    rows = demo_uploads(workspace).filter(then_train__isnull=False)
    found = rows.select_related("workspace", "then_train").order_by("-created").first()
    if found is None or found.then_train is None:
        return None
    return Demo(found, found.then_train)


def is_going(workspace: Workspace) -> bool:
    """Return whether a job is removing the demo."""
    undoing = Job.objects.in_workspace(workspace).filter(kind=Job.Kind.UNDO)
    undoing = undoing.exclude(state__in=Job.FINISHED)
    return undoing.filter(subject_id__in=demo_uploads(workspace).values("pk")).exists()
