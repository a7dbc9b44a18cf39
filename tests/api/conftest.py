"""What several tests of the API need."""

from typing import Any

import pytest

from dashboard.jobs import runner
from dashboard.models import Collection, Task
from dashboard.services.jobs import queueing
from dashboard.services.library.groups import add_images
from dashboard.services.training.tasks import add_type
from dashboard.services.training.training import start_training
from tests.api.calls import CUSTOM
from tests.api.search.collected import Ask
from tests.factories import (
    Cast,
    api_client,
    make_collection,
    make_group,
    make_image,
    make_task,
    make_type,
)


@pytest.fixture
def collection(cast: Cast) -> Collection:
    return make_collection(cast.workspace)


@pytest.fixture
def ask(cast: Cast, collection: Collection) -> Ask:
    """Call a method as Bob and return the body; `answer=True` returns the answer itself."""
    client = api_client(cast.bob)

    def call(method: str, body: Any = None, *, answer: bool = False, **fields: Any) -> Any:
        body = fields if body is None else body
        found = client.post(CUSTOM + method, body, headers={"collection-id": str(collection.id)})
        return found if answer else found.json()

    return call


@pytest.fixture
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queueing.app, "send_task", lambda *_, **__: None)


@pytest.fixture
def task(cast: Cast) -> Task:
    """Make a task that can be trained, on two groups of two images."""
    kind, task = make_type(cast.workspace), make_task(cast.workspace)
    for number in range(2):
        ids = [make_image(cast.workspace, 10 * number + seed).id for seed in range(2)]
        add_images(group=make_group(kind, str(number)), ids=ids, actor=cast.bob)
    add_type(task=task, similarity_type=kind, actor=cast.bob)
    return task


@pytest.fixture
def trained(cast: Cast, task: Task) -> Task:
    _, job = start_training(task=task, actor=cast.bob)
    runner.run_job(str(job.id))
    return task
