"""What is ticked on a page of offers: something is done with it, and said."""

from collections.abc import Callable, Iterable
from typing import Protocol
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse

from accounts.http import WorkspaceRequest
from dashboard.models import Group
from dashboard.services.errors import Refused
from dashboard.views.rendering import refused, see_other, wants_fragment, with_flash


class Ticked(Protocol):
    """A form with ids."""

    cleaned_data: dict[str, Iterable[UUID]]

    def is_valid(self) -> bool:
        """Read it."""
        ...

    def first_error(self) -> str:
        """Say what is wrong with it."""
        ...


def put_ticked(
    request: WorkspaceRequest,
    group: Group,
    form: Ticked,
    *,
    put: Callable[[Iterable[UUID]], str],
    offer: Callable[[], HttpResponse],
    why: Callable[[Refused], str] = str,
) -> HttpResponse:
    """Put what is ticked into a group; back on the group's page, or to what is still on offer.

    `put` does it and returns a sentence, `why` says why it was refused.
    """
    here = request.get_full_path()
    if not form.is_valid():
        return refused(request, form.first_error(), here)
    try:
        sentence = put(form.cleaned_data["ids"])
    except Refused as refusal:
        return refused(request, why(refusal), here)
    if not wants_fragment(request):
        messages.success(request, sentence)
        return see_other("group", group.pk)
    return with_flash(offer(), sentence)
