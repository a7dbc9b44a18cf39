"""Answer an action on the selection of a page with offers."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse

from accounts.http import WorkspaceRequest
from dashboard.models import Group
from dashboard.views.rendering import see_other, wants_fragment, with_flash


def put_in(
    request: WorkspaceRequest, group: Group, sentence: str, offer: Callable[[], HttpResponse]
) -> HttpResponse:
    """Answer after an addition to a group: the group's page, or the remaining offers."""
    if not wants_fragment(request):
        messages.success(request, sentence)
        return see_other("group", group.pk)
    return with_flash(offer(), sentence)
