"""Import a workspace's archive: checked whole first, then noun by noun, resumable after a kill."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.journal import record
from accounts.verbs import Verb
from accounts.words import counted
from dashboard.files.errors import FileRefused
from dashboard.files.exchange.transfer_reading import TransferReader
from dashboard.models import Transfer, Upload
from dashboard.queries.uploads.receiving import open_part
from dashboard.services.exchange.exporting import outcome
from dashboard.services.exchange.import_check import CHECK_SHARE, check_archive
from dashboard.services.exchange.import_groups import GroupImport
from dashboard.services.exchange.import_images import ImageImport
from dashboard.services.exchange.import_tasks import TaskImport
from dashboard.services.exchange.imported import Ids
from dashboard.services.jobs import jobs
from dashboard.services.training.describing import start_describing
from dashboard.services.uploads.errors import NotOneArchive
from dashboard.services.uploads.receiving import forget_bytes
from dashboard.services.workspaces.usage import QuotaReached

IMAGES_SHARE: Final = 0.85  # of the whole progress, with the check
ELSEWHERE: Final = "elsewhere"  # added to the other counts when all is imported


def run_import(*, transfer_id: UUID, handle: jobs.Handle) -> str:
    """Import what is not imported yet and return the sentence of the outcome.

    Raises `FileRefused` or `Refused` before anything is written if the archive cannot be used.
    """
    related = ("workspace", "upload", "created_by")
    transfer = Transfer.objects.select_related(*related).get(pk=transfer_id)
    if ELSEWHERE not in transfer.counts:  # else: killed before the job ended
        try:
            with _archive_of(transfer) as archive:
                # Checked whole once. The archive cannot change between attempts: chunks are never
                # rewritten.
                if not transfer.counts:
                    check_archive(archive, handle)
                    _begin(transfer, archive, handle)
                _bring(transfer, archive, handle)
        except QuotaReached:
            # Before `FileRefused`, its base class: this archive must not be deleted.
            raise  # the same archive can be imported once there is quota
        except FileRefused:
            _forget(transfer)  # it would be refused again
            raise
    # Last: until then another attempt may need the bytes.
    _forget(transfer)
    return f"{outcome(transfer)} {_stayed(transfer.counts[ELSEWHERE])}".strip()


@transaction.atomic
def _begin(transfer: Transfer, archive: TransferReader, handle: jobs.Handle) -> None:
    """Record that the archive was checked, so that a later attempt does not check it again."""
    transfer.counts = archive.counts
    transfer.save(update_fields=["counts", "modified"])
    record(
        workspace=transfer.workspace,
        verb=Verb.IMPORTED,
        noun="workspace",
        target_id=transfer.id,
        target_name=str(archive.manifest.get("name", "")),
        details={"counts": archive.counts},
        actor=transfer.created_by,
    )
    handle.report(fraction=CHECK_SHARE)


def _forget(transfer: Transfer) -> None:
    if transfer.upload is not None:
        forget_bytes(transfer.upload)


@contextmanager
def _archive_of(transfer: Transfer) -> Iterator[TransferReader]:
    parts = list(transfer.upload.parts.order_by("number")[:2]) if transfer.upload else []
    if len(parts) != 1:
        raise NotOneArchive
    with open_part(parts[0]) as file, TransferReader(file) as archive:
        yield archive


def _bring(transfer: Transfer, archive: TransferReader, handle: jobs.Handle) -> None:
    common = (transfer.workspace, transfer.created_by, Ids(transfer), handle)
    groups, tasks = GroupImport(*common), TaskImport(*common)
    # In this order, a row comes after the rows that it refers to, as in `AFTER_IMAGES` of the
    # check.
    groups.types(archive.rows("types"))
    groups.labels(archive.rows("labels"))
    total = transfer.counts.get("images", 0)
    handle.report(total=total, done=0, failed=0, skipped=0, fraction=CHECK_SHARE)
    with ThreadPoolExecutor(settings.LIKEWISE_WORKERS, "import") as pool:
        images = ImageImport(*common, pool=pool)
        for pack in archive.packs():
            images.bring(pack)
            _tell_images(transfer, handle)
            # After each pack, in a statement of its own: an import counts as abandoned by its
            # `modified`.
            _touch(transfer)
    steps: tuple[tuple[str, Callable[[], None]], ...] = (
        ("regions", lambda: groups.regions(archive.rows("regions"))),
        ("groups", lambda: groups.groups(archive.rows("groups"))),
        ("members", lambda: groups.members(archive.rows("members"))),
        ("subgroups", lambda: groups.nestings(archive.rows("nestings"))),
        ("verifications", lambda: groups.verifications(archive.rows("verifications"))),
        ("tasks", lambda: tasks.tasks(archive.rows("tasks"))),
        ("versions", lambda: tasks.versions(archive)),
        # A second pass over the tasks: a task names its production version, which names its task.
        ("production versions", lambda: tasks.productions(archive.rows("tasks"))),
        ("collections", lambda: tasks.collections(archive.rows("collections"))),
        ("records", lambda: tasks.records(archive.rows("records"))),
    )
    for number, (noun, step) in enumerate(steps):
        share = (1 - IMAGES_SHARE) * number / len(steps)
        handle.report(step=f"Importing {noun}", fraction=IMAGES_SHARE + share)
        step()
    start_describing(workspace=transfer.workspace, actor=transfer.created_by)
    with transaction.atomic():
        handle.report(fraction=1.0)
        # Marks the end: a worker that is killed after this commit does not import again.
        transfer.counts[ELSEWHERE] = groups.elsewhere
        transfer.save(update_fields=["counts", "modified"])


def _tell_images(transfer: Transfer, handle: jobs.Handle) -> None:
    total = transfer.counts.get("images", 0) or 1
    share = min(1.0, (handle.job.done + handle.job.skipped) / total)
    fraction = CHECK_SHARE + (IMAGES_SHARE - CHECK_SHARE) * share
    handle.report(step="Importing images", fraction=fraction)


def _touch(transfer: Transfer) -> None:
    """Keep the archive from being deleted while it is imported."""
    if transfer.upload is not None:
        Upload.objects.filter(pk=transfer.upload.pk).update(modified=timezone.now())


def _stayed(count: int) -> str:
    if not count:
        return ""
    who = counted(count, "image or region stays", "images or regions stay")
    return f"{who} in the current group, because the type allows only one."
