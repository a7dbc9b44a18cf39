"""Count the passed tests of the wire contract in the full run (a pytest plugin).

`tests/conftest.py` marks these tests as `contract`; they run on both databases.
`LIKEWISE_TEST_STRICT=1 make test` loads the plugin and ends with a line such as "contract: 400
passed on SQLite"; the line is also written to the file that `LIKEWISE_TEST_CONTRACT` names.
"""

import os
from pathlib import Path

import pytest
from django.db import connection

_passed: set[str] = set()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("contract"):
            # A property is part of the report that xdist's workers send.
            item.user_properties.append(("contract", True))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" and report.passed and ("contract", True) in report.user_properties:
        _passed.add(report.nodeid)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if hasattr(config, "workerinput"):
        return  # one of xdist's workers, which knows only its share
    line = f"contract: {len(_passed)} passed on {connection.display_name}"
    terminalreporter.write_line(line)
    if path := os.environ.get("LIKEWISE_TEST_CONTRACT"):
        with Path(path).open("a") as file:
            file.write(f"{line}\n")
