"""Test that every refusal has a status, also one without a row of its own."""

import importlib
import json
import pkgutil

import pytest
from django.http import HttpResponse

import accounts
import dashboard
from accounts.errors import AccountError
from dashboard import refusals, tus
from dashboard.api.errors import answer
from dashboard.files.errors import FileRefused, SideTooLong
from dashboard.services.errors import Refused
from dashboard.services.uploads.errors import NotReceiving, OffsetTaken
from dashboard.services.workspaces.usage import QuotaReached

NOT_IMPORTED = (".management", ".migrations", ".build", ".__main__", ".wsgi", ".asgi")
for room in (accounts, dashboard):
    for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
        if not any(part in found.name for part in NOT_IMPORTED):
            importlib.import_module(found.name)

BASES = (Refused, FileRefused, AccountError)
KINDS = sorted({kind for base in BASES for kind in refusals.kinds_of(base)}, key=str)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_refusal_has_a_status(kind: type[Exception]) -> None:
    row = refusals.find_row(kind)
    assert row is not None
    assert 400 <= row.status < 500
    # A 409 would have a client of tus ask for the offset, and send the same for ever.
    assert (row.tus or row.status) != 409 or kind is OffsetTaken or issubclass(kind, NOT_OF_TUS)


# What no request of the tus protocol can come to: none of it sends or names a file.
NOT_OF_TUS = tuple(
    kind
    for kind in KINDS
    if not kind.__module__.startswith("dashboard.services.uploads") and kind is not QuotaReached
)


def test_all_kinds_were_found() -> None:
    assert len(KINDS) > 90
    assert {NotReceiving, QuotaReached, SideTooLong} <= set(KINDS)


def test_a_refusal_without_a_row_has_that_of_what_it_descends_from() -> None:
    class Unheard(Refused):
        pass

    class Closed(NotReceiving):
        def __init__(self) -> None:
            Refused.__init__(self, "Closed.")

    assert (refusals.status_of(Unheard()), refusals.status_of(Closed())) == (400, 409)
    assert (refusals.tus_status(Unheard()), refusals.tus_status(Closed())) == (400, 410)


def test_api_and_tus_answer_one_that_they_never_heard_of() -> None:
    class Unheard(Refused):
        pass

    told = answer(Unheard("Not now."), {})
    assert told is not None
    assert (told.status_code, told.data) == (400, {"detail": "Not now."})

    def refuse() -> HttpResponse:
        raise Unheard("Not now.")

    spoken = tus._spoken(refuse)
    assert (spoken.status_code, json.loads(spoken.content)) == (400, {"detail": "Not now."})


def test_an_error_that_is_no_refusal_has_none() -> None:
    assert refusals.find_row(ZeroDivisionError) is None
    assert answer(ZeroDivisionError(), {}) is None
    with pytest.raises(LookupError):
        refusals.status_of(ZeroDivisionError())


def test_a_kept_name_gives_the_code_that_the_refusal_had() -> None:
    for kind in refusals.kinds_of(FileRefused):
        assert refusals.kept_record_status(kind.__name__) == refusals.record_status(kind)
    assert refusals.kept_record_status("SideTooLong") == 413
    assert refusals.kept_record_status("WasRenamedSince") == 400
