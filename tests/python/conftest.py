"""Fixtures shared by the tests."""

import eventfiles
import pytest


@pytest.fixture
def log(tmp_path):
    """Writes event files below a directory: `log(run, payloads, name=...)`; `log.root` is it."""

    def make(run, payloads=(), name=eventfiles.NAME, **options):
        return eventfiles.write(make.root / run / name, payloads, **options)

    make.root = tmp_path / "logs"
    make.root.mkdir()
    return make
