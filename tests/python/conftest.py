"""Fixtures shared by the tests."""

import os

import eventfiles
import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):  # noqa: ARG001
    """Nothing is skipped in CI: what would be, for want of something, fails there."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped in CI: {report.longrepr}"
    return report


@pytest.fixture
def log(tmp_path):
    """Writes event files below a directory: `log(run, payloads, name=...)`; `log.root` is it."""

    def make(run, payloads=(), name=eventfiles.NAME, **options):
        return eventfiles.write(make.root / run / name, payloads, **options)

    make.root = tmp_path / "logs"
    make.root.mkdir()
    return make
