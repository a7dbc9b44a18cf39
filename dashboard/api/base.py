"""What every call shares: limits, the workspace, the look-up of a thing, lists."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from django.conf import settings
from django.db.models import Model, QuerySet
from django.http import Http404
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from accounts.models import User
from dashboard.api.errors import BodyTooLarge
from dashboard.api.permissions import allow, workspace_named

M = TypeVar("M", bound=Model)

PAGE_SIZE, MAX_PAGE_SIZE = 100, 1000
ORDERINGS = {"name": "name", "created": "created"}


class ApiView(APIView):
    """A call: access, input, one service or query, answer."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse a body over the limit before it is read, then go on as REST framework does."""
        if int(request.META.get("CONTENT_LENGTH") or 0) > settings.LIKEWISE_MAX_BODY:
            raise BodyTooLarge(
                f"The body is over {settings.LIKEWISE_MAX_BODY >> 20} MB: send less at once."
            )
        super().initial(request, *args, **kwargs)
        if not isinstance(request.data, dict):
            raise ValidationError({"detail": "The body must be a JSON object."})

    @property
    def user(self) -> User:
        """Return the person whose key this is."""
        return cast("User", self.request.user)

    def find(self, rows: QuerySet[M], pk: UUID, action: str) -> M:
        """Return one thing: in the named workspace, or else in any of the user's.

        404 if it is not there or not theirs, 403 if their role is too low for the action there.
        """
        named = workspace_named(self.request)
        if named is not None:
            allow(self.request, named, "workspace.view")
            rows = rows.filter(workspace_id=named)
        found = rows.filter(pk=pk, workspace__memberships__user=self.user).first()
        if found is None:
            raise Http404("Not found.")
        allow(self.request, found.workspace_id, action)  # type: ignore[attr-defined]
        return found

    def read(self, shape: type[Serializer[Any]], **options: Any) -> dict[str, Any]:
        """Return the body's clean values; 400 with a map from field to sentences."""
        form = shape(data=self.request.data, **options)
        form.is_valid(raise_exception=True)
        return cast("dict[str, Any]", form.validated_data)

    def answer_list(
        self, rows: QuerySet[M], write: Callable[[list[M]], Iterable[dict[str, Any]]]
    ) -> Response:
        """Answer a page of rows, searched and ordered as the query says, with its neighbours."""
        rows = _ordered(_searched(rows, self.request), self.request)
        number, size = _page(self.request)
        count = rows.count()
        first = (number - 1) * size
        if first >= count and number > 1:
            raise Http404("There is no such page.")
        return Response(
            {
                "count": count,
                "next": _link(self.request, number + 1) if first + size < count else None,
                "previous": _link(self.request, number - 1) if number > 1 else None,
                "results": list(write(list(rows[first : first + size]))),
            }
        )


def _searched(rows: QuerySet[M], request: Request) -> QuerySet[M]:
    text = request.query_params.get("search", "").replace("\x00", "")
    field = getattr(rows.model, "SEARCHED_BY", "name")
    return rows.filter(**{f"{field}__icontains": text}) if text else rows


def _ordered(rows: QuerySet[M], request: Request) -> QuerySet[M]:
    wanted = request.query_params.get("ordering", "")
    field = ORDERINGS.get(wanted.removeprefix("-"))
    if field == "name":
        field = getattr(rows.model, "SEARCHED_BY", "name")
    if field is None:
        return rows.order_by("-created", "-id")
    sign = "-" if wanted.startswith("-") else ""
    return rows.order_by(f"{sign}{field}", f"{sign}id")


def _page(request: Request) -> tuple[int, int]:
    number = whole_number(request, "page", default=1)
    size = whole_number(request, "page_size", default=PAGE_SIZE)
    return number, min(size, MAX_PAGE_SIZE)


def whole_number(request: Request, name: str, *, default: int) -> int:
    """Read a number from 1 upwards from the query; 400 for anything else."""
    text = request.query_params.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:19]) < 1 << 31:
        raise ValidationError({name: ["Send a whole number from 1 upwards."]})
    return int(text)


def _link(request: Request, number: int) -> str:
    url = request.build_absolute_uri(request.path)
    query = parse_qsl(request.META.get("QUERY_STRING", ""), keep_blank_values=True)
    rest = [(name, value) for name, value in query if name != "page"]
    return f"{url}?{urlencode([*rest, ('page', number)])}"
