"""Define what every call shares: limits, permissions, finding a thing."""

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar, cast
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from accounts.models import User, Workspace
from dashboard.api.bodies import PLAIN, Limit, body_of, check_unread, has_body, memory
from dashboard.api.permissions import allow, named_in_body, named_in_query
from dashboard.files.store import room
from dashboard.models.base import ScopedModel
from dashboard.queries.owning_workspace import owning_workspace

M = TypeVar("M", bound=ScopedModel)


class ApiView(APIView):
    """A call: access, input, one service or query, response. The body is read after the access.

    If `needs_room` is set, a POST is refused while the disk is low, before its body is read.
    """

    needs_room = False
    body_limit: ClassVar[Limit | None] = PLAIN

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Run the checks of REST framework; refuse a body that is not accepted, unread."""
        super().initial(request, *args, **kwargs)
        # After the token is checked and before the body is read: a full disk has no space to
        # receive it.
        if self.needs_room and request.method == "POST":
            room.refuse_if_low()
        check_unread(request)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Run the call, and release the memory of a large body at the end."""
        try:
            return super().dispatch(request, *args, **kwargs)
        finally:
            # At the very end, since the view may use the body until then.
            if held := getattr(request, "body_room", 0):
                memory.give_back(held)

    @property
    def user(self) -> User:
        """Return the user of the API token."""
        return cast("User", self.request.user)

    def find(self, model: type[M], get: Callable[[Workspace, UUID], M], pk: UUID, action: str) -> M:
        """Return one thing: in the named workspace, or else in any of the user's.

        404 if it does not exist or is not theirs, 403 if their role is too low for the action
        there: before the body is read, which may name another workspace that does not have the
        thing.
        """
        named = named_in_query(self.request)
        # A subquery in place of the workspace: one statement finds membership and thing, and a
        # stranger's thing is a 404 like one that does not exist.
        workspace = allow(self.request, named or owning_workspace(model, pk), action)
        if has_body(self.request):
            other = named or named_in_body(self.request)
            if other not in (None, workspace.pk):
                workspace = allow(self.request, other, action)
        return get(workspace, pk)

    def read(self, shape: type[Serializer[Any]], *, partial: bool = False) -> dict[str, Any]:
        """Return the body's clean values; 400 with a map from field to sentences."""
        form = shape(data=body_of(self.request), partial=partial)
        # Serializers are used only for validation; the services write.
        form.is_valid(raise_exception=True)
        return cast("dict[str, Any]", form.validated_data)
