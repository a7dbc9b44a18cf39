"""Answer refusals: the status by `dashboard.refusals`, and the message."""

from typing import Any

from django.core.exceptions import BadRequest, ObjectDoesNotExist, SuspiciousOperation
from rest_framework.response import Response
from rest_framework.views import exception_handler

from dashboard.refusals import find_row
from dashboard.services import errors


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an exception into a response; None leaves it to Django, as a 500."""
    response = exception_handler(error, context)
    if response is not None:
        return response
    row = find_row(type(error))
    return Response(_body(error), status=row.status) if row else None


def _body(error: Exception) -> dict[str, Any]:
    if isinstance(error, ObjectDoesNotExist):
        # Without the exception's message, which names the model and may tell strangers what exists.
        return {"detail": "Not found."}
    if isinstance(error, SuspiciousOperation | BadRequest):
        return {"detail": f"The body cannot be read: {error}"}
    body: dict[str, Any] = {"detail": str(error)}
    if isinstance(error, errors.TrainingAlreadyRunning):
        body["model"] = error.version.id
    return body
