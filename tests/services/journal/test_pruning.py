"""Old changes are forgotten in part: who did what and when stays, how to undo it goes."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.journal import record
from accounts.models import Change
from accounts.verbs import Verb
from dashboard.jobs import sweep
from dashboard.models import Job
from dashboard.services.journal import inverses, pruning
from dashboard.services.journal.inverses import Inverse
from dashboard.services.journal.pruning import prune_changes
from tests.factories import Cast

NEEDY = Inverse(name="needy", undo=lambda change, actor: None, undoable=lambda ws, rows: [])


@pytest.fixture(autouse=True)
def _one_that_reads_payloads(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = dict(inverses._inverses())
    monkeypatch.setattr(inverses, "_inverses", lambda: whole | {"needy": NEEDY})


def told(cast: Cast, days: float, **fields: Any) -> Change:
    change = record(
        workspace=cast.workspace,
        verb=Verb.CHANGED,
        noun="group",
        target_name="red",
        details={"before": "blue"},
        actor=cast.bob,
        **{"before": {"name": "blue"}, "after": {"name": "red"}, "inverse": "needy"} | fields,
    )
    moment = timezone.now() - timedelta(days=days)
    Change.objects.filter(pk=change.pk).update(created=moment)
    return change


def test_it_works(cast: Cast) -> None:
    old, new = told(cast, 91, members=[cast.bob.pk]), told(cast, 89)
    assert prune_changes() == 1
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.before, old.after, old.members, old.inverse) == (None, None, None, "")
    assert (new.before, new.after, new.inverse) == ({"name": "blue"}, {"name": "red"}, "needy")
    assert (old.verb, old.target_name, old.details, old.actor) == (
        Verb.CHANGED,
        "red",
        {"before": "blue"},
        cast.bob,
    )
    assert prune_changes() == 0


def test_the_days_are_a_setting(cast: Cast, settings: Any) -> None:
    settings.LIKEWISE_KEEP_CHANGES = 7.0
    told(cast, 8)
    told(cast, 6)
    assert prune_changes() == 1


def test_what_is_undone_without_a_payload_can_be_later_too(cast: Cast) -> None:
    change = told(cast, 91, inverse="upload")
    bare = told(cast, 91, inverse="upload", before=None, after=None)
    assert prune_changes() == 1
    assert {*Change.objects.filter(inverse="upload")} == {change, bare}


def test_many_go_in_portions(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "AT_ONCE", 2)
    for _ in range(5):
        told(cast, 91)
    assert prune_changes() == 5
    assert not Change.objects.filter(has_payload=True).exists()


def test_a_worker_does_it(cast: Cast) -> None:
    change = told(cast, 91)
    sweep.tidy()
    change.refresh_from_db()
    assert not change.has_payload
    assert not Job.objects.exists()
