"""Fixtures shared by the tests."""

import gc
import threading

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


@pytest.fixture(autouse=True)
def no_thread_is_left_behind():
    """Python threads that a test starts end with it."""
    before = set(threading.enumerate())
    yield
    gc.collect()
    assert set(threading.enumerate()) <= before
