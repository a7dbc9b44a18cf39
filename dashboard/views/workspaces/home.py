"""Show the first page: an overview, running jobs, and the next step."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import requires
from accounts.http import WorkspaceRequest
from accounts.queries import has_users
from dashboard.queries.jobs.jobs import unfinished_jobs
from dashboard.queries.uploads.receiving import unfinished_uploads
from dashboard.queries.workspaces.home import COUNTED, Overview, overview
from dashboard.services.uploads.demo import demo_task
from dashboard.views.jobs.job_rows import job_row
from dashboard.views.rendering import may
from dashboard.views.workspaces.checklist import has_tried

JOBS_SHOWN = 10

View = Callable[[WorkspaceRequest], HttpResponse]


@dataclass
class Step:
    """One step on the way to the first search."""

    title: str
    text: str
    url: str
    done: bool
    is_next: bool = False


@dataclass(frozen=True)
class Way:
    """Something that everybody in the workspace may do."""

    title: str
    text: str
    url: str
    action: str
    icon: str


@dataclass(frozen=True)
class Figure:
    """A count and its link."""

    label: str
    value: str
    url: str


def setup_first(view: View) -> View:
    """Redirect users without a workspace to the set-up, or to a new workspace."""

    @wraps(view)
    def setting_up(request: WorkspaceRequest, /) -> HttpResponse:
        if not request.user.is_authenticated and not has_users():
            return redirect("setup")
        if request.user.is_authenticated and not request.memberships:
            return redirect("workspace-new")
        return view(request)

    return setting_up


@never_cache
@require_safe
@setup_first
@requires("workspace.view")
def home(request: WorkspaceRequest) -> HttpResponse:
    """Show an overview of the workspace, its running jobs, and the next step if permitted."""
    seen = overview(request.workspace)
    steps = _steps(
        seen,
        has_evaluated=has_tried(request, "evaluate"),
        has_searched=has_tried(request, "search"),
    )
    done = sum(step.done for step in steps)
    jobs = unfinished_jobs(request.workspace)[:JOBS_SHOWN]
    can_add = may(request, "images.add")
    has_demo = can_add and demo_task(request.workspace) is not None
    context = {
        "figures": _figures(seen),
        "steps": steps if can_add and done < len(steps) else [],
        "steps_done": done,
        "rows": [job_row(job, request.membership) for job in jobs],
        "unfinished": unfinished_uploads(request.workspace),
        "can_add": can_add,
        "demo_url": reverse("demo-load") if can_add and not has_demo else "",
        "has_demo": has_demo,
        "ways": [] if can_add else _ways(),
    }
    return render(request, "dashboard/workspaces/home.html", context)


def _ways() -> list[Way]:
    """Return what a viewer can do: view, search, and connect a program."""
    return [
        Way(
            "Search by image",
            "Drop an image to find the most similar ones. It is not added to the workspace.",
            reverse("search"),
            "Search",
            "photo-search",
        ),
        Way(
            "Browse the groups",
            "The groups that your team has created, by type and by name.",
            reverse("groups"),
            "See the groups",
            "folders",
        ),
        Way(
            "Use the API",
            "Create an API token. With it, a program can read and search as you can here.",
            reverse("connect"),
            "See how",
            "plug-connected",
        ),
    ]


def _figures(seen: Overview) -> list[Figure]:
    return [
        Figure("Images", _count(seen.images), reverse("images")),
        Figure("Types", _count(seen.types), reverse("types")),
        Figure("Groups", _count(seen.groups), reverse("groups")),
        Figure("Tasks", _count(seen.tasks), reverse("tasks")),
    ]


def _count(number: int) -> str:
    return str(number) if number <= COUNTED else f"{COUNTED}+"


def _steps(seen: Overview, *, has_evaluated: bool, has_searched: bool) -> list[Step]:
    """Return the steps in their order; the first that is not done is the next."""
    steps = [
        Step(
            "Upload images",
            "Drop files or a ZIP; each folder of a ZIP can become a group.",
            reverse("upload-new"),
            done=seen.images > 0,
        ),
        Step(
            "Create a similarity type",
            "What makes images similar for you: the same product, the same pattern?",
            reverse("types"),
            done=seen.types > 0,
        ),
        Step(
            "Group similar images",
            "A training needs two groups of two images; more groups help most.",
            reverse("groups"),
            done=seen.groups > 0,
        ),
        Step(
            "Train a version",
            "Create a task with one or more types. Its page shows what is missing, then starts "
            "the training.",
            reverse("tasks"),
            done=seen.is_trained,
        ),
        Step(
            "Evaluate the version",
            "Open the version: how often is it right on groups it has not seen?",
            reverse("tasks"),
            done=has_evaluated,
        ),
        Step(
            "Search by image",
            "Drop an image to find similar images with the trained version.",
            reverse("search"),
            done=has_searched,
        ),
    ]
    for step in steps:
        if not step.done:
            step.is_next = True
            break
    return steps
