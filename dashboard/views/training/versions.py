"""Show versions: the results of a training, compared with the untrained embedding."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import requires
from accounts.http import WorkspaceRequest
from accounts.models import Workspace
from dashboard.models import Job, Version
from dashboard.queries.jobs.jobs import jobs_about, progress_of
from dashboard.queries.training.encoders import name_of
from dashboard.queries.training.evaluations import Evaluation, evaluations
from dashboard.queries.training.versions import get_version
from dashboard.services.errors import Refused
from dashboard.services.training.versions import set_production
from dashboard.views.jobs.progress import duration_words
from dashboard.views.rendering import may, missing_is_404, see_other
from dashboard.views.workspaces.checklist import remember

STATES = dict.fromkeys(Version.UNFINISHED, "running") | {
    Version.Status.TRAINED: "done",
    Version.Status.ERROR: "failed",
    Version.Status.CANCELLED: "cancelled",
}


@dataclass(frozen=True)
class VersionRow:
    """A version with its evaluations, its job if that still exists, and its duration."""

    version: Version
    evaluations: list[Evaluation]
    job: Job | None
    took: str

    @property
    def state(self) -> str:
        """Return the state as `partials/status_badge.html` expects it."""
        return STATES[Version.Status(self.version.status)]

    @property
    def state_label(self) -> str:
        """Return the state for people; the progress of a training is that of its job."""
        return "In training" if self.state == "running" else self.version.get_status_display()


def version_rows(workspace: Workspace, versions: Sequence[Version]) -> list[VersionRow]:
    """Prepare versions for a table or a page."""
    jobs = jobs_about(workspace, [version.pk for version in versions])
    return [_row(version, jobs.get(version.pk)) for version in versions]


def _row(version: Version, job: Job | None) -> VersionRow:
    took = progress_of(job).elapsed if job is not None and job.is_finished else 0.0
    return VersionRow(version, evaluations(version), job, duration_words(took) if took else "")


@never_cache
@require_safe
@requires("workspace.view")
@missing_is_404
def version(request: WorkspaceRequest, version_id: UUID) -> HttpResponse:
    """Show one version: the measurements of each type, and how it was trained."""
    shown = get_version(request.workspace, version_id)
    [row] = version_rows(request.workspace, [shown])
    remember(request, "evaluate")
    context = {
        "row": row,
        "version": shown,
        "task": shown.task,
        "encoder": name_of(shown.encoder),
        "can_produce": shown.status == Version.Status.TRAINED and may(request, "versions.produce"),
    }
    return render(request, "dashboard/training/versions/version.html", context)


@require_POST
@requires("versions.produce")
@missing_is_404
def version_production(request: WorkspaceRequest, version_id: UUID) -> HttpResponse:
    """Make a version the production version, or withdraw it."""
    chosen = get_version(request.workspace, version_id)
    production = request.POST.get("production") != "0"
    try:
        set_production(version=chosen, production=production, actor=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        state = "was put into production" if production else "was taken out of production"
        messages.success(request, f"Version {chosen.number} {state}.")
    return see_other("version", chosen.id)
