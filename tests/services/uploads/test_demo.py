"""One click: drawn, uploaded and trained by the jobs that everybody's own pictures go through."""

from collections.abc import Collection

import pytest

from dashboard.jobs.runner import run_job
from dashboard.models import Group, Image, Job, Task, Upload, Version
from dashboard.services.errors import DemoIsHere
from dashboard.services.uploads.demo import start_demo
from tests.factories import Cast


def run_everything(*, but: Collection[str] = ()) -> None:
    """Run what is queued, and what that queues, as a worker would; `but` are kinds to leave."""
    queued = Job.objects.filter(state=Job.State.QUEUED).exclude(kind__in=but)
    while job := queued.order_by("created").first():
        run_job(str(job.id))


def test_it_works(cast: Cast) -> None:
    job = start_demo(workspace=cast.workspace, actor=cast.bob)
    with pytest.raises(DemoIsHere):
        start_demo(workspace=cast.workspace, actor=cast.bob)
    run_everything()
    job.refresh_from_db()
    assert (job.state, job.done) == ("done", 420)
    upload = Upload.objects.get()
    assert dict.fromkeys(upload.files.values_list("status", flat=True)) == {
        "added": None,
        "known": None,
    }
    assert Image.objects.count() == 420
    version = Version.objects.get()
    assert (version.status, version.number) == ("TRAINED", 1)
    colours = Group.objects.filter(similarity_type__name="Same colours")
    assert colours.filter(test_group=True).count() == 6
    assert colours.filter(test_group=False).count() >= 20
    report = version.metrics[str(colours[0].similarity_type_id)]
    assert report["verdict"]["better"]
    assert report["held_out"]["groups"] == 6
    with pytest.raises(DemoIsHere):
        start_demo(workspace=cast.workspace, actor=cast.bob)


def test_a_kill_at_the_end_makes_one_demo(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    job = start_demo(workspace=cast.workspace, actor=cast.bob)
    with monkeypatch.context() as patch:
        patch.setattr(
            "dashboard.jobs.runner._end", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            run_job(str(job.id))
    run_job(str(job.id))
    job.refresh_from_db()
    assert job.state == "done"
    assert Task.objects.count() == 1
    assert Upload.objects.count() == 1
