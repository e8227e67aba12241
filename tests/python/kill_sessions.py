"""Kills writers at random moments and checks what they leave.

Run as a script, since it forks: ``python kill_sessions.py COUNT SEED``. Each session is a child
that writes scalars whose value follows from their step, flushes now and then, and tells by a pipe
up to where a flush has returned. It is killed with SIGKILL after a random time. Then its files
must hold, in order, every step up to that flush, the right value for each step they hold, and
nothing but one torn tail behind the last whole record of each file but the last one.
"""

from __future__ import annotations

import os
import random
import signal
import struct
import sys
import tempfile
import time
import traceback
from pathlib import Path

from records import read_records, scalars
from tfevents import _native


def value_of(step: int) -> float:
    return struct.unpack("<f", struct.pack("<f", (step * 2654435761 % 1000003) / 7))[0]


def write_for_ever(directory: str, seed: int, told: int) -> None:
    rng = random.Random(seed)
    options = {
        "flush_secs": rng.choice([0.001, 0.01, 2.0]),
        "durability": rng.choice(["flush", "flush", "fsync"]),
        "max_buffer_bytes": rng.choice([4096, 1 << 20, 64 << 20]),
        "rotate_bytes": rng.choice([None, None, 2000, 300_000]),
    }
    writer = _native.Writer(directory, **options)
    often = rng.choice([1, 10, 1000, 30_000])
    step = 0
    os.write(told, struct.pack("<q", -1))
    while True:
        for _ in range(rng.randrange(1, 2 * often + 1)):
            writer.add_scalar("loss", value_of(step), step)
            step += 1
        writer.flush()
        os.write(told, struct.pack("<q", step - 1))


def last_told(pipe: int) -> int | None:
    tail = b""
    while chunk := os.read(pipe, 1 << 20):
        tail = (tail + chunk)[-4096 * 8 :]
    whole = len(tail) // 8 * 8
    return struct.unpack("<q", tail[whole - 8 : whole])[0] if whole else None


def session(seed: int) -> tuple[int, int]:
    """Kills one writer. Gives how many records it left, and how many torn tails."""
    rng = random.Random(-seed)
    with tempfile.TemporaryDirectory() as directory:
        hear, tell = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(hear)
            try:
                write_for_ever(directory, seed, tell)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)
        os.close(tell)
        time.sleep(rng.choice([0.002, 0.01, 0.03, 0.06]) * rng.random())
        os.kill(child, signal.SIGKILL)
        told = last_told(hear)
        os.close(hear)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), "the child fails only by the signal"
        flushed = -1 if told is None else told
        steps, torn = [], 0
        files = sorted(Path(directory).iterdir())
        for number, path in enumerate(files):
            records, rest = read_records(path)
            assert not rest or number == len(files) - 1, "only the last file has a torn tail"
            torn += bool(rest)
            for step, value in scalars(records, "loss"):
                assert value == value_of(step), f"step {step} holds {value}"
                steps.append(step)
        assert steps == list(range(len(steps))), "steps are whole and in order"
        assert len(steps) > flushed, f"{len(steps)} steps, flushed up to {flushed}"
        return len(steps), torn


def main(count: int, seed: int) -> None:
    left = [session(seed + number) for number in range(count)]
    records, torn = sum(n for n, _ in left), sum(n for _, n in left)
    print(f"{count} kills, {records} records left, {torn} torn tails, nothing flushed was lost")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
