"""Following a log that grows: what it costs, and how soon points are there.

Writers in another process append to 200 files, 50,000 events a second in all, and flush each file
once a second, one after another. Each event has the time just before its flush as wall time, so the
time from there to the batch that holds it is the delay. The follower runs in a process of its own;
its CPU time includes making pyarrow batches of the rows.

python benches/python/follow.py [--seconds N] [--files N] [--rate N] [--flushes N]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import tfevents

#: What is not to be exceeded: share of a core, seconds at the median, growth of the memory.
MOST_CPU, MOST_DELAY, MOST_GROWTH = 0.2, 0.1, 1.1

#: Seconds before memory and CPU count: buffers have their size by then.
WARM_UP = 3.0


def write(root: str, seconds: float, files: int, rate: float, flushes: float) -> int:
    """Writes for `seconds`, then prints how many events; flushes `flushes` times a second."""
    writers = [tfevents.SummaryWriter(f"{root}/run_{i}", flush_secs=3600) for i in range(files)]
    size = max(1, round(rate / files / flushes))
    values, steps = np.arange(size, dtype=np.float32), np.arange(size)
    begun = time.monotonic()
    turns = int(seconds * files * flushes)
    late = 0.0
    for turn in range(turns):
        due = begun + turn / (files * flushes)
        late = max(late, time.monotonic() - due)
        time.sleep(max(0.0, due - time.monotonic()))
        writer = writers[turn % files]
        now = np.full(size, time.time())
        writer.add_scalar_batch("loss", values, steps + turn // files * size, now)
        writer.flush()
    written = turns * size
    print(json.dumps({"written": written, "seconds": time.monotonic() - begun, "late": late}))
    return 0


def follow(root: str, seconds: float) -> int:
    """Follows until nothing has come for two seconds, then prints what it measured."""
    delays: list[float] = []
    rows = batches = 0
    cpu = start = time.monotonic()
    memory: list[float] = []
    with tfevents.open(root, missing_ok=True).scalars().follow(timeout=2.0 + WARM_UP) as follower:
        for batch in follower:
            now = time.monotonic()
            delay = time.time() - batch["wall_time"][0].as_py()  # of the oldest
            rows += batch.num_rows
            if not batches:
                start = now
            batches += 1
            if not memory and now - start > WARM_UP:
                cpu, counted = time.process_time(), now
                memory = [_memory()]
            if memory and now - start < seconds:
                delays.append(delay)
                used, ended = time.process_time() - cpu, now
        cursor = len(follower.cursor)
    memory.append(_memory())
    found = {
        "rows": rows,
        "batches": batches,
        "cpu": used / (ended - counted),
        "delay": float(np.median(delays)),
        "delay_95": float(np.quantile(delays, 0.95)),
        "memory": memory,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "cursor": cursor,
    }
    print(json.dumps(found))
    return 0


def _memory() -> float:
    """What this process allocated, in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line for line in lines if line.startswith("RssAnon")).split()[1]) / 1024


def main() -> int:
    """Measures and prints a table; fails if a limit is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("role", nargs="?", choices=("write", "follow"), help=argparse.SUPPRESS)
    parser.add_argument("--root", help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--rate", type=float, default=50_000, help="events a second, in all")
    parser.add_argument("--flushes", type=float, default=1, help="a second, of each file")
    args = parser.parse_args()
    if args.role == "write":
        return write(args.root, args.seconds, args.files, args.rate, args.flushes)
    if args.role == "follow":
        return follow(args.root, args.seconds)
    with tempfile.TemporaryDirectory() as root:
        given = [*sys.argv[1:], "--root", root]
        processes = [
            subprocess.Popen(
                [sys.executable, __file__, role, *given], stdout=subprocess.PIPE, text=True
            )
            for role in ("follow", "write")
        ]
        found, wrote = (json.loads(process.communicate()[0]) for process in processes)
    return _report(found, wrote)


def _report(found: dict[str, Any], wrote: dict[str, Any]) -> int:
    rate = wrote["written"] / wrote["seconds"]
    first, last = found["memory"]
    print(f"written    {wrote['written']} events, {rate:.0f} a second")
    print(f"read       {found['rows']} rows in {found['batches']} batches")
    print(f"CPU        {found['cpu']:.1%} of a core (limit {MOST_CPU:.0%})")
    print(
        f"delay      {found['delay'] * 1e3:.0f} ms at the median (limit {MOST_DELAY * 1e3:.0f}), "
        f"{found['delay_95'] * 1e3:.0f} at 95 %"
    )
    print(f"memory     {first:.1f} MiB after {WARM_UP:.0f} s, {last:.1f} at the end")
    print(f"cursor     {found['cursor']} bytes")
    if wrote["late"] > 1:
        print(f"the writers were up to {wrote['late']:.1f} s late: the machine is too busy")
    over = (
        found["rows"] != wrote["written"]
        or found["cpu"] > MOST_CPU
        or found["delay"] > MOST_DELAY
        or last > first * MOST_GROWTH
    )
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
