"""A change is undone by its inverse, once, and the undoing is a change of its own."""

import pytest
from django.utils import timezone

from accounts.journal import pack, record, unpack
from accounts.models import Change
from accounts.verbs import Verb
from dashboard.models import Upload
from dashboard.queries.journal.changes import find_change
from dashboard.services.errors import CannotBeUndone
from dashboard.services.inverses import INVERSES
from dashboard.services.journal.inverses import _inverses
from dashboard.services.journal.undoing import undo_change, undoable
from dashboard.services.uploads.errors import WrongStage
from dashboard.views.workspaces.activity import UNDO
from tests.factories import Cast, make_group, make_image, make_type
from tests.services.uploads.uploaded import SHOES, committed, planned, ran, received, zipped


@pytest.fixture
def upload(cast: Cast) -> Upload:
    sent = received(cast, {"shoes.zip": zipped(SHOES)})
    planned(sent)
    committed(sent)
    return sent


def uploaded(upload: Upload) -> Change:
    change = find_change(upload.workspace, upload.pk, Verb.UPLOADED)
    assert change is not None
    return change


def test_it_works(cast: Cast, upload: Upload) -> None:
    change = uploaded(upload)
    assert change.inverse == "upload"
    assert undoable(cast.workspace, [change]) == {change.pk}
    job = undo_change(change=change, actor=cast.bob)
    assert job is not None
    assert not change.undone_by.exists()  # not before the job is done
    ran(job)
    undoing = Change.objects.get(verb=Verb.UNDID)
    assert (undoing.undoes, [*change.undone_by.all()]) == (change, [undoing])
    assert undoable(cast.workspace, [change]) == set()


def test_it_is_undone_once(cast: Cast, upload: Upload) -> None:
    job = undo_change(change=uploaded(upload), actor=cast.bob)
    assert job is not None
    ran(job)
    with pytest.raises(CannotBeUndone):
        undo_change(change=uploaded(upload), actor=cast.bob)


def test_what_has_no_inverse_stays(cast: Cast) -> None:
    make_group(make_type(cast.workspace))
    change = Change.objects.latest("id")
    assert undoable(cast.workspace, [change]) == set()
    for one in (change, None):
        with pytest.raises(CannotBeUndone):
            undo_change(change=one, actor=cast.bob)


def test_an_inverse_that_is_not_there_any_more(cast: Cast) -> None:
    """A row of a later version of the program, after which an older one was installed again."""
    change = record(
        workspace=cast.workspace, verb=Verb.CHANGED, noun="type", inverse="later", actor=cast.bob
    )
    assert undoable(cast.workspace, [change]) == set()
    with pytest.raises(CannotBeUndone):
        undo_change(change=change, actor=cast.bob)


def test_the_inverse_refuses_in_its_own_words(cast: Cast, upload: Upload) -> None:
    Upload.objects.filter(pk=upload.pk).update(stage=Upload.Stage.UNDONE, undone=timezone.now())
    with pytest.raises(WrongStage):
        undo_change(change=uploaded(upload), actor=cast.bob)


def test_a_page_costs_one_query_for_each_inverse(cast: Cast, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    changes = [
        record(
            workspace=cast.workspace,
            verb=Verb.UPLOADED,
            noun="files",
            target_id=cast.workspace.pk,
            inverse="upload",
            actor=cast.bob,
        )
        for _ in range(5)
    ]
    with django_assert_num_queries(1):
        assert undoable(cast.workspace, changes) == set()


def test_each_inverse_has_its_page() -> None:
    assert set(INVERSES) == set(UNDO)
    assert _inverses() is INVERSES
    assert all(name == inverse.name for name, inverse in INVERSES.items())


def test_members_are_packed(cast: Cast) -> None:
    ids = [make_image(cast.workspace, seed).pk for seed in range(3)]
    change = record(
        workspace=cast.workspace, verb=Verb.DELETED, noun="image", members=ids, actor=cast.bob
    )
    kept = Change.objects.get(pk=change.pk)
    assert unpack(kept.members) == ids
    assert len(pack(ids)) == 48
    assert kept.has_payload
    assert unpack(None) == []
