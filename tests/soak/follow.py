"""Followers and writers that are killed at random: is every row handed out exactly once?

``python tests/soak/follow.py SECONDS [RUNS] [SEED]``. Writers append to runs, flush, rotate, are
killed and go on in new files. In every other run, finished files are cut short, replaced and
deleted, too. Followers keep rows and cursor together, by one rename, and are killed at random; a
new process goes on from the last cursor. In the end the rows of each file that was left alone, and
those since the last time that a file came from its start, must be those that are in it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import struct
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

import tfevents
from tensorboard.compat.proto.event_pb2 import Event

COLUMNS = ["run", "step", "file", "offset"]
#: Runs with this in their name are cut short and replaced, too.
ROUGH = "rough"


def scalars(path: Path) -> list[tuple[int, int]]:
    """Offset and step of every whole record with a value, read without tfevents."""
    data, at, found = path.read_bytes(), 0, []
    while at + 16 <= len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        if at + 16 + length > len(data):
            break
        event = Event.FromString(data[at + 12 : at + 12 + length])
        found += [(at, event.step)] * len(event.summary.value)
        at += 16 + length
    return found


def write(root: Path, runs: list[str], seed: int) -> None:
    """Writes for ever. Every step is another one, so that all rows differ."""
    rng = random.Random(seed)
    writers: dict[str, tfevents.SummaryWriter] = {}
    step = time.time_ns()
    while True:
        run = rng.choice(runs)
        if run in writers and rng.random() < 0.05:
            writers.pop(run).close()
            if ROUGH in run:
                spoil(root / run, rng)
        if run not in writers:
            writers[run] = tfevents.SummaryWriter(str(root / run), flush_secs=60)
        for _ in range(rng.choice([1, 1, 10, 200])):
            step += 1
            writers[run].add_scalar("x", rng.random(), step)
        if rng.random() < 0.8:
            writers[run].flush()
        time.sleep(0.002 * rng.random())


def spoil(directory: Path, rng: random.Random) -> None:
    """Cuts short, replaces or deletes a file that nothing writes to."""
    path = rng.choice(sorted(directory.iterdir()))
    match rng.randrange(3):
        case 0:
            os.truncate(path, rng.randrange(path.stat().st_size + 1))
        case 1:
            other = rng.choice(sorted(directory.iterdir()))
            new = directory.parent / f"{directory.name}.new"
            new.write_bytes(other.read_bytes())
            new.replace(path)
        case 2:
            path.unlink()


def follow(root: Path, store: Path, stop: Path) -> None:
    """Follows; rows go to a file, and what counts of it is told by a rename."""
    rows, state = store / "rows", store / "state"
    known = json.loads(state.read_text()) if state.exists() else {"length": 0, "cursor": None}
    scan = tfevents.open(root, missing_ok=True).scalars(columns=COLUMNS)
    with rows.open("ab") as out:
        out.truncate(known["length"])
        while True:
            last = stop.exists()
            with scan.follow(known["cursor"], timeout=2 if last else 0.5, settle=0.5) as follower:
                for batch in follower:
                    found = {**batch.to_pydict(), "by": os.getpid()}
                    out.write(json.dumps(found).encode() + b"\n")
                    out.flush()
                    known = {"length": out.tell(), "cursor": follower.cursor}
                    (store / "new").write_text(json.dumps(known))
                    (store / "new").replace(state)
            if last:
                return


def child(work, *args) -> int:
    """Runs `work` in a process of its own."""
    pid = os.fork()
    if pid == 0:
        try:
            warnings.simplefilter("ignore")
            work(*args)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    return pid


def wait_for_rows(store: Path, length: int) -> None:
    """Until a follower has handed out more; not for ever, for it may have failed."""
    ends = time.monotonic() + 30
    while size(store) <= length and time.monotonic() < ends:
        time.sleep(0.005)


def size(store: Path) -> int:
    rows = store / "rows"
    return rows.stat().st_size if rows.exists() else 0


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status), "a process failed before it was killed"


def check(root: Path, store: Path) -> Counter[str]:
    """Holds the rows that were handed out against the files."""
    files: dict[str, list[tuple[int, int]]] = {}
    counts: Counter[str] = Counter()
    followers = set()
    for line in (store / "rows").read_text().splitlines():
        batch = json.loads(line)
        followers.add(batch["by"])
        for path, offset, step in zip(batch["file"], batch["offset"], batch["step"], strict=True):
            rows = files.setdefault(path, [])
            if rows and offset <= rows[-1][0]:  # from the start
                assert ROUGH in path, f"{path}: {offset} after {rows[-1]}"
                rows.clear()
                counts["files from their start"] += 1
            rows.append((offset, step))
            counts["rows handed out"] += 1
    for path in sorted(root.rglob("*tfevents*")):
        expected, found = scalars(path), files.get(str(path), [])
        if ROUGH in str(path):  # what was cut off after it was read may have been handed out
            found = found[: len(expected)]
        assert found == expected, f"{path}: {len(found)} of {len(expected)} rows"
        counts["files"] += 1
        counts["rows in files"] += len(expected)
    counts["followers with rows"] = len(followers)
    return counts


def main(seconds: float, runs: int = 100, seed: int = 0) -> None:
    rng = random.Random(seed)
    names = [f"run_{i}/{ROUGH if i % 2 else 'train'}" for i in range(runs)]
    killed: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as directory:
        root, store, stop = (Path(directory, name) for name in ("logs", "store", "stop"))
        root.mkdir()
        store.mkdir()
        shares = [names[i::3] for i in range(3)]
        writers = {i: child(write, root, share, seed + i) for i, share in enumerate(shares)}
        follower = child(follow, root, store, stop)
        ends, length = time.monotonic() + seconds, 0
        while time.monotonic() < ends or killed["followers"] < 2:
            if rng.random() < 0.7:
                wait_for_rows(store, length)
                time.sleep(rng.choice([0.02, 0.2, 2]) * rng.random())
                kill(follower)
                length = size(store)
                killed["followers"] += 1
                follower = child(follow, root, store, stop)
            else:
                time.sleep(0.2 * rng.random())
                which = rng.choice(list(writers))
                kill(writers[which])
                killed["writers"] += 1
                writers[which] = child(write, root, shares[which], rng.getrandbits(32))
        for pid in writers.values():
            kill(pid)
        stop.touch()
        _, status = os.waitpid(follower, 0)
        assert status == 0, "the last follower failed"
        counts = check(root, store)
    print(", ".join(f"{count} {what}" for what, count in counts.items()))
    print(", ".join(f"{count} {what} killed" for what, count in killed.items()))


if __name__ == "__main__":
    seconds, *rest = sys.argv[1:]
    main(float(seconds), *map(int, rest))
