"""Run work during a fault, and check the result once it is over."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.faults.installation import Installation
from tests.faults.transfers import Transfers
from tests.faults.verdict import Verdict
from tests.live import EMAIL
from tests.pictures import packed_files, photos
from tests.sending import NotThisTime, Sender, post_form, sha256

PICTURES, GROUPS = 100, 5
SIZE = (600, 450)
TAKEN_BACK, KNOWN = 240, 10
SMALL = (120, 90)
API = "similarity/training/v2"
UNFINISHED = "SELECT count(*) FROM dashboard_job WHERE state IN ('queued', 'running')"


@dataclass
class Work:
    """All work requested from an installation, for the comparison with its data."""

    installation: Installation
    accepted: dict[str, str] = field(default_factory=dict)  # SHA-256 -> the upload that has it
    trainings: int = 0
    undone: int = 0
    seconds: dict[str, float] = field(default_factory=dict)  # how long each kind of work takes
    _rounds: int = 0
    _task: str = ""
    _type: str = ""  # the type of the task
    _known: list[bytes] = field(default_factory=list)  # some that were accepted

    def __post_init__(self) -> None:
        key = self.installation.manage("token", "create", "--email", EMAIL, "--name", "faults")
        self.sender = Sender(self.installation, key)
        self.transfers = Transfers(self.installation)
        self.home = as_uuid(self.installation.rows.one("SELECT id FROM accounts_workspace"))

    # The work itself; each method returns when it was accepted

    def upload(self) -> str:
        """Upload an archive of folders with new images; a job imports it."""
        self._rounds += 1
        files = photos(PICTURES, SIZE, seed=self._rounds)
        upload_id = self._send(files)
        self.accepted |= dict.fromkeys(map(sha256, files), upload_id)
        self._known = self._known or files[:KNOWN]
        return "upload"

    def _send(self, files: list[bytes]) -> str:
        named = {f"photos/Group {at % GROUPS}/{at:04}.jpg": data for at, data in enumerate(files)}
        name = f"Round {self._rounds}"
        return self.sender.send(f"{name}.zip", packed_files(named), new_type=name)

    def undo(self) -> str:
        """Import images, some of which are already stored, and start to undo that."""
        if not self._known:
            self.upload()
        self._rounds += 1
        upload_id = self._send([*photos(TAKEN_BACK, SMALL, seed=self._rounds), *self._known])
        self.settle()
        session = self.installation.signed_in()
        post_form(self.installation, session, f"uploads/{upload_id}/undo", {})
        self.undone += 1
        return "undo"

    def training(self) -> str:
        """Train a task on all images, with the features of each computed anew."""
        if not self._task:
            self._prepare_task()
        self._forget_features()
        body = {"type": "train", "task_id": self._task}
        self.sender.json("POST", "account/v2/request/", body)
        self.trainings += 1
        return "train"

    def extraction(self) -> str:
        """Extract the descriptors of every image of an upload anew, into a file."""
        if not self.trainings:
            self.training()
            self.settle()
        self._forget_features()
        version = self.installation.rows.one(
            f"SELECT id FROM dashboard_version WHERE status = 'TRAINED' AND {self._is_here} LIMIT 1"
        )
        session = self.installation.signed_in()
        chosen = {
            "version": str(as_uuid(version)),
            "similarity_type": self._type,
            "file_format": "jsonl",
        }
        post_form(self.installation, session, "extractions/", chosen)
        return "extract"

    def export(self) -> str:
        """Export another workspace."""
        return self.transfers.export()

    def bring_in(self) -> str:
        """Import the archive of that workspace into an empty one."""
        return self.transfers.bring_in()

    def _prepare_task(self) -> None:
        while len(self.accepted) < 2 * PICTURES:
            self.upload()
        self.settle()
        self._type = self.sender.json("GET", f"{API}/type")["results"][0]["id"]
        self._task = self.sender.json("POST", f"{API}/task", {"name": "Photos"})["id"]
        body = {"type_id": self._type}
        self.sender.json("POST", f"{API}/task/{self._task}/add-type", body)

    def _forget_features(self) -> None:
        """Delete the stored features, so that there is work to interrupt."""
        self.settle()
        self.installation.rows.execute(f"DELETE FROM dashboard_feature WHERE {self._is_here}")

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

    @property
    def _is_here(self) -> str:
        return f"workspace_id = '{self.home.hex}'"

    # The conditions that must hold

    def look(self) -> Verdict:
        """Check, while work continues, that no half-stored image is shown."""
        return Verdict(lost=len(self._broken()) + self.transfers.look())

    def judge(self) -> Verdict:
        """Compare all that was accepted with all that is stored, once everything has ended."""
        self.settle()
        broken = self.installation.rows.all(
            "SELECT kind, state, message FROM dashboard_job WHERE state <> 'done'"
        )
        orphans = self._orphans()
        verdict = self._images() + self._members() + self._results() + self._trained()
        verdict += self._taken_back() + self.transfers.judge()
        jobs = tuple(f"job: {kind} {state}: {message}" for kind, state, message in broken)
        return verdict + Verdict(orphans=orphans + jobs + self._unclear_answers())

    def _orphans(self) -> tuple[str, ...]:
        """Return the doctor's findings, except files that a killed process was just writing.

        Those temporary files are never shown, and the doctor, or the sweep a day later, removes
        them.
        """
        found = self.installation.doctor("--fix")
        left = self.installation.doctor() if found else []
        return (*(line for line in found if not line.startswith("temporary:")), *left)

    def _unclear_answers(self) -> tuple[str, ...]:
        """Return the error answers that lack a sentence or have an unexpected status."""
        answers = set(self.sender.troubles)
        self.sender.troubles.clear()
        return tuple(
            f"answer: {status} {text[:200]}"
            for status, text in answers
            # A HEAD has no body.
            if status not in (503, 507) or (text and '"detail":' not in text.replace('": ', '":'))
        )

    def _images(self) -> Verdict:
        """Compare the hashes of accepted images with the rows, and those with the files."""
        rows = self.installation.rows.all(
            f"SELECT sha256 FROM dashboard_image WHERE deleted IS NULL AND {self._is_here}"
        )
        there = Counter(sha256 for (sha256,) in rows)
        lost = len(self.accepted.keys() - there.keys()) + len(self._broken())
        return Verdict(lost, doubled=there.total() - len(self.accepted.keys() & there.keys()))

    def _broken(self) -> set[UUID]:
        """Return the images of all workspaces whose files do not match their rows."""
        rows = self.installation.rows.all(
            "SELECT id, workspace_id, stored_sha256, extension FROM dashboard_image"
            " WHERE deleted IS NULL"
        )
        broken = {as_uuid(row[0]) for row in rows if not self._is_whole(row)}
        # Images undone since then are no longer shown; their rows go first, then their files.
        shown = "SELECT id FROM dashboard_image WHERE deleted IS NULL"
        return broken & {as_uuid(row[0]) for row in self.installation.rows.all(shown)}

    def _is_whole(self, row: tuple[Any, ...]) -> bool:
        image, workspace = as_uuid(row[0]), as_uuid(row[1])
        folder = self.installation.folder / f"files/{workspace}"
        stored = folder / f"images/{image.hex[:2]}/{image}.{row[3]}"
        thumbnail = folder / f"thumbnails/{image.hex[:2]}/{image}.jpg"
        return (
            stored.is_file()
            and sha256(stored.read_bytes()) == row[2]
            and thumbnail.is_file()
            and thumbnail.read_bytes().endswith(b"\xff\xd9")
        )

    def _members(self) -> Verdict:
        """Check that each image is in one group, and that no upload made a group twice."""
        count = self.installation.rows.one
        groups = f"SELECT id FROM dashboard_group WHERE {self._is_here}"
        places = count(f"SELECT count(*) FROM dashboard_groupimage WHERE group_id IN ({groups})")
        types = count(f"SELECT count(*) FROM dashboard_similaritytype WHERE {self._is_here}")
        uploads = len(set(self.accepted.values()))
        return (
            _counted(places, len(self.accepted))
            + _counted(count(groups.replace("id", "count(*)", 1)), uploads * GROUPS)
            + _counted(types, uploads)
        )

    def _taken_back(self) -> Verdict:
        """Check that each undo has ended and is reported once."""
        count = self.installation.rows.one
        undone = count("SELECT count(*) FROM dashboard_upload WHERE stage = 'undone'")
        told = count("SELECT count(*) FROM accounts_change WHERE verb = 'undid'")
        return _counted(undone, self.undone) + _counted(told, self.undone)

    def _results(self) -> Verdict:
        """Check that each extraction has a file with every image of its time, once."""
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
        versions = self.installation.rows.all(
            f"SELECT status FROM dashboard_version WHERE {self._is_here}"
        )
        trained = sum(status == "TRAINED" for (status,) in versions)
        return Verdict(
            lost=max(0, self.trainings - trained), doubled=max(0, len(versions) - self.trainings)
        )


def _counted(there: int, wanted: int) -> Verdict:
    return Verdict(lost=max(0, wanted - there), doubled=max(0, there - wanted))


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open() as lines:
        next(lines)
        yield from map(json.loads, lines)


def as_uuid(value: Any) -> UUID:
    """Return an id as a UUID, from the form that either database returns."""
    return value if isinstance(value, UUID) else UUID(value)


__all__ = ["NotThisTime", "Verdict", "Work"]
