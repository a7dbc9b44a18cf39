"""What several tests of the services have in common."""

import pytest
from django.utils import timezone

from dashboard.models import WorkerSign


@pytest.fixture
def worker(db: None) -> WorkerSign:
    """Let a worker be there that serves every queue."""
    queues = ["upload", "extract", "train"]
    return WorkerSign.objects.create(name="one", queues=queues, seen=timezone.now())
