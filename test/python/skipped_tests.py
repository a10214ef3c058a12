"""A plugin of pytest: names what was skipped in the file that SKIPPED_TESTS names, a line each, for .ci/run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Adds a test that skipped itself, or that is expected to fail."""
    _record(report)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Adds a file that skipped itself as a whole."""
    _record(report)


def _record(report: pytest.TestReport | pytest.CollectReport) -> None:
    path = os.environ.get("SKIPPED_TESTS")
    if path is None or not report.skipped:
        return
    # Of a skip: file, line and reason.
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else "expected to fail"
    with Path(path).open("a") as file:
        file.write(f"{report.nodeid}: {reason}\n".replace("\n", " ").rstrip() + "\n")
