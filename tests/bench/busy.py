"""SQLite under thirty clients, a training and an import: how long answers take, who holds the lock.

`python -m tests.bench busy` prints the figures; what held the write lock longest goes to the
error output.
"""

import json
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from tests.bench.busy_load import CLIENTS, TRAINING, Answers, Load, clients
from tests.bench.client import Api
from tests.bench.figures import at_most, told
from tests.bench.quiet import wait_until_quiet
from tests.live import running
from tests.pictures import packed, photos

FIRST, THEN = 400, 1000  # images: to train with, and to import meanwhile
SIZE = (700, 525)


def main() -> None:
    """Print `api.busy`: the 503s, which may not be, and how long 99 of 100 answers take at most."""
    answers, held = measure(FIRST, THEN)
    for line in places(held):
        print(line, file=sys.stderr)
    refused = sum(count for status, count in answers.statuses.items() if status >= 500)
    print(f"  {answers.statuses.total():,} answers to {CLIENTS} clients: {dict(answers.statuses)}")
    at_most("api.busy.refused", refused, 0)
    told("api.busy", answers.percentile(0.99), "ms, 99 of 100 answers")
    print(f"  half of them within {answers.percentile(0.5):.0f} ms")


def measure(first: int, then: int) -> tuple[Answers, list[dict[str, Any]]]:
    """Run the load while an import and a training last; also returns what the lock was held for."""
    answers = Answers()
    with tempfile.TemporaryDirectory(prefix="likewise-locks-") as locks:
        environment = {"DJANGO_SETTINGS_MODULE": "tests.bench.busy_settings"}
        with running(DATABASE_URL="", REDIS_URL="", LIKEWISE_LOCKS=locks, **environment) as server:
            api = Api(server)
            task, kind = _trainable(api, first)
            wait_until_quiet(server)
            for path in Path(locks).glob("*.jsonl"):
                path.write_text("")
            all_of_them = clients(server.url, api.key, kind, answers)
            with Load(all_of_them):
                version = api.call("POST", f"{TRAINING}task/{task}/train/")["id"]
                upload = api.send("then.zip", packed(photos(then, SIZE, seed=2)), type=kind)
                api.wait(upload, then)
                api.wait_for_version(version)
        return answers, [json.loads(line) for line in _lines(locks)]


def _lines(folder: str) -> list[str]:
    return [line for path in Path(folder).glob("*.jsonl") for line in path.read_text().splitlines()]


def _trainable(api: Api, count: int) -> tuple[str, str]:
    """Make a type with groups and a task for it; returns their ids, the task's first."""
    upload = api.send("first.zip", packed(photos(count, SIZE, seed=1)), new_type="Same photo")
    api.wait(upload, count)
    kind = api.call("GET", f"{TRAINING}type/")["results"][0]["id"]
    task = api.call("POST", f"{TRAINING}task/", {"name": "Search"})["id"]
    api.call("POST", f"{TRAINING}task/{task}/add-type/", {"type_id": kind})
    return task, kind


def places(held: list[dict[str, Any]], most: int = 30) -> list[str]:
    """Say who held the lock longest, and who waited longest for it."""
    by_place: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in held:
        by_place[one["place"]].append(one)
    rows = []
    for place, some in by_place.items():
        times = [one.get("held", one.get("alone", 0.0)) * 1000 for one in some]
        waited = max(one.get("waited", 0.0) for one in some) * 1000
        statements = max(one["statements"] for one in some)
        rows.append((max(times), sum(times), len(times), statements, waited, place))
    head = f"{'longest':>9} {'in all':>9} {'times':>6} {'statements':>10} {'waited':>8} ms  place"
    return [head] + [
        f"{longest:9.0f} {total:9.0f} {count:6} {statements:10} {waited:8.0f}     {place}"
        for longest, total, count, statements, waited, place in sorted(rows, reverse=True)[:most]
    ]


if __name__ == "__main__":
    main()
