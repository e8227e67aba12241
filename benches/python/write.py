"""What a logging call costs the training loop: tfevents beside the writers it replaces.

    python benches/python/write.py [--json FILE]

Peers that are not installed are left out. ``tensorboard`` is TensorBoard's own ``EventFileWriter``
fed with the protos that ``torch.utils.tensorboard`` makes for it, which is torch's code path.
Every figure is of files that were read back and held what was written.

``slow fsync`` runs in a process whose ``fsync`` takes 100 ms (a preloaded C function), with a
thread that flushes without a pause.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import platform
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

TAG = "train/loss"
NAMES = [f"metric/{number:02}" for number in range(20)]
SLOW = r"""
#define _GNU_SOURCE
#include <unistd.h>
#include <sys/syscall.h>
int fdatasync(int fd) { usleep(100000); return syscall(SYS_fdatasync, fd); }
int fsync(int fd) { usleep(100000); return syscall(SYS_fsync, fd); }
"""


# The peers: each opens a writer and says how it adds and ends.


class Ours:
    name = "tfevents"

    def __init__(self, path: str, **options: Any) -> None:
        tfevents = importlib.import_module("tfevents")
        self.writer = tfevents.SummaryWriter(path, **options)
        self.scalar = self.writer.add_scalar
        self.flush, self.close = self.writer.flush, self.writer.close

    def log(self, values: dict[str, float], step: int) -> None:
        self.writer.log(values, step)

    def histogram(self, values: np.ndarray, step: int) -> None:
        self.writer.add_histogram(TAG, values, step)

    def image(self, pixels: np.ndarray, step: int) -> None:
        self.writer.add_image(TAG, pixels, step, dataformats="HWC")


class Native:
    name = "tfevents._native"

    def __init__(self, path: str, **options: Any) -> None:
        self.writer = importlib.import_module("tfevents._native").Writer(path, **options)
        self.scalar, self.log = self.writer.add_scalar, self.writer.log
        self.flush, self.close = self.writer.flush, self.writer.close


class TensorBoardX:
    name = "tensorboardX"

    def __init__(self, path: str) -> None:
        self.writer = importlib.import_module("tensorboardX").SummaryWriter(path)
        self.scalar = self.writer.add_scalar
        self.flush, self.close = self.writer.flush, self.writer.close

    def log(self, values: dict[str, float], step: int) -> None:
        for tag, value in values.items():
            self.scalar(tag, value, step)

    def histogram(self, values: np.ndarray, step: int) -> None:
        self.writer.add_histogram(TAG, values, step)

    def image(self, pixels: np.ndarray, step: int) -> None:
        self.writer.add_image(TAG, pixels, step, dataformats="HWC")


class TensorBoard:
    name = "tensorboard"

    def __init__(self, path: str) -> None:
        module = importlib.import_module("tensorboard.summary.writer.event_file_writer")
        self.event = importlib.import_module("tensorboard.compat.proto.event_pb2").Event
        self.summary = importlib.import_module("tensorboard.compat.proto.summary_pb2").Summary
        self.writer = module.EventFileWriter(path)
        self.flush, self.close = self.writer.flush, self.writer.close

    def scalar(self, tag: str, value: float, step: int) -> None:
        summary = self.summary(value=[self.summary.Value(tag=tag, simple_value=float(value))])
        event = self.event(summary=summary)
        event.wall_time = time.time()
        event.step = int(step)
        self.writer.add_event(event)

    log = TensorBoardX.log


class TensorFlow:
    name = "tf.summary"

    def __init__(self, path: str) -> None:
        self.tf = importlib.import_module("tensorflow")
        self.writer = self.tf.summary.create_file_writer(path)
        self.writer.set_as_default()
        self.flush, self.close = self.writer.flush, self.writer.close

    def scalar(self, tag: str, value: float, step: int) -> None:
        self.tf.summary.scalar(tag, value, step)

    log = TensorBoardX.log

    def histogram(self, values: np.ndarray, step: int) -> None:
        self.tf.summary.histogram(TAG, values, step)

    def image(self, pixels: np.ndarray, step: int) -> None:
        self.tf.summary.image(TAG, pixels[None], step)


PEERS = [TensorBoardX, TensorBoard, TensorFlow]
MODULES = {TensorBoardX: "tensorboardX", TensorBoard: "tensorboard", TensorFlow: "tensorflow"}


# Reading back, with as little code as can be wrong.


def events(path: str) -> Iterator[bytes]:
    for file in sorted(Path(path).iterdir()):
        data, at = file.read_bytes(), 0
        while at < len(data):
            (length,) = struct.unpack_from("<Q", data, at)
            payload = data[at + 12 : at + 12 + length]
            at += 16 + length
            if b"brain.Event:2" not in payload[:40]:
                yield payload
        assert at == len(data), "the file ends with a whole record"


def steps(path: str) -> list[int]:
    """The step of every event, of which the writers here write wall time first."""
    found = []
    for payload in events(path):
        at, step, shift = 9, 0, 0
        if payload[at] != 0x10:
            found.append(0)
            continue
        while True:
            at += 1
            step |= (payload[at] & 0x7F) << shift
            shift += 7
            if payload[at] < 0x80:
                break
        found.append(step)
    return found


def size(path: str) -> int:
    return sum(file.stat().st_size for file in Path(path).iterdir())


# The questions.


def each_call(call: Callable[[int], None], n: int) -> np.ndarray:
    """Nanoseconds of each of ``n`` calls, the clock's own cost taken off."""
    clock = time.perf_counter_ns
    taken, empty = np.empty(n, np.int64), np.empty(10_000, np.int64)
    for i in range(len(empty)):
        start = clock()
        empty[i] = clock() - start
    for i in range(n):
        start = clock()
        call(i)
        taken[i] = clock() - start
    return np.maximum(taken - int(np.median(empty)), 0)


