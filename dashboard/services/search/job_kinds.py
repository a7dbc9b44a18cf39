"""Define the kind of job that adds images to a collection."""

from accounts.journal import record
from accounts.verbs import Verb
from dashboard.models import Fill, Job
from dashboard.services.jobs.kinds import JobKind
from dashboard.services.search.fills import run_fill


def _tell_fill(job: Job) -> None:
    fill = Fill.objects.select_related("collection", "workspace").get(pk=job.subject_id)
    record(
        workspace=fill.workspace,
        verb=Verb.FILLED,
        noun="collection",
        target_id=fill.collection.id,
        target_name=fill.collection.name,
        count=job.done,
        actor=None,
    )


FILL = JobKind(
    kind=Job.Kind.FILL,
    queue="extract",
    run=lambda handle: run_fill(fill_id=handle.job.subject_id, handle=handle),
    tell=_tell_fill,
)
