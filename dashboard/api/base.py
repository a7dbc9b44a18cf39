"""What every call shares: limits, who may do what where, the look-up of a thing."""

from collections.abc import Callable
from typing import Any, TypeVar, cast
from uuid import UUID

from django.conf import settings
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from accounts.models import User, Workspace
from dashboard.api.errors import BodyTooLarge, LengthRequired
from dashboard.api.permissions import allow, workspace_named
from dashboard.files import room
from dashboard.models.base import ScopedModel
from dashboard.queries.homes import home_of

M = TypeVar("M", bound=ScopedModel)


class ApiView(APIView):
    """A call: access, input, one service or query, answer.

    Where `needs_room` is set, a POST is refused while the disk is low, before its body is read.
    """

    needs_room = False

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Go on as REST framework does; refuse a body over the limit before it is read."""
        super().initial(request, *args, **kwargs)
        if self.needs_room and request.method == "POST":
            room.refuse_if_low()
        _check_length(request)
        if not isinstance(request.data, dict):
            raise ValidationError({"detail": "The body must be a JSON object."})

    @property
    def user(self) -> User:
        """Return the person whose key this is."""
        return cast("User", self.request.user)

    def find(self, model: type[M], get: Callable[[Workspace, UUID], M], pk: UUID, action: str) -> M:
        """Return one thing: in the named workspace, or else in any of the user's.

        404 if it is not there or not theirs, 403 if their role is too low for the action there.
        """
        home = workspace_named(self.request) or home_of(model, pk)
        return get(allow(self.request, home, action), pk)

    def read(self, shape: type[Serializer[Any]], *, partial: bool = False) -> dict[str, Any]:
        """Return the body's clean values; 400 with a map from field to sentences."""
        form = shape(data=self.request.data, partial=partial)
        form.is_valid(raise_exception=True)
        return cast("dict[str, Any]", form.validated_data)


def _check_length(request: Request) -> None:
    length = request.META.get("CONTENT_LENGTH") or ""
    if length.isdecimal() and int(length) > settings.LIKEWISE_MAX_BODY:
        raise BodyTooLarge(
            f"The body is over {settings.LIKEWISE_MAX_BODY >> 20} MB: send less at once."
        )
    if not length and "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
        raise LengthRequired
