"""What several tests of the services have in common."""

import pytest
from django.utils import timezone

from dashboard.models import Upload, WorkerSign
from dashboard.services.uploads.receiving import open_upload
from tests.factories import Cast
from tests.transfers import export, fill


@pytest.fixture
def worker(db: None) -> WorkerSign:
    """Let a worker be there that serves every queue."""
    queues = ["upload", "extract", "train"]
    return WorkerSign.objects.create(name="one", queues=queues, seen=timezone.now())


@pytest.fixture
def upload(cast: Cast) -> Upload:
    return open_upload(workspace=cast.workspace, name="shoes", actor=cast.bob)


@pytest.fixture(scope="module")
def exported() -> list[bytes]:
    """Hold what the first test wrote, for all of a module: writing it takes longer than most."""
    return []


@pytest.fixture
def archive(cast: Cast, exported: list[bytes]) -> bytes:
    if not exported:
        fill(cast.workspace)
        exported.append(export(cast.workspace, cast.ann)[1])
    return exported[0]
