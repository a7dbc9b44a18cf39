"""Merge pages of images, insert the downloaded ones, and merge what groups they are in."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

from dashboard import remote
from dashboard.models import Image, Twin
from dashboard.queries.connections.twins import twins_here, twins_there
from dashboard.queries.library.images import images_by_sha256, images_in
from dashboard.services.connections.fields import IMAGE
from dashboard.services.connections.pulling.downloads import (
    Downloads,
    Fetched,
    Wanted,
    stated_sha256,
)
from dashboard.services.connections.pulling.members import Scope, merge_group_members
from dashboard.services.connections.pulling.passing import Pull, add_twins, new_ids, portions
from dashboard.services.connections.pulling.rows import Met, save_merged
from dashboard.services.library.images import insert_images, remove_unused
from dashboard.services.library.members import IMAGES
from dashboard.services.row_locks import lock_all
from dashboard.services.workspaces.usage import hold_images, images_refusal

AHEAD: Final = 1  # pages that are downloaded while one is written
INSERTED_AT_ONCE: Final = 100
DELETED: Final = "An image was deleted here while it was downloaded."
# Of a pull; the rest are the other nouns and the deletions.
START: Final = 0.1
SHARE: Final = 0.8


@dataclass
class Page:
    """A page of images and the downloads of its new ones."""

    rows: Sequence[remote.Image]
    fetching: "list[Future[Fetched]]" = field(default_factory=list)
    fetched: set[str] = field(default_factory=set)  # the ids there of those


def pull_images(pull: Pull, downloads: Downloads, rows: Iterable[remote.Image]) -> None:
    """Merge images; the next page is downloaded while one is written."""
    pages: deque[Page] = deque()
    for some in portions(rows):
        pages.append(_begun(pull, downloads, some))
        if len(pages) > AHEAD:
            _finish(pull, pages.popleft())
    for page in pages:
        _finish(pull, page)


def _begun(pull: Pull, downloads: Downloads, rows: Sequence[remote.Image]) -> Page:
    pull.seen.add("image", [row.id for row in rows])
    twins = twins_there(pull.link, "image", [row.id for row in rows])
    new = [row for row in rows if row.id not in twins]
    known = images_by_sha256(pull.workspace, [stated_sha256(row) for row in new])
    ids = new_ids(pull.link, IMAGE, [row.id for row in new])
    page = Page(rows)
    for row in new:
        here = known.get(stated_sha256(row))
        if here is None:
            page.fetching.append(downloads.begin(Wanted(row, ids[row.id], None)))
            page.fetched.add(row.id)
        elif here.deleted is not None:
            # A deleted image is restored under its id, see `insert_images`.
            page.fetching.append(downloads.begin(Wanted(row, here.pk, here)))
            page.fetched.add(row.id)
    return page


def _finish(pull: Pull, page: Page) -> None:
    for some in portions(_settled(pull, page.fetching), INSERTED_AT_ONCE):
        _insert(pull, some)
    _merge(pull, [row for row in page.rows if row.id not in page.fetched])
    _tell(pull, len(page.rows))
    merge_memberships(pull, page.rows)


def _settled(pull: Pull, fetching: "Iterable[Future[Fetched]]") -> Iterator[Fetched]:
    for future in fetching:
        fetched = future.result()
        pull.tick()
        yield fetched


def _insert(pull: Pull, batch: Sequence[Fetched]) -> None:
    """Insert downloaded images with their twins."""
    made = {one.new.picture.sha256: one for one in batch if one.new is not None}
    with pull.writing():
        for one in batch:
            if one.problem:
                pull.fail("images", one.problem)
        hold_images(pull.workspace.pk)
        here = images_by_sha256(pull.workspace, made.keys())
        fits = [
            one.new
            for sha256, one in made.items()
            # Deleted while it was downloaded: its bytes are dropped, so the next pull restores it.
            if one.new is not None
            and (one.whole or sha256 not in here or here[sha256].deleted is None)
        ]
        rows = insert_images(workspace=pull.workspace, images=fits, actor=None)
        for sha256, one in made.items():
            if sha256 not in rows:
                pull.fail("images", images_refusal().reason if one.new in fits else DELETED)
        came = {sha256: one for sha256, one in made.items() if sha256 in rows.keys() - here.keys()}
        add_twins([_twin(pull, one.row, rows[sha256]) for sha256, one in came.items()])
        # Images that were restored, and those that somebody else added meanwhile.
        others = {
            one.row.id: rows[sha256]
            for sha256, one in made.items()
            if sha256 in here and sha256 in rows
        }
        _join(pull, [one.row for one in made.values()], others)
        pull.counts["images"] += len(came) + sum(one.whole for one in made.values())
    # After the commit: files of images that were added meanwhile, or that the quota refused.
    all_made = [one.new for one in batch if one.new is not None]
    remove_unused(pull.workspace, all_made, rows)


def _twin(pull: Pull, row: remote.Image, image: Image) -> Twin:
    """Return the twin of an image that was just inserted: both sides are equal."""
    base = IMAGE.theirs(row, {})
    return Twin(link=pull.link, noun="image", local_id=image.pk, remote_id=row.id, base=base)


def _merge(pull: Pull, page: Sequence[remote.Image]) -> None:
    """Merge the fields of images that have a twin, and give one to those with known bytes."""
    if not page:
        return
    twins = twins_there(pull.link, "image", [row.id for row in page])
    theirs = {row.id: IMAGE.theirs(row, {}) for row in page}
    known = images_by_sha256(
        pull.workspace, [stated_sha256(row) for row in page if row.id not in twins]
    )
    present = {
        row.id: known[stated_sha256(row)]
        for row in page
        if row.id not in twins
        and stated_sha256(row) in known
        and known[stated_sha256(row)].deleted is None
    }
    with pull.writing():
        ids = [twin.local_id for twin in twins.values() if not twin.problem]
        rows = {row.pk: row for row in lock_all(images_in(pull.workspace).filter(pk__in=ids))}
        save_merged(
            pull,
            IMAGE,
            [
                Met(twin, rows[twin.local_id], theirs[remote_id])
                for remote_id, twin in twins.items()
                if twin.local_id in rows
            ],
        )
        _join(pull, page, present)


def _join(pull: Pull, rows: Sequence[remote.Image], found: "dict[str, Image]") -> None:
    """Write the twins of images that are here; of two that are equal there, the first has one."""
    if not found:
        return
    theirs = {row.id: IMAGE.theirs(row, {}) for row in rows}
    taken = set(twins_here(pull.link, "image", {image.pk for image in found.values()}))
    held = images_in(pull.workspace).filter(pk__in={image.pk for image in found.values()})
    here = {row.pk: row for row in lock_all(held)}
    met: list[Met] = []
    for remote_id, image in found.items():
        if image.pk in taken or image.pk not in here:
            pull.fail("images", "The other server has the same image twice.")
            continue
        taken.add(image.pk)
        twin = Twin(link=pull.link, noun="image", local_id=image.pk, remote_id=remote_id)
        met.append(Met(twin, here[image.pk], theirs[remote_id]))
    save_merged(pull, IMAGE, met)


def _tell(pull: Pull, more: int) -> None:
    """Report how many images are done with, after their page was written."""
    if pull.handle is None:
        return
    pull.met += more
    pull.total = max(pull.total, pull.met)
    pull.handle.report(
        step="Reading images",
        done=pull.met - pull.failed["images"],
        total=pull.total,
        failed=pull.failed["images"],
        fraction=START + SHARE * pull.met / pull.total,
    )


def merge_memberships(pull: Pull, page: Sequence[remote.Image]) -> None:
    """Merge the memberships of images whose groups the other server states."""
    stating = [row for row in page if row.groups is not None]
    twins = twins_there(pull.link, "image", [row.id for row in stating])
    groups = twins_there(
        pull.link, "group", [group.id for row in stating for group in row.groups or ()]
    )
    theirs = {
        (groups[group.id].local_id, twins[row.id].local_id)
        for row in stating
        for group in row.groups or ()
        if row.id in twins and group.id in groups
    }
    scope = Scope("group", "image", members=list(twins.values()))
    ids = {"image": {twin.local_id for twin in twins.values()}}
    merge_group_members(pull, IMAGES, scope, theirs, ids)
