"""Show, register and delete encoders and choose the default, for operators."""

from functools import wraps
from typing import Any, ParamSpec
from uuid import UUID

from django.contrib import messages
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import requires
from accounts.http import WorkspaceRequest
from dashboard.engine.prior import BOTH
from dashboard.forms.encoders import EncoderForm
from dashboard.queries.jobs.jobs import jobs_about
from dashboard.queries.training.encoders import SHIPPED, get_encoder, shipped_rows
from dashboard.queries.training.encoders import encoders as registered
from dashboard.services.errors import Refused
from dashboard.services.training.encoders import (
    LARGEST_GRAPH,
    delete_encoder,
    prepare_again,
    register_encoder,
    set_default,
    set_default_key,
)
from dashboard.services.training.speeds import measure_speeds
from dashboard.views.operators import for_operators
from dashboard.views.rendering import View, form_page, missing_is_404, see_other

P = ParamSpec("P")
FROM_NOW_ON = (
    "The encoder is now the default. Workers index the images of workspaces that did not select "
    "an encoder; their search uses it once that is done."
)
REST_OF_FORM = 2 << 20  # bytes: the preprocessing, names, the form's own lines


def receives_a_graph(view: View[P]) -> View[P]:
    """Receive the form's files on the disk, piece by piece, whatever `LIKEWISE_MAX_BODY` is.

    Apply it below the permission check: nothing is received before.
    """
    protected: Any = csrf_protect(view)

    # The middleware's own check would read the whole body before the permission is checked.
    @csrf_exempt
    @wraps(view)
    def receiving(request: WorkspaceRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_GRAPH + REST_OF_FORM:
            return render(request, "413.html", {"limit": LARGEST_GRAPH}, status=413)
        # On the disk from the first byte: a graph is up to 2 GB, and is read from a file anyway.
        request.upload_handlers = [TemporaryFileUploadHandler(request)]
        answer: HttpResponse = protected(request, *args, **kwargs)
        return answer

    return receiving


@never_cache
@require_safe
@requires("workspace.view")
@for_operators
def encoders(request: WorkspaceRequest) -> HttpResponse:
    """List the encoders, with the jobs that prepare them."""
    rows = list(registered())
    about = jobs_about(request.workspace, [row.pk for row in rows])
    context = {
        "rows": [(row, about.get(row.pk)) for row in rows],
        "shipped": shipped_rows(),
    }
    return render(request, "dashboard/training/encoders/list.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@requires("workspace.view")
@for_operators
@receives_a_graph
def encoder_new(request: WorkspaceRequest) -> HttpResponse:
    """Register an encoder: it is tested at once, and prepared by a job."""
    form = EncoderForm(request.POST, request.FILES) if request.method == "POST" else EncoderForm()
    if form.is_valid():
        try:
            made, _ = register_encoder(
                new=form.new_encoder(), workspace=request.workspace, actor=request.user
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"The encoder “{made}” is being prepared.")
            return see_other("encoders")
    return form_page(
        request,
        form,
        "Register an encoder",
        under="Encoders",
        cancel_url=reverse("encoders"),
        has_files=True,
    )


@require_POST
@requires("workspace.view")
@for_operators
@missing_is_404
def encoder_default(request: WorkspaceRequest, encoder_id: UUID) -> HttpResponse:
    """Make an encoder the installation's default."""
    try:
        set_default(encoder=get_encoder(encoder_id))
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, FROM_NOW_ON)
    return see_other("encoders")


@require_POST
@requires("workspace.view")
@for_operators
def encoder_builtin(request: WorkspaceRequest) -> HttpResponse:
    """Make a shipped encoder the installation's default."""
    key = request.POST.get("key", BOTH)
    if key in SHIPPED:
        set_default_key(key=key)
        messages.success(request, FROM_NOW_ON)
    return see_other("encoders")


@require_POST
@requires("workspace.view")
@for_operators
def encoder_speeds(request: WorkspaceRequest) -> HttpResponse:
    """Measure all encoders in turns."""
    try:
        measure_speeds()
    except Refused as refusal:
        messages.error(request, str(refusal))
    return see_other("encoders")


@require_POST
@requires("workspace.view")
@for_operators
@missing_is_404
def encoder_again(request: WorkspaceRequest, encoder_id: UUID) -> HttpResponse:
    """Retry the preparation of a failed encoder."""
    encoder = get_encoder(encoder_id)
    prepare_again(encoder=encoder, workspace=request.workspace, actor=request.user)
    return see_other("encoders")


@require_POST
@requires("workspace.view")
@for_operators
@missing_is_404
def encoder_delete(request: WorkspaceRequest, encoder_id: UUID) -> HttpResponse:
    """Delete an encoder that is not in use."""
    encoder = get_encoder(encoder_id)
    try:
        delete_encoder(encoder=encoder)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"The encoder “{encoder}” was deleted.")
    return see_other("encoders")
