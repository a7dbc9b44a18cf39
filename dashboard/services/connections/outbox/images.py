"""Upload and delete images on the other server, many at once, each recorded as it succeeds."""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any, Final, TypeVar
from uuid import UUID

from dashboard.files.store import paths, storage
from dashboard.models import Image, Twin
from dashboard.queries.connections.twins import twins_here
from dashboard.remote import Forbidden, NotFound, Refused, Uploaded
from dashboard.services.connections.outbox.errors import Rejected
from dashboard.services.connections.outbox.session import Session

THREADS: Final = 8
# What the other server says about one image; anything else is about all of them.
OF_ONE: Final = (Refused, Forbidden, NotFound, Rejected)

Item = TypeVar("Item")
Result = TypeVar("Result")


def upload(session: Session, image: Image) -> tuple[Twin, Any]:
    """Upload one image; return its twin and what is there."""
    uploaded = _sent(session, image)
    return _record(session, image, uploaded), uploaded.image


def upload_many(session: Session, images: Collection[Image]) -> list[str]:
    """Upload those that have no twin, several at once; return why some were refused."""
    there = twins_here(session.link, "image", [image.pk for image in images])
    missing = [image for image in images if image.pk not in there]
    refused: list[str] = []
    for image, result in _side_by_side(lambda one: _sent(session, one), missing):
        try:
            _record(session, image, result(), counts=1)
        except OF_ONE as refusal:
            refused.append(f"“{image}”: {refusal}")
    return refused


def delete_many(session: Session, ids: Collection[UUID]) -> list[str]:
    """Delete the images that have a twin, several at once; return why some were refused."""
    twins = list(twins_here(session.link, "image", ids).values())
    refused: list[str] = []
    for twin, result in _side_by_side(
        lambda one: session.server.delete_image(one.remote_id), twins
    ):
        try:
            result()
        except NotFound:
            pass  # deleted there, too
        except OF_ONE as refusal:
            Twin.objects.filter(pk=twin.pk).update(problem=str(refusal)[:500])
            refused.append(str(refusal))
            continue
        with session.writing(1):
            twin.delete()
    return refused


def _sent(session: Session, image: Image) -> Uploaded:
    """Upload the stored file. It runs in other threads: nothing here uses the database."""
    try:
        data = storage.read(paths.image(image.workspace_id, image.pk, image.extension))
    except FileNotFoundError:
        raise Rejected("The stored file of this image is missing.") from None
    return session.server.upload_image(
        data, meta_data=image.meta_data, test_image=image.test_image, real=image.real
    )


def _record(session: Session, image: Image, uploaded: Uploaded, counts: int = 0) -> Twin:
    values = session.theirs("image", uploaded.image)
    # What was there before has values of its own: nothing of them was ever equal, so theirs hold.
    base = {} if uploaded.known else values
    with session.writing(counts):
        return session.add_twin("image", image.pk, uploaded.image.id, base)


def _side_by_side(
    work: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[tuple[Item, Callable[[], Result]]]:
    """Yield each item with a function that returns its result, or raises.

    Bounded, so that the bytes of few images are in memory. If the caller stops, what is under way
    is waited for.
    """
    left = iter(items)
    running: deque[tuple[Item, Future[Result]]] = deque()
    with ThreadPoolExecutor(THREADS, thread_name_prefix="outbox") as pool:
        for item in islice(left, 2 * THREADS):
            running.append((item, pool.submit(work, item)))
        while running:
            item, future = running.popleft()
            yield item, future.result
            for following in islice(left, 1):
                running.append((following, pool.submit(work, following)))
