"""The first slice: from a ZIP in the browser to images in groups, and a page of the list."""

import os
import re
import statistics
import sys
import tempfile
import time
from functools import partial

import requests

from tests.bench import reference
from tests.bench.figures import ROUNDS, at_least, at_most, seconds
from tests.bench.quiet import quiet_seconds
from tests.live import EMAIL, PASSWORD, Server, csrf_of, running
from tests.pictures import packed, photos

PICTURES = 1000
PAGE_ROUNDS = 60
POLL = 1.0  # seconds from one poll of a browser to the next


def main() -> None:
    """Print `slice.upload` and `slice.page`."""
    at_least("slice.upload", _upload(), 0.50)
    at_most("slice.page", _page(), 1.50)


def _upload() -> float:
    """Rate of an upload from its first byte to its last row, over the bare loop's."""
    ours, bare = [], []
    with running() as server:
        server.manage("user", "create", "--email", EMAIL, "--password", PASSWORD)
        session = server.signed_in()
        for number in range(ROUNDS):
            files = photos(PICTURES, seed=number)
            archive = packed(files)
            ours.append(quiet_seconds(server, partial(_upload_one, server, session, archive)))
            bare.append(quiet_seconds(server, partial(reference.ingest, files)))
            print(f"  {bare[-1] / ours[-1]:.2f} in {ours[-1]:.1f} s", file=sys.stderr)
    return statistics.median(bare) / statistics.median(ours)


def _upload_one(server: Server, session: requests.Session, archive: bytes) -> None:
    address = server.url + "uploads/new"
    token = csrf_of(session.get(address).text)
    answer = session.post(
        address,
        data={"new_type": "Same photo", "auto_commit": "on", "csrfmiddlewaretoken": token},
        files={"file": ("photos.zip", archive, "application/zip")},
    )
    answer.raise_for_status()
    progress = re.search(r'hx-get="/?(jobs/[^"]+/progress)"', answer.text)
    while progress and "data-poll" in _fragment(session, server.url + progress[1]):
        time.sleep(POLL)
    if f"{PICTURES:,} of {PICTURES:,}" not in session.get(answer.url).text:
        raise RuntimeError("the upload failed")


def _fragment(session: requests.Session, address: str) -> str:
    """Ask for the job's bar, as the page does."""
    answer = session.get(address, headers={"HX-Request": "true"})
    answer.raise_for_status()
    return answer.text


def _page() -> float:
    """Server time of a list page among 100,000 images over the same among 1,000."""
    folder = tempfile.mkdtemp(prefix="likewise-bench-")
    os.environ |= {"LIKEWISE_DATA": folder, "LIKEWISE_ENV": os.devnull}
    os.environ["DJANGO_SETTINGS_MODULE"] = "dashboard.settings"

    from tests.bench.filled import filled, ready

    ready()
    few, many = filled(1_000, 50), filled(100_000, 5_000)
    times: dict[str, list[float]] = {"few": [], "many": []}
    for _ in range(PAGE_ROUNDS):
        times["many"].append(seconds(many.clients("images")))
        times["few"].append(seconds(few.clients("images")))
    return statistics.median(times["many"]) / statistics.median(times["few"])
