"""What each way to end a child of multiprocessing leaves on the disk, beside PyTorch."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
from pathlib import Path

import process_ends
import pytest

SCRIPT = Path(process_ends.__file__)
#: Seconds without a further cell. PyTorch is imported in each child that does not fork.
PATIENCE = 15


def ends(method: str, wrote: int, folder: Path, module: str) -> dict[str, str]:
    """What `process_ends` prints for each cell, or ``hangs``."""
    found: dict[str, str] = {}
    while len(found) < len(process_ends.CELLS):
        root = folder / str(len(found))
        root.mkdir(parents=True)
        command = [sys.executable, SCRIPT, method, wrote, root, module, len(found)]
        script = subprocess.Popen(
            [str(part) for part in command],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for line in lines(script):
            cell, _, count = line.partition(": ")
            found[cell] = count
        with contextlib.suppress(ProcessLookupError):
            os.killpg(script.pid, signal.SIGKILL)
        script.wait()
        if script.stdout is not None:
            script.stdout.close()
        if len(found) < len(process_ends.CELLS):
            found[" ".join(process_ends.CELLS[len(found)])] = "hangs"
    return found


def lines(script: subprocess.Popen[bytes]):
    """Lines of a process, until it ends or is silent for too long."""
    assert script.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(script.stdout, selectors.EVENT_READ)
        rest = b""
        while selector.select(PATIENCE):
            read = os.read(script.stdout.fileno(), 4096)
            if not read:
                return
            *whole, rest = (rest + read).split(b"\n")
            yield from (line.decode() for line in whole)


@pytest.mark.parametrize("wrote", [0, 1], ids=["parent_silent", "parent_wrote"])
@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_every_cell_keeps_at_least_what_torch_keeps(tmp_path, method, wrote):
    ours = ends(method, wrote, tmp_path / "ours", "tfevents")
    theirs = ends(method, wrote, tmp_path / "theirs", "torch.utils.tensorboard")
    print(f"\n{'writer, starter, end':30} {'torch':>12} {'tfevents':>12}")
    for cell, count in ours.items():
        print(f"{cell:30} {theirs[cell]:>12} {count:>12}")
    assert theirs.keys() == ours.keys()
    assert set(ours.values()) == {str(process_ends.POINTS)}
