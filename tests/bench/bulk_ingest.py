"""Bringing pictures in: a ZIP of 2,000 photos over the API, and what the worker needs for it."""

import re
import statistics
import sys
from functools import partial
from pathlib import Path

from tests.bench import reference
from tests.bench.client import Api
from tests.bench.figures import ROUNDS, at_least, at_most
from tests.bench.quiet import quiet_seconds
from tests.live import running
from tests.pictures import packed, packed_files, photos

PICTURES = 2000
FEW, MANY = 2_000, 20_000


def main() -> None:
    """Print `bulk.ingest` and what the worker's memory grows by."""
    at_least("bulk.ingest", _ingest(), 0.70)
    few, many = (_worker_memory(_tiny(count), count) for count in (FEW, MANY))
    at_most("bulk.ingest.memory", many / few, 1.25)
    print(f"  {many - few:.0f} MB more than {few:.0f} MB")


def _ingest() -> float:
    """Rate from the first byte sent to the last thumbnail, over the bare loop's."""
    ours, bare = [], []
    with running() as server:
        api = Api(server)
        for number in range(ROUNDS):
            files = photos(PICTURES, seed=number)
            archive = packed(files)
            ours.append(quiet_seconds(server, partial(_bring_in, api, archive)))
            bare.append(quiet_seconds(server, partial(reference.ingest, files)))
            print(f"  {bare[-1] / ours[-1]:.2f} in {ours[-1]:.1f} s", file=sys.stderr)
    return statistics.median(bare) / statistics.median(ours)


def _bring_in(api: Api, archive: bytes) -> None:
    upload = api.send("photos.zip", archive, new_type="Same photo")
    api.wait(upload, PICTURES)


def _tiny(count: int) -> bytes:
    files = photos(count, size=(24, 18))
    return packed_files({f"tiny/{n // 100:04d}/{n:06d}.jpg": one for n, one in enumerate(files)})


def _worker_memory(archive: bytes, count: int) -> float:
    """Return the most that the worker has held, in MB, after bringing in an archive."""
    with running() as server:
        api = Api(server)
        api.wait(api.send("tiny.zip", archive), count)
        return _most_held(server.worker_pid())


def _most_held(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1024


if __name__ == "__main__":
    main()
