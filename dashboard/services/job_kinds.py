"""Collect all kinds of jobs, from the sub-rooms that define them."""

from dashboard.services.connections.outbox.job_kinds import SEND
from dashboard.services.connections.pulling.job_kinds import PULL
from dashboard.services.exchange.job_kinds import EXPORT, IMPORT
from dashboard.services.extractions.job_kinds import EXTRACT
from dashboard.services.jobs.kinds import JobKind
from dashboard.services.requests.job_kinds import ASYNC_DESCRIPTOR, ASYNC_UPLOAD
from dashboard.services.search.job_kinds import FILL
from dashboard.services.training.job_kinds import DESCRIBE, ENCODER, TRAIN
from dashboard.services.uploads.job_kinds import DEMO, PLAN, UNDO, UPLOAD
from dashboard.services.workspaces.job_kinds import CLOSE

JOB_KINDS: dict[str, JobKind] = {
    entry.kind: entry
    for entry in (
        UPLOAD,
        PLAN,
        UNDO,
        DEMO,
        TRAIN,
        DESCRIBE,
        ENCODER,
        EXTRACT,
        FILL,
        EXPORT,
        IMPORT,
        ASYNC_DESCRIPTOR,
        ASYNC_UPLOAD,
        CLOSE,
        PULL,
        SEND,
    )
}
