"""A writer that is killed keeps every flushed record and never leaves a wrong one."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SESSIONS = Path(__file__).with_name("kill_sessions.py")


def kills(count: int, seed: int) -> None:
    command = [sys.executable, str(SESSIONS), str(count), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    found = re.fullmatch(r"(\d+) kills, (\d+) records left, .*\n", done.stdout)
    assert found
    assert int(found[1]) == count
    assert int(found[2]) > 0


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")
def test_flushed_records_survive_sigkill():
    kills(25, seed=1)


if "TFEVENTS_ALL_KILLS" in os.environ:  # takes minutes

    def test_flushed_records_survive_500_sigkills():
        kills(500, seed=1000)
