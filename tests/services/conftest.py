"""What several tests of the services have in common."""

import pytest
from django.utils import timezone

from dashboard.models import Upload, WorkerSign
from dashboard.services.receiving import open_upload
from tests.factories import Cast


@pytest.fixture
def worker(db: None) -> WorkerSign:
    """Let a worker be there that serves every queue."""
    queues = ["upload", "extract", "train"]
    return WorkerSign.objects.create(name="one", queues=queues, seen=timezone.now())


@pytest.fixture
def upload(cast: Cast) -> Upload:
    return open_upload(workspace=cast.workspace, name="shoes", actor=cast.bob)
