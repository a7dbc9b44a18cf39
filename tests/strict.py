"""Make skipped tests fail in the full run, where everything is installed (a pytest plugin).

`LIKEWISE_TEST_STRICT=1 make test` loads it.
"""

from collections.abc import Generator
from typing import Any, TypeVar

import pytest

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _fail_if_left_out((yield))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _fail_if_left_out((yield))


def _fail_if_left_out(report: Report) -> Report:
    # An expected failure is reported as skipped too, but it has run.
    if report.skipped and not hasattr(report, "wasxfail"):
        reason: Any = report.longrepr
        report.outcome = "failed"
        report.longrepr = f"The full run leaves nothing out: {reason[-1]}"
    return report
