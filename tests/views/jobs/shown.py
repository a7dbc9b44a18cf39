"""A job as somebody who looks at it would find it."""

from typing import Any

from dashboard.models import Job
from dashboard.services.jobs import jobs as service


def running(job: Job, **fields: Any) -> Job:
    """Let a worker take a job, which then has these fields."""
    claimed = service.claim(job.pk, "worker")
    assert claimed is not None
    Job.objects.filter(pk=job.pk).update(**fields)
    return claimed
