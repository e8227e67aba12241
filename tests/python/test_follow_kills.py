"""`follow` hands out each row once, though followers and writers are killed at any moment."""

import re
import subprocess
import sys
from pathlib import Path

SOAK = Path(__file__).parents[1] / "soak" / "follow.py"


def test_each_row_comes_once_over_killed_followers_and_writers():
    command = [sys.executable, str(SOAK), "3", "6", "7"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert int(re.search(r"(\d+) followers with rows", done.stdout)[1]) > 1, done.stdout
    assert int(re.search(r"(\d+) rows in files", done.stdout)[1]) > 100
