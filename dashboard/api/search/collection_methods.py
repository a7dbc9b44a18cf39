"""Define what the methods of `/similarity/custom/v2/` share: their collection, and the response."""

import time
from abc import ABC, abstractmethod
from typing import Any, ClassVar
from uuid import UUID

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api.permissions import workspace_for
from dashboard.api.statuses import StatusView, status
from dashboard.models import Collection
from dashboard.queries.search.collections import get_collection

Json = dict[str, Any]

HEADER = "collection-id"
# Codes of the hosted service's contract, which its clients check; the HTTP status is 200.
DONE, ALL_FOUND, SOME_FOUND, ALL_INSERTED, SOME_INSERTED, DELETED = 200, 205, 206, 210, 211, 220
BAD, NONE_FOUND, ALL_EXIST, FULL = 400, 404, 411, 412
TEXTS = {
    DONE: "OK",
    ALL_FOUND: "All records were found.",
    SOME_FOUND: "Some records were not found.",
    ALL_INSERTED: "All records were inserted.",
    SOME_INSERTED: "Some records were inserted.",
    DELETED: "The records were deleted.",
    BAD: "No record could be used.",
    NONE_FOUND: "No record was found.",
    ALL_EXIST: "Every record already exists in the collection.",
    FULL: "The collection is full.",
}


class CollectionMethod(StatusView, ABC):
    """A method of the collection that the header names. `status.code` has its outcome."""

    action: ClassVar[str] = "workspace.view"

    def post(self, request: Request) -> Response:
        """Run the method on the collection; the HTTP status is 200 unless the input was invalid."""
        started = time.perf_counter()
        code, body = self.answer(self._collection(request))
        outcome = status(code, TEXTS[code], self.request_id())
        took = {"statistics": {"processing time": time.perf_counter() - started}}
        if code != BAD:
            return Response({"status": outcome} | took | body)
        return Response({"status": outcome, "detail": TEXTS[code]} | took | body, status=code)

    @abstractmethod
    def answer(self, collection: Collection) -> tuple[int, Json]:
        """Return the status code, and the body without status and statistics."""

    def _collection(self, request: Request) -> Collection:
        """Return the collection; a missing permission is reported first."""
        given = request.headers.get(HEADER, "")
        try:
            collection_id = UUID(given)
        except ValueError as error:
            # Checked although no collection is known: without the permission the response reveals
            # nothing about the header.
            workspace_for(request, self.action)
            text = f"“{given[:50]}” is not an id." if given else "Name the collection."
            raise ValidationError(
                {"detail": f"{text} Send its id in the header {HEADER}."}
            ) from error
        return self.find(Collection, get_collection, collection_id, self.action)


def listed(records: list[Json], skipped: list[Json] | None = None) -> Json:
    """Return the part of a response with records."""
    body: Json = {"answer_records": records, "answer_count": len(records)}
    return body if skipped is None else body | {"skipped_records": skipped}


def found_code(found: int, missing: int, *, all_found: int = ALL_FOUND) -> int:
    """Return the code for the numbers of found and missing records."""
    if not found:
        return NONE_FOUND
    return SOME_FOUND if missing else all_found
