"""Those who add, delete and own at once pass no quota together, and leave the counts exact."""

from collections.abc import Callable
from functools import partial

import pytest
from pytest_django import Settings

from accounts.errors import AccountError
from accounts.models import Membership, Role
from dashboard.jobs.runner import run_job
from dashboard.models import Image, Upload, Usage
from dashboard.queries.workspaces.usage import wrong_usages
from dashboard.services.jobs import queueing
from dashboard.services.library.images import delete_images
from dashboard.services.uploads.receiving import open_upload, register_part
from dashboard.services.uploads.receiving_end import finish_receiving
from dashboard.services.uploads.undo import undo_upload
from dashboard.services.workspaces.usage import QuotaReached
from dashboard.services.workspaces.workspaces import open_workspace
from tests.factories import Cast, drawn_jpeg, make_cast, make_image
from tests.services.library.test_side_by_side import at_once
from tests.services.uploads.uploaded import received, zipped

ROUNDS = 4


@pytest.fixture
def cast(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """Make the cast in the open, where other connections see it; no worker takes the jobs."""
    monkeypatch.setattr(queueing.app, "send_task", lambda *_, **__: None)
    return make_cast()


def is_exact() -> bool:
    return not any(wrong_usages(what).exists() for what in Usage.What)


def commit(upload: Upload) -> str:
    return str(finish_receiving(upload=upload, actor=upload.created_by).pk)


def test_images_at_once_take_turns(cast: Cast, settings: Settings) -> None:
    make_image(cast.workspace, 999)
    for number in range(ROUNDS):
        settings.LIKEWISE_QUOTA_IMAGES = number + 2
        calls = [partial(make_image, cast.workspace, 10 * number + i) for i in range(4)]
        outcomes = at_once(*calls)
        assert sum(isinstance(one, Image) for one in outcomes) == 1
        assert sum(isinstance(one, QuotaReached) for one in outcomes) == 3
        assert Image.objects.count() == number + 2
        assert is_exact()


def test_uploads_at_once_take_turns(cast: Cast, settings: Settings) -> None:
    settings.LIKEWISE_QUOTA_IMAGES = 70
    uploads = [
        received(
            cast,
            {"a.zip": zipped({f"{i}.jpg": drawn_jpeg(i) for i in range(first, first + 60)})},
            auto_commit=True,
        )
        for first in (0, 40)  # a third of them is in both
    ]
    ids = [commit(upload) for upload in uploads]
    at_once(*(partial(run_job, one) for one in ids))
    assert Image.objects.present().count() == 70
    assert is_exact()


def test_adding_and_deleting_at_once_ends_and_counts_right(cast: Cast) -> None:
    upload = received(
        cast, {"a.zip": zipped({f"{i}.jpg": drawn_jpeg(i) for i in range(60)})}, auto_commit=True
    )
    run_job(commit(upload))
    ids = list(Image.objects.values_list("pk", flat=True))
    back = received(
        cast, {"b.zip": zipped({f"{i}.jpg": drawn_jpeg(i) for i in range(90)})}, auto_commit=True
    )
    undoing = str(undo_upload(upload=upload, actor=cast.bob).pk)

    def delete(some: list[object]) -> Callable[[], object]:
        return partial(delete_images, workspace=cast.workspace, ids=some, actor=cast.bob)

    at_once(
        partial(run_job, commit(back)),
        partial(run_job, undoing),
        delete(ids[:20]),
        delete(ids[20:40]),
    )
    assert is_exact()


def test_files_that_are_named_at_once_take_turns(cast: Cast, settings: Settings) -> None:
    settings.LIKEWISE_QUOTA_BYTES = 100
    uploads = [open_upload(workspace=cast.workspace, name="a", actor=cast.bob) for _ in range(4)]
    outcomes = at_once(
        *(
            partial(register_part, upload=upload, name="a.zip", size=60, actor=cast.bob)
            for upload in uploads
        )
    )
    assert sum(isinstance(one, QuotaReached) for one in outcomes) == 3
    assert is_exact()


def test_workspaces_at_once_take_turns(cast: Cast, settings: Settings) -> None:
    settings.LIKEWISE_QUOTA_WORKSPACES = 2

    def make() -> object:
        try:
            return open_workspace(name="More", actor=cast.alice)
        except AccountError as refusal:
            return refusal

    at_once(make, make, make, make)
    assert Membership.objects.filter(user=cast.alice, role=Role.OWNER).count() == 2
