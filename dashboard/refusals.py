"""Define the HTTP status of each refusal, on pages, in the API and by tus.

A class without a row has the row of its nearest base class, so a new refusal is a 400 and not a
500.
"""

from dataclasses import dataclass
from typing import Final, TypeVar

from django.core.exceptions import BadRequest, ObjectDoesNotExist, SuspiciousOperation

from accounts.errors import AccountError, TooManyWorkspaces
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

E = TypeVar("E", bound=Exception)


@dataclass(frozen=True)
class Row:
    """A status, and the statuses that differ from it.

    `tus`: a client of that protocol requests the offset after a 409 and sends again, so no other
    refusal may be one. `record`: for a record that fails alone, while the call itself succeeds; a
    URL without an image is the fault of its server, as with a gateway.
    """

    status: int
    tus: int = 0
    record: int = 0


_ROWS: Final[dict[type[Exception], Row]] = {
    errors.Refused: Row(400),
    errors.NoSuchVersion: Row(404),
    errors.TrainingAlreadyRunning: Row(409),
    errors.NotTrained: Row(409),
    errors.TypeHasGroups: Row(409),
    errors.LabelInUse: Row(409),
    errors.DefaultLabelStays: Row(409),
    errors.UsedByCollections: Row(409),
    upload_errors.NotReceiving: Row(409, tus=410),
    upload_errors.NotWhole: Row(409, tus=410),
    upload_errors.WrongStage: Row(409, tus=410),
    upload_errors.NothingToUpload: Row(409, tus=410),
    upload_errors.OffsetTaken: Row(409),
    upload_errors.PartTooLarge: Row(413),
    upload_errors.TooManyParts: Row(413),
    QuotaReached: Row(409, tus=413),
    FileRefused: Row(400),
    ForbiddenAddress: Row(403),
    ImageTooLarge: Row(413),
    TooManyPixels: Row(413),
    AddressFailed: Row(400, record=502),
    AddressTooSlow: Row(400, record=504),
    AccountError: Row(400),
    TooManyWorkspaces: Row(409),
    BadCursor: Row(400),
    BadFilter: Row(400),
    ObjectDoesNotExist: Row(404),
    SuspiciousOperation: Row(400),
    BadRequest: Row(400),
}


def find_row(kind: type[BaseException]) -> Row | None:
    """Return the row of a class or of its nearest base; None if it is not a refusal."""
    return next((_ROWS[one] for one in kind.__mro__ if one in _ROWS), None)


def status_of(refusal: Exception) -> int:
    """Return the status of a refusal; raises `LookupError` for another error."""
    return _row(type(refusal)).status


def tus_status(refusal: Exception) -> int:
    """Return the status of a refusal in the tus protocol."""
    row = _row(type(refusal))
    return row.tus or row.status


def record_status(kind: type[Exception]) -> int:
    """Return the code of a record that failed alone."""
    row = _row(kind)
    return row.record or row.status


def kept_record_status(name: str) -> int:
    """Return the code of a refusal of which only the class name was stored."""
    kind = next((one for one in kinds_of(FileRefused) if one.__name__ == name), FileRefused)
    return record_status(kind)


def kinds_of(base: type[E]) -> list[type[E]]:
    """Return a class and all its subclasses."""
    return [base, *(kind for child in base.__subclasses__() for kind in kinds_of(child))]


def _row(kind: type[Exception]) -> Row:
    row = find_row(kind)
    if row is None:
        raise LookupError(f"{kind.__name__} is no refusal")
    return row
