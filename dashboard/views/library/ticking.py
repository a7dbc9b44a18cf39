"""What is ticked on a page of offers: something is done with it, and said."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse

from accounts.http import WorkspaceRequest
from dashboard.models import Group
from dashboard.views.rendering import see_other, wants_fragment, with_flash


def put_in(
    request: WorkspaceRequest, group: Group, sentence: str, offer: Callable[[], HttpResponse]
) -> HttpResponse:
    """Answer after something went into a group: to the group's page, or what is still on offer."""
    if not wants_fragment(request):
        messages.success(request, sentence)
        return see_other("group", group.pk)
    return with_flash(offer(), sentence)
