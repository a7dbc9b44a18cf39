"""Readers follow a workspace's changes, or look at those of one thing."""

from accounts.models import Change
from accounts.verbs import Verb
from dashboard.queries.journal.changes import changes_in, changes_of, find_change, since
from dashboard.services.journal.numbers import number_all
from dashboard.services.library.groups import change_group, mark_group
from dashboard.views.workspaces.activity import ANY_NOUN, PLAIN, SENTENCES
from tests.factories import Cast, make_group, make_type


def test_since(cast: Cast) -> None:
    kind = make_type(cast.workspace)
    assert since(cast.workspace, 0, 10) == []  # none has a number
    number_all()
    make_group(kind)
    assert [row.noun for row in since(cast.workspace, 0, 10)] == ["workspace", "type"]
    assert [row.noun for row in since(cast.workspace, 1, 10)] == ["type"]
    number_all()
    assert [row.sequence for row in since(cast.workspace, 1, 1)] == [2]
    assert [row.noun for row in since(cast.workspace, 2, 10)] == ["group"]
    assert since(cast.workspace, 3, 10) == []
    assert [row.workspace for row in since(cast.elsewhere, 0, 10)] == [cast.elsewhere]


def test_since_costs_one_query(cast: Cast, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    make_group(make_type(cast.workspace))
    number_all()
    with django_assert_num_queries(1):
        rows = since(cast.workspace, 0, 10)
        assert [(str(row.actor), row.before, row.members) for row in rows]


def test_of_one_thing(cast: Cast) -> None:
    kind = make_type(cast.workspace)
    group, _ = make_group(kind), make_group(kind, "other")
    change_group(group=group, changes={"name": "Blue shoe"}, actor=cast.bob)
    mark_group(group=group, test_group=True, actor=cast.bob)
    verbs = [change.verb for change in changes_of(cast.workspace, group.pk)]
    assert verbs == [Verb.MARKED_TEST, Verb.CHANGED, Verb.CREATED]
    found = find_change(cast.workspace, group.pk, Verb.CHANGED)
    assert found is not None
    assert found.target_name == "Blue shoe"
    assert find_change(cast.elsewhere, group.pk, Verb.CHANGED) is None


def test_pages_do_not_read_what_only_an_undo_needs(cast: Cast) -> None:
    row = changes_in(cast.workspace).get()
    assert row.get_deferred_fields() == {"before", "after", "members"}


def test_each_verb_has_its_words() -> None:
    assert PLAIN | {verb for verb, _ in SENTENCES} | ANY_NOUN.keys() == set(Verb)


def test_only_verbs_of_the_list_are_in_the_rows(cast: Cast) -> None:
    make_group(make_type(cast.workspace))
    assert set(Change.objects.values_list("verb", flat=True)) <= set(Verb.values)
