"""People go on working while an archive is brought in: nothing of it stands in the import's way."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dashboard.models import (
    Group,
    GroupImage,
    GroupNesting,
    GroupRegion,
    Image,
    Job,
    Label,
    Region,
    SimilarityType,
    Task,
    TaskType,
)
from dashboard.queries.library.nesting import ids_below
from dashboard.services.exchange import import_groups
from dashboard.services.exchange.import_nestings import without_cycles
from dashboard.services.jobs import jobs
from dashboard.services.library.images import delete_images
from dashboard.services.library.labels import delete_label
from dashboard.services.library.nesting import add_groups
from dashboard.services.library.similarity_types import delete_type
from tests.factories import Cast, make_group, make_label, make_type
from tests.services.exchange.test_transfer_kills import run
from tests.transfers import bring, export, fill, sent, told

Deed = Callable[[], object]


def at_step(monkeypatch: pytest.MonkeyPatch, step: str, deed: Deed) -> None:
    """Do something once, when the import says for the first time that it has come so far."""
    real, left = jobs.Handle.report, [deed]

    def report(handle: jobs.Handle, **fields: object) -> None:
        real(handle, **fields)
        if fields.get("step") == step and left:
            left.pop()()

    monkeypatch.setattr(jobs.Handle, "report", report)


def drop_type(cast: Cast, name: str) -> None:
    row = SimilarityType.objects.get(workspace=cast.elsewhere, name=name)
    delete_type(similarity_type=row, force=True, actor=cast.charlie)


def drop_label(cast: Cast, name: str) -> None:
    row = Label.objects.get(workspace=cast.elsewhere, name=name)
    delete_label(label=row, force=True, actor=cast.charlie)


@pytest.fixture(autouse=True)
def _counted(cast: Cast) -> Iterator[None]:
    """Hold every counter against the rows in the end."""
    yield
    for group in Group.objects.in_workspace(cast.elsewhere):
        counted = (group.images_count, group.regions_count, group.groups_count)
        assert counted == (
            GroupImage.objects.filter(group=group, image__deleted=None).count(),
            GroupRegion.objects.filter(group=group).count(),
            GroupNesting.objects.filter(parent=group).count(),
        )
    for kind in SimilarityType.objects.in_workspace(cast.elsewhere):
        assert kind.groups_count == Group.objects.filter(similarity_type=kind).count()


def test_a_type_and_a_label_that_were_joined_and_then_deleted(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first try breaks off behind them; the next one makes both anew."""
    fill(cast.workspace)
    make_type(cast.elsewhere, "Same product")
    make_label(cast.elsewhere, "Heel", color="#00ff00")
    _, data = export(cast.workspace, cast.ann)
    _, job = sent(cast.elsewhere, data, cast.charlie)

    def die() -> None:
        raise jobs.LeaseLost

    with monkeypatch.context() as patch:
        at_step(patch, "Importing images", die)
        run(job)
    assert job.state == Job.State.QUEUED
    drop_type(cast, "Same product")
    drop_label(cast, "Heel")
    run(job)
    assert (job.state, job.message[:9]) == (Job.State.DONE, "9 images,")
    assert told(cast.elsewhere) == told(cast.workspace)


@pytest.mark.parametrize("step", ["regions", "groups", "members", "subgroups", "tasks"])
def test_a_type_that_is_deleted_on_the_way(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """What belonged to it stays out with it; the rest comes in."""
    fill(cast.workspace)
    _, data = export(cast.workspace, cast.ann)
    at_step(monkeypatch, f"Importing {step}", lambda: drop_type(cast, "Same product"))
    _, job = bring(cast.elsewhere, data, cast.charlie)
    assert (job.state, job.tries) == (Job.State.DONE, 1)
    names = Group.objects.in_workspace(cast.elsewhere).values_list("name", flat=True)
    assert {*names} == {"Colour 0", "Colour 1", "Colour 2", "Family"}
    assert Task.objects.in_workspace(cast.elsewhere).exists()
    assert not TaskType.objects.filter(task__workspace=cast.elsewhere).exists()


def test_a_label_that_is_deleted_on_the_way(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(cast.workspace)
    _, data = export(cast.workspace, cast.ann)
    at_step(monkeypatch, "Importing regions", lambda: drop_label(cast, "Heel"))
    _, job = bring(cast.elsewhere, data, cast.charlie)
    assert (job.state, job.tries) == (Job.State.DONE, 1)
    assert not Region.objects.in_workspace(cast.elsewhere).exists()


def test_an_image_that_is_deleted_as_it_goes_into_its_groups(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(cast.workspace)
    _, data = export(cast.workspace, cast.ann)
    real, left = import_groups.lock_all, [False]

    def lock_all(rows: Any) -> Any:
        if rows.model is Image and left == [True]:
            left.clear()
            gone = Image.objects.in_workspace(cast.elsewhere).get(file_name__startswith="0")
            delete_images(workspace=cast.elsewhere, ids=[gone.pk], actor=cast.charlie)
        return real(rows)

    monkeypatch.setattr(import_groups, "lock_all", lock_all)
    at_step(monkeypatch, "Importing members", lambda: left.__setitem__(0, True))
    _, job = bring(cast.elsewhere, data, cast.charlie)
    assert (job.state, left) == (Job.State.DONE, [])
    rows = GroupImage.objects.filter(group__workspace=cast.elsewhere)
    assert not rows.exclude(image__deleted=None).exists()


def test_groups_that_were_put_the_other_way_round_on_the_way(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = make_type(cast.workspace)
    outer, middle, inner = (make_group(kind, name) for name in ("outer", "middle", "inner"))
    add_groups(group=outer, ids=[middle.pk], actor=cast.ann)
    add_groups(group=middle, ids=[inner.pk], actor=cast.ann)
    _, data = export(cast.workspace, cast.ann)

    def turn() -> None:
        here = {group.name: group for group in Group.objects.in_workspace(cast.elsewhere)}
        add_groups(group=here["inner"], ids=[here["outer"].pk], actor=cast.charlie)

    at_step(monkeypatch, "Importing subgroups", turn)
    _, job = bring(cast.elsewhere, data, cast.charlie)
    assert job.state == Job.State.DONE
    groups = Group.objects.in_workspace(cast.elsewhere)
    assert not [group for group in groups if group.pk in ids_below([group.pk])]
    assert GroupNesting.objects.filter(parent__in=groups).count() == 2


def test_only_what_would_close_a_ring_stays_out(cast: Cast) -> None:
    kind = make_type(cast.workspace)
    a, b, c, d = (make_group(kind, name).pk for name in "abcd")
    GroupNesting.objects.create(parent_id=b, child_id=c)
    wanted = [(a, b), (c, a), (a, c), (d, a), (d, d), (c, d)]
    assert without_cycles(wanted) == [(a, b), (a, c), (d, a)]
