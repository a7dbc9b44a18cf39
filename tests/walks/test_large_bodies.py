"""Bodies of 39 MB of `{},`, sixteen at once, to a server as people run it."""

import threading
from pathlib import Path

import pytest
import requests

from tests.live import EMAIL, PASSWORD, Server, running

pytestmark = [pytest.mark.live]
OWNER = {"LIKEWISE_ADMIN_EMAIL": EMAIL, "LIKEWISE_ADMIN_PASSWORD": PASSWORD}
DESCRIPTOR, TASK = "similarity/training/v2/descriptor", "similarity/training/v2/task"
MB = 1 << 20
BODY = b'{"records":[' + b"{}," * (39 * MB // 3) + b"{}]}"


def web_peak(server: Server) -> int:
    """Return the most memory that a process of the web server ever had, in bytes."""
    peaks = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            environment = (folder / "environ").read_bytes()
            status = (folder / "status").read_text()
        except OSError:
            continue
        if b"gunicorn" in command and str(server.folder).encode() in environment:
            line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
            peaks.append(int(line.split()[1]) << 10)
    return max(peaks)


def test_others_are_answered_and_memory_stays() -> None:
    with running(DATABASE_URL="", REDIS_URL="", **OWNER) as server:
        arguments = ["token", "create", "--email", EMAIL, "--name", "x", "--scope", "read"]
        key = server.manage(*arguments).split()[-1]
        head = {"Authorization": f"Token {key}", "Content-Type": "application/json"}
        assert requests.get(server.url + TASK, headers=head, timeout=60).status_code == 200
        before, told, answered, done = web_peak(server), [], [], threading.Event()

        def attack(address: str) -> None:
            told.append(requests.post(server.url + address, BODY, headers=head, timeout=600))

        def others() -> None:
            while not done.is_set():
                answer = requests.get(server.url + TASK, headers=head, timeout=600)
                answered.append(answer.status_code)

        threads = [threading.Thread(target=attack, args=[DESCRIPTOR]) for _ in range(8)]
        threads += [threading.Thread(target=attack, args=[TASK]) for _ in range(8)]
        beside = threading.Thread(target=others)
        for thread in (beside, *threads):
            thread.start()
        for thread in threads:
            thread.join()
        done.set()
        beside.join()
        assert sorted(answer.status_code for answer in told) == [413] * 16
        assert set(answered) == {200}
        assert len(answered) >= 3
        peak = web_peak(server) - before
        print(f"{peak / MB:.0f} MB more at most, {len(answered)} answers to others meanwhile")
        assert peak < 300 * MB
