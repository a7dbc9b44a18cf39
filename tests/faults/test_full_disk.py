"""Test a full disk: signing in and deleting work, all else is refused in one sentence.

The data folder is a small separate disk, which the test fills to the last byte.
"""

import base64
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import requests

from tests.faults.installation import QUICK, Installation
from tests.live import EMAIL, csrf_of
from tests.pictures import packed_files, photos
from tests.sending import Sender

pytestmark = pytest.mark.live

DISK = 384 << 20
RESERVE = 256 << 20
BALLAST = RESERVE // 16
IMAGE = "recognition/v2/training-image"
GROUP = "similarity/training/v2/group"
PATIENCE = 120
PIECES = (1 << 20, 4096, 1)


class Disk:
    """A file system of its own; `fill` leaves not a byte of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "somebody-elses-file"
        command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "none", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"needs the right to mount a small disk: {done.stderr.strip()}")

    def fill(self) -> None:
        """Write until nothing more can be written, whatever is let go meanwhile."""
        with self._filler.open("ab", buffering=0) as file:
            for piece in PIECES:
                try:
                    while file.write(bytes(piece)) == piece:
                        pass
                except OSError:
                    continue

    def make_room(self) -> None:
        self._filler.unlink(missing_ok=True)

    def free(self) -> int:
        facts = os.statvfs(self.folder)
        return facts.f_bavail * facts.f_frsize

    def unmount(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    disk = Disk(folder)
    yield disk
    disk.unmount()


@pytest.fixture
def installation(disk: Disk) -> Iterator[Installation]:
    environment = QUICK | {"DATABASE_URL": "", "REDIS_URL": ""}
    environment |= {"LIKEWISE_RESERVE_DISK": str(RESERVE), "TMPDIR": str(disk.folder / "temporary")}
    (disk.folder / "temporary").mkdir()
    installation = Installation(disk.folder, environment)
    try:
        installation.start()
        yield installation
    finally:
        installation.stop()


@pytest.fixture
def sender(installation: Installation) -> Sender:
    key = installation.manage("token", "create", "--email", EMAIL, "--name", "disk")
    return Sender(installation, key)


def call(sender: Sender, method: str, path: str, **options: Any) -> requests.Response:
    """Make a call once, whatever it is answered."""
    headers = {"Authorization": f"Token {sender.key}"} | options.pop("headers", {})
    address = f"{sender.server.url}{path}"
    return requests.request(method, address, headers=headers, timeout=60, **options)


def until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end
        time.sleep(0.1)


def wait_for_all(installation: Installation) -> None:
    unfinished = "SELECT count(*) FROM dashboard_job WHERE state IN ('queued', 'running')"
    until(lambda: installation.rows.one(unfinished) == 0)


def picture(seed: int) -> dict[str, str]:
    return {"base64": base64.b64encode(photos(1, (200, 150), seed=seed)[0]).decode()}


def post(installation: Installation, session: requests.Session, path: str) -> int:
    """Send a form that has nothing but its token; returns the status of where it leads."""
    page = session.get(f"{installation.url}settings/transfers", timeout=60).text
    data = {"csrfmiddlewaretoken": csrf_of(page)}
    return session.post(f"{installation.url}{path}", data=data, timeout=60).status_code


def test_signing_in_and_deleting_work(
    disk: Disk, installation: Installation, sender: Sender
) -> None:
    named = {f"a/{at % 4}/{at}.jpg": data for at, data in enumerate(photos(40, (200, 150)))}
    sender.send("a.zip", packed_files(named), new_type="Photos")
    begun = sender.json("POST", "account/v2/upload", {"name": "unfinished"})["id"]
    session = installation.signed_in()
    assert post(installation, session, "settings/transfers/export") == 200
    wait_for_all(installation)
    ballast = disk.folder / "ballast"
    until(ballast.exists)
    assert ballast.stat().st_blocks * 512 >= BALLAST
    images = [row["id"] for row in sender.json("GET", f"{IMAGE}?size=40")["results"]]
    group = sender.json("GET", GROUP)["results"][0]["id"]
    transfer = UUID(str(installation.rows.one("SELECT id FROM dashboard_transfer")))
    home = UUID(str(installation.rows.one("SELECT id FROM accounts_workspace")))
    jobs = installation.rows.one("SELECT count(*) FROM dashboard_job")

    disk.fill()
    until(lambda: not ballast.exists())

    records = {"type": "upload", "records": [picture(9)]}
    answers = [
        call(sender, "POST", IMAGE, json=picture(900)),
        call(sender, "POST", "account/v2/upload", json={"name": "b"}),
        call(sender, "POST", "account/v2/request/", json=records),
    ]
    assert [answer.status_code for answer in answers] == [507, 507, 507]
    assert all("disk space left and keeps" in answer.json()["detail"] for answer in answers)
    session = installation.signed_in()
    assert post(installation, session, "settings/transfers/export") == 507
    assert requests.get(f"{installation.url}healthz", timeout=60).json()["disk"].startswith("low")
    assert installation.rows.one("SELECT count(*) FROM dashboard_job") == jobs

    deleted = [call(sender, "DELETE", f"{IMAGE}/{one}") for one in images[:10]]
    assert {answer.status_code for answer in deleted} == {204}
    assert post(installation, session, f"settings/transfers/{transfer}/delete") == 200
    assert call(sender, "DELETE", f"{GROUP}/{group}").status_code == 204
    assert call(sender, "DELETE", f"account/v2/upload/{begun}").status_code == 204
    assert [line for line in installation.doctor("--fix") if not line.startswith("disk: ")] == []
    assert call(sender, "DELETE", f"account/v2/workspace/{home}").status_code == 204
    until(lambda: installation.rows.one("SELECT count(*) FROM accounts_workspace") == 0)
    assert not list((disk.folder / "files").rglob("*.jpg"))
    assert "status=500" not in installation.log.read_text()

    disk.make_room()
    until(ballast.exists)
