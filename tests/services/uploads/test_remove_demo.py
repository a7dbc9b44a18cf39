"""The demo is taken back whole, and what people added stays."""

import pytest

from dashboard.jobs.runner import run_job
from dashboard.models import Group, Image, Job, SimilarityType, Task, Upload, Version
from dashboard.queries.uploads.demo import find_demo
from dashboard.services.errors import DemoGoes, DemoIsGone, UsedByCollections
from dashboard.services.library.groups import add_images
from dashboard.services.search.collections import create_collection
from dashboard.services.training.tasks import add_type
from dashboard.services.uploads.demo import remove_demo, start_demo
from tests.factories import Cast, make_group, make_image, make_task, make_type
from tests.services.uploads.test_demo import run_everything

LEARNING = (Job.Kind.TRAIN, Job.Kind.DESCRIBE)  # takes most of the time


@pytest.fixture(autouse=True)
def _few_products(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw a dozen products: every part of the demo is there, and it takes seconds."""
    monkeypatch.setattr("dashboard.demo.pictures.PRODUCTS", 12)
    monkeypatch.setattr("dashboard.demo.pictures.VIEWS", 3)


@pytest.fixture
def _loaded(cast: Cast) -> None:
    start_demo(workspace=cast.workspace, actor=cast.bob)
    run_everything(but=LEARNING)
    assert Image.objects.count() == 36
    assert Task.objects.exists()


@pytest.mark.usefixtures("_loaded")
def test_it_works(cast: Cast) -> None:
    assert Group.objects.filter(test_group=True).exists()
    job = remove_demo(workspace=cast.workspace, actor=cast.bob)
    assert job is not None
    run_everything()
    job.refresh_from_db()
    assert (job.state, job.title) == ("done", "Removal of the demo")
    assert not Image.objects.present().exists()
    for noun in (Group, SimilarityType, Task, Version):
        assert not noun.objects.exists(), noun
    assert Upload.objects.get().stage == Upload.Stage.UNDONE
    with pytest.raises(DemoIsGone):
        remove_demo(workspace=cast.workspace, actor=cast.bob)
    start_demo(workspace=cast.workspace, actor=cast.bob)
    run_everything(but=LEARNING)
    assert Image.objects.present().count() == 36, "it can be loaded again"


@pytest.mark.usefixtures("_loaded")
def test_what_people_added_stays(cast: Cast) -> None:
    group = Group.objects.filter(similarity_type__name="Same product").first()
    assert group is not None
    mine = make_image(cast.workspace, 1)
    add_images(group=group, ids=[mine.pk], actor=cast.bob)
    own = make_group(make_type(cast.workspace, "My type"), "Mine")
    learned = SimilarityType.objects.get(name="Same colours")
    add_type(task=make_task(cast.workspace, "My task"), similarity_type=learned, actor=cast.bob)
    remove_demo(workspace=cast.workspace, actor=cast.bob)
    run_everything(but=LEARNING)
    assert list(Image.objects.present()) == [mine]
    assert {one.pk for one in Group.objects.all()} == {group.pk, own.pk}
    assert Group.objects.get(pk=group.pk).images_count == 1
    names = set(SimilarityType.objects.values_list("name", flat=True))
    assert names == {"Same product", "Same colours", "My type"}
    assert Task.objects.get().name == "My task"


@pytest.mark.usefixtures("_loaded")
def test_a_kill_at_the_end_changes_nothing(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    job = remove_demo(workspace=cast.workspace, actor=cast.bob)
    assert job is not None
    with pytest.raises(DemoGoes):
        start_demo(workspace=cast.workspace, actor=cast.bob)
    with monkeypatch.context() as patch:
        patch.setattr(
            "dashboard.jobs.runner._end", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            run_job(str(job.id))
    run_job(str(job.id))
    assert Job.objects.get(pk=job.pk).state == "done"
    assert not Group.objects.exists()


@pytest.mark.usefixtures("_loaded")
def test_a_collection_that_needs_its_version_keeps_it(cast: Cast) -> None:
    run_everything()
    demo = find_demo(cast.workspace)
    assert demo is not None
    assert demo.version() is not None
    create_collection(task=demo.task, name="Catalogue", actor=cast.bob)
    with pytest.raises(UsedByCollections):
        remove_demo(workspace=cast.workspace, actor=cast.bob)
    assert Image.objects.present().count() == 36
    assert Task.objects.exists()


def test_a_task_that_only_has_its_name_is_none(cast: Cast) -> None:
    make_task(cast.workspace, "Demo shop")
    with pytest.raises(DemoIsGone):
        remove_demo(workspace=cast.workspace, actor=cast.bob)
    assert Task.objects.exists()
