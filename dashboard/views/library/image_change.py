"""Rename an image and change its metadata."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import requires
from accounts.http import WorkspaceRequest
from dashboard.forms.images import ImageForm
from dashboard.queries.library.images import get_image
from dashboard.services.library.images import change_image
from dashboard.views.renaming import Named, rename
from dashboard.views.rendering import form_page, missing_is_404, see_other, wants_fragment


@never_cache
@require_http_methods(["GET", "POST"])
@requires("images.change")
@missing_is_404
def image_change(request: WorkspaceRequest, image_id: UUID) -> HttpResponse:
    """Change an image's name and metadata; htmx renames it in the title."""
    shown = get_image(request.workspace, image_id)
    here = resolve_url("image", shown.pk)
    if wants_fragment(request):
        return rename(
            request,
            Named("image", shown.file_name, here, request.path),
            lambda name: change_image(image=shown, changes={"file_name": name}, actor=request.user),
        )
    initial = {"file_name": shown.file_name, "meta_data": shown.meta_data}
    form = ImageForm(request.POST if request.method == "POST" else None, initial=initial)
    if not form.is_valid():
        return form_page(request, form, "Name and metadata", under="Images", cancel_url=here)
    change_image(image=shown, changes=form.cleaned_data, actor=request.user)
    messages.success(request, "Saved.")
    return see_other(here)