def microseconds(taken: np.ndarray) -> dict[str, float]:
    median, tail = np.percentile(taken, [50, 99.9]) / 1000
    return {"median_us": round(float(median), 3), "p99.9_us": round(float(tail), 2)}


def scalar_calls(peer: type, n: int, **options: Any) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as path:
        writer = peer(path, **options)
        taken = each_call(lambda i: writer.scalar(TAG, 0.5, i), n)
        writer.flush()
        writer.close()
        assert steps(path) == list(range(n))
    return microseconds(taken)


def slow_scalar_calls(peer: type, n: int) -> dict[str, float]:
    """While another thread waits for one slow fsync after the other."""
    with tempfile.TemporaryDirectory() as path:
        writer = peer(path, durability="fsync", flush_secs=0.01)
        writer.scalar(TAG, 0.5, 0)
        done, flushes = threading.Event(), 0

        def flush() -> None:
            nonlocal flushes
            while not done.is_set():
                writer.flush()
                flushes += 1

        thread = threading.Thread(target=flush)
        thread.start()
        started = time.perf_counter()
        taken = each_call(lambda i: writer.scalar(TAG, 0.5, i), n)
        passed = time.perf_counter() - started
        done.set()
        thread.join()
        writer.close()
        assert steps(path) == [0, *range(n)]
        assert flushes > 0
        assert passed / flushes > 0.05, "fsync is slow"
    return microseconds(taken)


def log_calls(peer: type, n: int) -> dict[str, float]:
    values = {name: number / 7 for number, name in enumerate(NAMES)}
    with tempfile.TemporaryDirectory() as path:
        writer = peer(path)
        taken = each_call(lambda i: writer.log(values, i), n)
        writer.flush()
        writer.close()
        found = b"".join(events(path))
        assert all(found.count(name.encode()) == n for name in NAMES)
    return microseconds(taken)


def total(peer: type, n: int) -> dict[str, float]:
    """From opening to closed file."""
    with tempfile.TemporaryDirectory() as path:
        start = time.perf_counter()
        writer = peer(path)
        for step in range(n):
            writer.scalar(TAG, 0.5, step)
        writer.flush()
        writer.close()
        taken = time.perf_counter() - start
        assert steps(path) == list(range(n))
        return {"seconds": round(taken, 3), "bytes_per_scalar": round(size(path) / n, 2)}


