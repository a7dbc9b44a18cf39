"""What the demo made in a workspace."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import Workspace
from dashboard.models import Group, Job, SimilarityType, Task, Upload, UploadPart, Version

# The archive by which the demo's upload is known: people may rename what came of it.
ARCHIVE = "demo products.zip"


@dataclass(frozen=True)
class Demo:
    """The demo's upload, and the task that learns from it."""

    upload: Upload
    task: Task

    def types(self) -> list[SimilarityType]:
        """Return the types that are there with it."""
        made = self.upload.made_types.values("similarity_type")
        return list(SimilarityType.objects.filter(pk__in=made).order_by("name", "id"))

    def groups(self, limit: int) -> list[Group]:
        """Return some of the groups that it filled, by name."""
        made = self.upload.made_groups.values("group")
        rows = Group.objects.filter(pk__in=made, images_count__gt=0)
        return list(rows.select_related("similarity_type").order_by("name", "id")[:limit])

    def version(self) -> Version | None:
        """Return the newest version that is trained."""
        trained = self.task.versions.filter(status=Version.Status.TRAINED)
        return trained.select_related("task").order_by("-number").first()


def demo_uploads(workspace: Workspace) -> QuerySet[Upload]:
    """Return the uploads that brought the demo in, also what is left of those undone."""
    part = UploadPart.objects.filter(upload=OuterRef("pk"), number=0, name=ARCHIVE)
    return Upload.objects.in_workspace(workspace).filter(Exists(part))


def find_demo(workspace: Workspace) -> Demo | None:
    """Return the demo if its task is there."""
    rows = demo_uploads(workspace).filter(then_train__isnull=False)
    found = rows.select_related("workspace", "then_train").order_by("-created").first()
    if found is None or found.then_train is None:
        return None
    return Demo(found, found.then_train)


def is_going(workspace: Workspace) -> bool:
    """Say whether a job is taking the demo back."""
    undoing = Job.objects.in_workspace(workspace).filter(kind=Job.Kind.UNDO)
    undoing = undoing.exclude(state__in=Job.FINISHED)
    return undoing.filter(subject_id__in=demo_uploads(workspace).values("pk")).exists()
