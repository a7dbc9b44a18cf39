"""Which HTTP status and which words each refusal gets: the one place that knows."""

from typing import Any

from django.core.exceptions import BadRequest, ObjectDoesNotExist, SuspiciousOperation
from rest_framework.response import Response
from rest_framework.views import exception_handler

from accounts.errors import TooManyWorkspaces
from dashboard.files.errors import (
    AddressFailed,
    AddressTooSlow,
    FileRefused,
    ForbiddenAddress,
    ImageTooLarge,
    TooManyPixels,
)
from dashboard.queries.pages import BadCursor
from dashboard.queries.search.filters import BadFilter
from dashboard.services import errors
from dashboard.services.uploads import errors as upload_errors
from dashboard.services.workspaces.usage import QuotaReached

# The first that fits counts, so that a class stands before those that it is derived from.
_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (ObjectDoesNotExist, 404),
    (errors.NoSuchVersion, 404),
    (errors.TrainingAlreadyRunning, 409),
    (errors.NotTrained, 409),
    (errors.TypeHasGroups, 409),
    (errors.LabelInUse, 409),
    (errors.DefaultLabelStays, 409),
    (errors.UsedByCollections, 409),
    (upload_errors.NotReceiving, 409),
    (upload_errors.NotWhole, 409),
    (upload_errors.WrongStage, 409),
    (upload_errors.NothingToUpload, 409),
    (QuotaReached, 409),
    (TooManyWorkspaces, 409),
    (errors.Refused, 400),
    (ForbiddenAddress, 403),
    (ImageTooLarge, 413),
    (TooManyPixels, 413),
    (FileRefused, 400),
    (BadCursor, 400),
    (BadFilter, 400),
    (SuspiciousOperation, 400),
    (BadRequest, 400),
)
# A record fails alone. What is not here is the record's own fault: 400.
_RECORD: tuple[tuple[type[FileRefused], int], ...] = (
    (ForbiddenAddress, 403),
    (ImageTooLarge, 413),
    (TooManyPixels, 413),
    (QuotaReached, 409),
    (AddressTooSlow, 504),
    (AddressFailed, 502),
)


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an exception into an answer; None leaves it to Django, as a 500."""
    response = exception_handler(error, context)
    if response is not None:
        return response
    for kind, status in _STATUS:
        if isinstance(error, kind):
            return Response(_body(error), status=status)
    return None


def _body(error: Exception) -> dict[str, Any]:
    if isinstance(error, ObjectDoesNotExist):
        # Without the words of the exception, which name the model and may tell strangers what
        # exists.
        return {"detail": "Not found."}
    if isinstance(error, SuspiciousOperation | BadRequest):
        return {"detail": f"The body cannot be read: {error}"}
    body: dict[str, Any] = {"detail": str(error)}
    if isinstance(error, errors.TrainingAlreadyRunning):
        body["model"] = error.version.id
    return body


def record_status(refusal: type[FileRefused]) -> int:
    """Return the code that a failed record carries."""
    return next((code for kind, code in _RECORD if issubclass(refusal, kind)), 400)


def kept_record_status(refusal: str) -> int:
    """Return the code of a refusal of which only its class's name was kept."""
    # By the name alone, since a class may be renamed while old answers are kept: 400 then.
    return next((code for kind, code in _RECORD if kind.__name__ == refusal), 400)
