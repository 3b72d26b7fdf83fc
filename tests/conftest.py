"""What every test may use: the shared data, and honest skips.

A skipped test is counted and named at the end. With CI=true it is a failure, unless all it lacks is the shared data
(folder ``$QUEUEPULSE_SHARED``, default ``../shared``), which may not be copied into this repository.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from benchmarks.built import outdated
from streams.core import CORE

ROOT = Path(__file__).resolve().parent.parent
LACKS_SHARED_DATA = "QUEUEPULSE_SHARED"  # in the reason of a skip that CI forgives


def pytest_report_header() -> str:
    return f"core: {CORE}"


def pytest_sessionstart() -> None:
    """A core that was compiled from other sources than those that stand here would be tested for nothing."""
    if source := outdated(ROOT / "streams"):
        pytest.exit(f"{source} is newer than what was compiled of it: make compile, or make pure", 2)


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """Path of a file of the shared data by its name; skips the test, naming the file, when it is missing."""
    folder = Path(os.environ.get("QUEUEPULSE_SHARED") or ROOT.parent / "shared") / "data"

    def find(name: str) -> Path:
        path = folder / name
        if not path.is_file():
            pytest.skip(f"needs {path}: not found ({LACKS_SHARED_DATA} names the folder above data/)")
        return path

    return find


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _fail_in_ci(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _fail_in_ci(report)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped:
        terminalreporter.section(f"{len(skipped)} skipped")
        for report in skipped:
            terminalreporter.line(f"{report.nodeid}: {_reason(report)}")


def _fail_in_ci(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip that CI does not forgive into a failure that says why; an expected failure is no skip."""
    if os.environ.get("CI", "").lower() not in ("true", "1") or not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = _reason(report)
    if LACKS_SHARED_DATA not in reason:
        report.outcome = "failed"
        report.longrepr = f"skipped, which is a failure with CI=true: {reason}"


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    return str(report.longrepr)