def batch(n: int) -> dict[str, float]:
    values, at = np.random.default_rng(0).random(n), np.arange(n)
    times = 1.7e9 + at / 10
    with tempfile.TemporaryDirectory() as path:
        writer = Ours(path)
        writer.scalar(TAG, 0.5, 0)
        writer.flush()
        start = time.perf_counter()
        writer.writer.add_scalar_batch(TAG, values, at, times)
        called = time.perf_counter() - start
        writer.flush()
        flushed = time.perf_counter() - start
        writer.close()
        payloads = list(events(path))[1:]
        assert len(payloads) == n
        found = np.array([struct.unpack("<f", payload[-4:])[0] for payload in payloads])
        np.testing.assert_array_equal(found, values.astype(np.float32))
    millions = n / 1e6
    return {
        "million_per_second": round(millions / called, 1),
        "to_the_file": round(millions / flushed, 1),
    }


def media(peer: type, method: str, what: np.ndarray, n: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as path:
        writer = peer(path)
        taken = each_call(lambda i: getattr(writer, method)(what, i), n)
        writer.flush()
        writer.close()
        assert len(list(events(path))) == n
    return {"median_ms": round(float(np.median(taken)) / 1e6, 3)}


def slow_fsync() -> dict[str, Any] | None:
    """Runs this file again, with a slow ``fsync``."""
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder) / "slow.c", Path(folder) / "slow.so"
        source.write_text(SLOW)
        try:
            command = ["cc", "-shared", "-fPIC", "-o", str(library), str(source)]
            subprocess.run(command, check=True)
        except (FileNotFoundError, subprocess.CalledProcessError):
            return None
        command = [sys.executable, __file__, "--slow"]
        env = {**os.environ, "LD_PRELOAD": str(library)}
        done = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
        return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--slow", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.slow:
        kinds = [Ours, Native]
        print(json.dumps({kind.name: slow_scalar_calls(kind, 2_000_000) for kind in kinds}))
        return
    there = [peer for peer in PEERS if importlib.util.find_spec(MODULES[peer])]
    missing = [peer.name for peer in PEERS if peer not in there]
    figures: dict[str, dict[str, Any]] = {}

    def show(question: str, who: str, answer: dict[str, float]) -> None:
        figures.setdefault(question, {})[who] = answer
        text = "  ".join(f"{name} {value:,}" for name, value in answer.items())
        print(f"{question:<28}{who:<18}{text}", flush=True)

    print(f"Python {platform.python_version()}, {platform.platform()}, {os.cpu_count()} cores")
    if missing:
        print(f"not installed: {', '.join(missing)}")
    for peer in [Ours, Native]:
        show("add_scalar", peer.name, scalar_calls(peer, 1_000_000))
    for peer in there:
        show("add_scalar", peer.name, scalar_calls(peer, 20_000))
    for who, answer in (slow_fsync() or {}).items():
        show("add_scalar, slow fsync", who, answer)
    for peer in [Ours, Native]:
        show("20 values of one step", peer.name, log_calls(peer, 100_000))
    for peer in there:
        show("20 values of one step", peer.name, log_calls(peer, 1000))
    show("add_scalar_batch, 1 M", Ours.name, batch(1_000_000))
    show("add_scalar_batch, 5 M", Ours.name, batch(5_000_000))
    for peer in [Ours, Native]:
        show("1 M scalars, closed", peer.name, total(peer, 1_000_000))
    for peer in there:
        show("50,000 scalars, closed", peer.name, total(peer, 50_000))
    show("50,000 scalars, closed", Ours.name, total(Ours, 50_000))
    rng = np.random.default_rng(0)
    floats = rng.normal(size=100_000).astype(np.float32)
    noise = rng.integers(0, 256, (512, 512, 3), np.uint8)
    y, x = np.mgrid[0:512, 0:512]
    smooth = np.stack([x // 2, y // 2, (x + y) // 4], -1).astype(np.uint8)
    for peer in [Ours, *(peer for peer in there if hasattr(peer, "histogram"))]:
        show("histogram of 100,000", peer.name, media(peer, "histogram", floats, 30))
        show("image 512x512, noise", peer.name, media(peer, "image", noise, 10))
        show("image 512x512, smooth", peer.name, media(peer, "image", smooth, 10))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
