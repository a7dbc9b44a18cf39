"""Define the kinds of jobs of training: versions, features of new images, encoders."""

from accounts.journal import record
from accounts.models import User
from accounts.verbs import Verb
from dashboard.models import Job
from dashboard.queries.jobs import retries
from dashboard.queries.training.versions import get_version
from dashboard.services.errors import NothingToRetry
from dashboard.services.jobs.kinds import JobKind
from dashboard.services.training.describing import run_describing, start_describing
from dashboard.services.training.encoders import close_preparing, run_preparing
from dashboard.services.training.training import close_training, run_training, start_training


def _close_training(job: Job) -> None:
    close_training(
        version_id=job.subject_id,
        cancelled=job.state == Job.State.CANCELLED,
        message=job.message,
    )


def _train_again(job: Job, actor: User) -> Job:
    """Train the task's next version: the training data of a version is never changed."""
    version = get_version(job.workspace, job.subject_id)
    return start_training(task=version.task, actor=actor)[1]


def _describe_again(job: Job, actor: User) -> Job:
    again = start_describing(workspace=job.workspace, actor=actor)
    if again is None:
        raise NothingToRetry
    return again


def _tell_training(job: Job) -> None:
    version = get_version(job.workspace, job.subject_id)
    record(
        workspace=version.workspace,
        verb=Verb.TRAINED,
        noun="version",
        target_id=version.id,
        target_name=str(version),
        actor=None,
    )


TRAIN = JobKind(
    kind=Job.Kind.TRAIN,
    queue="train",
    run=lambda handle: run_training(version_id=handle.job.subject_id, handle=handle),
    close=_close_training,
    tell=_tell_training,
    may_retry=retries.can_train_again,
    retry=_train_again,
)
DESCRIBE = JobKind(
    kind=Job.Kind.DESCRIBE,
    queue="extract",
    run=lambda handle: run_describing(workspace=handle.job.workspace, handle=handle),
    may_retry=retries.broke_off,
    retry=_describe_again,
)
ENCODER = JobKind(
    kind=Job.Kind.ENCODER,
    queue="train",
    run=lambda handle: run_preparing(encoder_id=handle.job.subject_id, handle=handle),
    close=lambda job: close_preparing(encoder_id=job.subject_id, message=job.message),
)
