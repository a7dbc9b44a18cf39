"""Work that is under way when a fault strikes, and what must be true once it is over."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.faults.installation import Installation
from tests.live import EMAIL
from tests.pictures import packed_files, photos
from tests.sending import NotThisTime, Sender, post_form, sha256

PICTURES, GROUPS = 100, 5
SIZE = (600, 450)
API = "similarity/training/v2"
UNFINISHED = "SELECT count(*) FROM dashboard_job WHERE state IN ('queued', 'running')"


@dataclass(frozen=True)
class Verdict:
    """What is wrong after a fault: all of it must be nothing."""

    lost: int = 0
    doubled: int = 0
    orphans: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.lost or self.doubled or self.orphans)

    def __add__(self, other: "Verdict") -> "Verdict":
        return Verdict(
            self.lost + other.lost, self.doubled + other.doubled, self.orphans + other.orphans
        )


@dataclass
class Work:
    """What was asked of an installation, remembered, so that it can be held against it."""

    installation: Installation
    accepted: dict[str, str] = field(default_factory=dict)  # SHA-256 -> the upload that has it
    trainings: int = 0
    _rounds: int = 0
    _task: str = ""

    def __post_init__(self) -> None:
        key = self.installation.manage("token", "create", "--email", EMAIL, "--name", "faults")
        self.sender = Sender(self.installation, key)

    # The work itself; each returns when it was accepted

    def upload(self) -> str:
        """Send an archive of folders that nobody has seen before; it comes in by a job."""
        self._rounds += 1
        files = photos(PICTURES, SIZE, seed=self._rounds)
        named = {f"photos/Group {at % GROUPS}/{at:04}.jpg": data for at, data in enumerate(files)}
        name = f"Round {self._rounds}"
        upload_id = self.sender.send(f"{name}.zip", packed_files(named), new_type=name)
        self.accepted |= dict.fromkeys(map(sha256, files), upload_id)
        return "upload"

    def training(self) -> str:
        """Train a task on what is there, with every picture looked at anew."""
        if not self._task:
            self._prepare_task()
        self._forget_features()
        body = {"type": "train", "task_id": self._task}
        self.sender.json("POST", "account/v2/request/", body)
        self.trainings += 1
        return "train"

    def extraction(self) -> str:
        """Describe every picture anew, into a file."""
        if not self.trainings:
            self.training()
            self.settle()
        self._forget_features()
        version = self.installation.rows.one(
            "SELECT id FROM dashboard_version WHERE status = 'TRAINED' LIMIT 1"
        )
        session = self.installation.signed_in()
        chosen = {"version": str(as_uuid(version)), "file_format": "jsonl"}
        post_form(self.installation, session, "extractions/", chosen)
        return "extract"

    def _prepare_task(self) -> None:
        if not self.accepted:
            self.upload()
        self.settle()
        types = self.sender.json("GET", f"{API}/type")["results"]
        self._task = self.sender.json("POST", f"{API}/task", {"name": "Photos"})["id"]
        body = {"type_id": types[0]["id"]}
        self.sender.json("POST", f"{API}/task/{self._task}/add-type", body)

    def _forget_features(self) -> None:
        """Empty what saves the work of looking: there is something to interrupt."""
        self.settle()
        self.installation.rows.execute("DELETE FROM dashboard_feature")

    def settle(self, patience: float = 240) -> None:
        """Wait until no job is unfinished."""
        end = time.monotonic() + patience
        while self.installation.rows.one(UNFINISHED):
            if time.monotonic() > end:
                jobs = self.installation.rows.all(
                    "SELECT kind, state, tries, message FROM dashboard_job"
                    " WHERE state IN ('queued', 'running')"
                )
                raise AssertionError(f"these jobs do not end: {jobs}")
            time.sleep(0.05)

    # What must be true

    def judge(self) -> Verdict:
        """Compare all that was accepted with all that is there, once everything has ended."""
        self.settle()
        broken = self.installation.rows.all(
            "SELECT kind, state, message FROM dashboard_job WHERE state <> 'done'"
        )
        orphans = self._orphans()
        verdict = self._images() + self._members() + self._results() + self._trained()
        jobs = tuple(f"job: {kind} {state}: {message}" for kind, state, message in broken)
        return verdict + Verdict(orphans=orphans + jobs + self._unclear_answers())

    def _orphans(self) -> tuple[str, ...]:
        """Return what the doctor finds, but for what a killed process was just writing aside.

        That is seen by nobody, and gone once the doctor, or the sweep a day later, has mended it.
        """
        found = self.installation.doctor("--mend")
        left = self.installation.doctor() if found else []
        return (*(line for line in found if not line.startswith("temporary:")), *left)

    def _unclear_answers(self) -> tuple[str, ...]:
        """Return what the sender was answered in trouble that was no sentence with its status."""
        answers = set(self.sender.troubles)
        self.sender.troubles.clear()
        return tuple(
            f"answer: {status} {text[:200]}"
            for status, text in answers
            # A HEAD has no body.
            if status not in (503, 507) or (text and '"detail":' not in text.replace('": ', '":'))
        )

    def _images(self) -> Verdict:
        """Hold the hash of each accepted picture against the rows, and theirs against files."""
        rows = self.installation.rows.all(
            "SELECT id, workspace_id, sha256, stored_sha256, extension FROM dashboard_image"
            " WHERE deleted IS NULL"
        )
        there = Counter(row[2] for row in rows)
        lost = len(self.accepted.keys() - there.keys())
        lost += sum(not self._is_whole(row) for row in rows)
        return Verdict(lost, doubled=there.total() - len(self.accepted.keys() & there.keys()))

    def _is_whole(self, row: tuple[Any, ...]) -> bool:
        image, workspace = as_uuid(row[0]), as_uuid(row[1])
        folder = self.installation.folder / f"files/{workspace}"
        stored = folder / f"images/{image.hex[:2]}/{image}.{row[4]}"
        thumbnail = folder / f"thumbnails/{image.hex[:2]}/{image}.jpg"
        return (
            stored.is_file()
            and sha256(stored.read_bytes()) == row[3]
            and thumbnail.is_file()
            and thumbnail.read_bytes().endswith(b"\xff\xd9")
        )

    def _members(self) -> Verdict:
        """See that each picture is in one group, and that no upload made a group twice."""
        places = self.installation.rows.one("SELECT count(*) FROM dashboard_groupimage")
        groups = self.installation.rows.one("SELECT count(*) FROM dashboard_group")
        wanted = len(set(self.accepted.values())) * GROUPS
        return Verdict(
            lost=max(0, len(self.accepted) - places) + max(0, wanted - groups),
            doubled=max(0, places - len(self.accepted)) + max(0, groups - wanted),
        )

    def _results(self) -> Verdict:
        """See that each extraction has a file with every picture of its time, once."""
        verdict = Verdict()
        for path, count in self.installation.rows.all(
            "SELECT path, count FROM dashboard_extraction"
        ):
            file = self.installation.folder / "files" / path
            ids = [line["id"] for line in _lines(file)] if path and file.is_file() else []
            doubled = len(ids) - len(set(ids))
            verdict += Verdict(lost=int(not ids or len(set(ids)) != count), doubled=doubled)
        return verdict

    def _trained(self) -> Verdict:
        versions = self.installation.rows.all("SELECT status FROM dashboard_version")
        trained = sum(status == "TRAINED" for (status,) in versions)
        return Verdict(
            lost=max(0, self.trainings - trained), doubled=max(0, len(versions) - self.trainings)
        )


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open() as lines:
        next(lines)
        yield from map(json.loads, lines)


def as_uuid(value: Any) -> UUID:
    """Read an id as either database gives it."""
    return value if isinstance(value, UUID) else UUID(value)


__all__ = ["NotThisTime", "Verdict", "Work"]
