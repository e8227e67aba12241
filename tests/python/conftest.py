"""Fixtures shared by the tests."""

import contextlib
import os
import tempfile
from pathlib import Path

import datasets
import eventfiles
import pytest
import tfevents


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


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """The log of `datasets`."""
    return datasets.write_log(tmp_path_factory.mktemp("logs"))


@pytest.fixture(scope="module")
def scan(root):
    """Its scalars."""
    return tfevents.open(root).scalars()


@pytest.fixture
def dataset(scan):
    """Its scalars, as a dataset."""
    return scan.to_dataset()


@pytest.fixture
def nobody():
    """`with nobody():` may not read what is closed; `nobody.folder` may be entered by everybody.

    The superuser may read anything, and so becomes another user in there.
    """

    @contextlib.contextmanager
    def as_nobody():
        superuser = os.geteuid() == 0
        if superuser:
            os.seteuid(65534)
        try:
            yield
        finally:
            if superuser:
                os.seteuid(0)

    with tempfile.TemporaryDirectory() as folder:
        as_nobody.folder = Path(folder)
        as_nobody.folder.chmod(0o755)
        yield as_nobody
        for path in as_nobody.folder.rglob("*"):
            if not path.is_symlink():
                path.chmod(0o755)
