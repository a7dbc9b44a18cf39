"""Test that the measurements wait for other work to end and print a table."""

import sqlite3
from contextlib import closing
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.bench import quiet
from tests.bench.__main__ import PARTS, main
from tests.bench.figures import table
from tests.live import Server


@pytest.fixture
def server(tmp_path):
    with closing(sqlite3.connect(tmp_path / "likewise.sqlite3")) as rows, rows:
        rows.execute("CREATE TABLE dashboard_job (kind TEXT, state TEXT)")
        rows.executemany(
            "INSERT INTO dashboard_job VALUES (?, ?)",
            [
                ("upload", "done"),
                ("upload", "running"),
                ("describe", "queued"),
                ("train", "failed"),
            ],
        )
    return cast("Server", SimpleNamespace(folder=tmp_path, environment={}))


def test_it_waits_for_what_runs_and_for_what_waits(server, monkeypatch):
    steps = iter(["UPDATE dashboard_job SET state = 'done' WHERE kind = 'upload'"])
    steps_of_describing = iter(["running", "done"])
    slept = []

    def sleep(_: float) -> None:
        slept.append(1)
        change = next(steps, None)
        if change is None:
            state = next(steps_of_describing)
            change = f"UPDATE dashboard_job SET state = '{state}' WHERE kind = 'describe'"
        with closing(sqlite3.connect(server.folder / "likewise.sqlite3")) as rows, rows:
            rows.execute(change)

    monkeypatch.setattr(quiet, "time", SimpleNamespace(sleep=sleep, monotonic=lambda: 0.0))
    measured: list[Any] = []
    quiet.quiet_seconds(server, lambda: measured.append(len(slept)))
    assert measured == [3]


def test_it_does_not_wait_for_ever(server):
    with pytest.raises(RuntimeError, match="2 jobs are not over"):
        quiet.wait_until_quiet(server, patience=0)


def test_the_table_holds_every_figure():
    lines = [
        "bench slice.upload: 0.56 >= 0.50 ok\n",
        "  something else\n",
        "bench bulk.watch: 1.11 <= 1.10 short\n",
        "bench api.busy: 371.00 ms, 99 of 100 answers\n",
        "bench engine: - broke off\n",
    ]
    assert table(lines) == [
        "figure         value   target",
        "slice.upload    0.56  >= 0.50  ok",
        "bulk.watch      1.11  <= 1.10  short",
        "api.busy      371.00        -  ms, 99 of 100 answers",
        "engine             -        -  broke off",
    ]


def test_a_part_that_is_not_there_is_named(capsys):
    assert main(["slices"]) == 2
    assert "There is no part slices" in capsys.readouterr().out
    assert "slice" in PARTS
