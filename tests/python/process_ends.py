"""Writers in children of multiprocessing, and what each way to end leaves on the disk.

Run as a script: ``python process_ends.py METHOD WROTE FOLDER [MODULE [SKIP]]``. METHOD is how
children start; WROTE is 1 if the parent has written with the writer before. Every cell is one child
that adds 300 points with a writer (a global one, an argument, or one it makes) and then ends: well,
by an exception, or by SIGTERM. Prints for each cell how many points are on the disk. MODULE is
where `SummaryWriter` comes from, to put the counts of another writer beside; SKIP cells are left
out, to go on behind one that hangs.
"""

from __future__ import annotations

import importlib
import itertools
import multiprocessing
import os
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

POINTS = 300
STARTERS = ("process", "pool", "executor")
WRITERS = ("made", "global", "argument")  # the parent opens none before the second
ENDS = ("normal", "exception", "sigterm")
CELLS = list(itertools.product(WRITERS, STARTERS, ENDS))
KEPT: dict[str, object] = {}  # writers that are referenced until the process has ended


def open_writer(module: str, folder: str):
    return importlib.import_module(module).SummaryWriter(folder)


def work(module: str, folder: str, writer: object, end: str) -> None:
    """What a child does."""
    writer = writer or KEPT.get(folder) or open_writer(module, folder)
    KEPT[folder] = writer
    for step in range(POINTS):
        writer.add_scalar("loss", float(step), step)
    if end == "exception":
        raise KeyError("meant to be")
    if end == "sigterm":
        Path(folder, "added").write_text(str(os.getpid()))
        time.sleep(60)


def steps(folder: str) -> list[int]:
    """The steps of the children's points that are on the disk."""
    from tfevents import open as open_log

    files = [
        path for path in Path(folder).glob("*tfevents*") if f".{os.getpid()}." not in path.name
    ]
    return sorted(
        int(step)
        for path in files
        for batch in open_log(path).scalars()
        for step in batch.column("step").to_numpy()
    )


def patience(module: str) -> float:
    """How many seconds a writer has before SIGTERM: others write after minutes, or not at all."""
    return 30 if module == "tfevents" else 1


def terminate(folder: str, patience: float) -> None:
    """Sends SIGTERM to the child, after it has added its points and had a moment to write them."""
    deadline = time.monotonic() + 60
    told = Path(folder, "added")
    while not (told.exists() and told.read_text()):
        assert time.monotonic() < deadline, "the child never came so far"
        time.sleep(0.005)
    pid = int(told.read_text())
    while len(steps(folder)) < POINTS and time.monotonic() < deadline - 60 + patience:
        time.sleep(0.01)
    os.kill(pid, signal.SIGTERM)


def run_cell(context, starter: str, module: str, folder: str, writer: object, end: str) -> None:
    arguments = (module, folder, writer, end)
    if starter == "process":
        child = context.Process(target=work, args=arguments)
        child.start()
        if end == "sigterm":
            terminate(folder, patience(module))
        child.join(60)
        assert child.exitcode is not None, "the child hangs"
    elif starter == "pool":
        with context.Pool(1) as pool:
            task = pool.apply_async(work, arguments)
            if end == "sigterm":
                terminate(folder, patience(module))
                pool.terminate()
            else:
                task.wait(60)
                pool.close()
            pool.join()
    else:
        with ProcessPoolExecutor(1, mp_context=context) as executor:
            task = executor.submit(work, *arguments)
            if end == "sigterm":
                terminate(folder, patience(module))
            task.exception(60)


def main(method: str, wrote: bool, root: str, module: str, skip: int) -> None:
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload([])
    for kind, starter, end in CELLS[skip:]:
        folder = str(Path(root, f"{kind}-{starter}-{end}"))
        Path(folder).mkdir()
        writer = None
        if kind != "made" or wrote:
            writer = open_writer(module, folder)
            if wrote:
                writer.add_scalar("loss", -1.0, -1)
        if kind == "global":
            KEPT[folder] = writer
        given = writer if kind == "argument" else None
        run_cell(context, starter, module, folder, given, end)
        if writer is not None:
            writer.close()
        found = steps(folder)
        whole = found == list(range(POINTS))
        count = POINTS if whole else f"{len(found)} of {POINTS}"
        print(f"{kind} {starter} {end}: {count}", flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    import process_ends  # so that children find `work` under a name of its own

    method, wrote, root, module, skip = [*sys.argv[1:], "tfevents", "0"][:5]
    process_ends.main(method, wrote == "1", root, module, int(skip))
