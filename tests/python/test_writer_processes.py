"""The native writers among forks, spawns and threads, and at the end of all things."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from fresh import python
from records import read_events, read_records, run_events
from tensorboard.compat.proto.event_pb2 import (
    Event,
)
from tensorboard.compat.proto.summary_pb2 import Summary
from tfevents import _native


def _fork_body(directory):
    writer = WRITERS[directory]
    for step in range(100, 200):
        writer.add_scalar("t", float(step), step)


def _spawn_body(directory):
    writer = _native.Writer(directory)
    for step in range(100, 200):
        writer.add_scalar("t", float(step), step)
    WRITERS[directory] = writer  # still open when the process ends


WRITERS: dict = {}


class TestProcesses:
    def by_pid(self, directory: Path) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for path in sorted(directory.iterdir()):
            pid = int(path.name.split(".")[-2])
            steps = [event.step for event in read_events(path)[1:]]
            found[pid] = found.get(pid, []) + steps
        return found

    @pytest.mark.parametrize("flushed", [True, False])
    def test_a_forked_child_writes_its_own_file(self, tmp_path, flushed):
        writer = _native.Writer(tmp_path, flush_secs=3600)
        for step in range(100):
            writer.add_scalar("t", float(step), step)
        if flushed:
            writer.flush()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                assert writer.stats["pending"] == 0, "the parent's buffer stays the parent's"
                assert writer.path is None
                for step in range(100, 200):
                    writer.add_scalar("t", float(step), step)
                writer.flush()
                grandchild = os.fork()
                if grandchild == 0:
                    writer.add_scalar("t", 1.0, 300)
                    writer.close()
                    os._exit(0)
                assert os.waitpid(grandchild, 0)[1] == 0
                writer.close()
                status = 0
            finally:
                os._exit(status)
        for step in range(200, 300):
            writer.add_scalar("t", float(step), step)
        assert os.waitpid(child, 0)[1] == 0
        writer.close()
        found = self.by_pid(tmp_path)
        assert found.pop(os.getpid()) == [*range(100), *range(200, 300)]
        assert found.pop(child) == list(range(100, 200))
        assert list(found.values()) == [[300]]

    def test_forking_while_threads_write(self, tmp_path):
        done = python(
            """
            import os, sys, threading
            from tfevents import _native
            writer = _native.Writer(sys.argv[1], flush_secs=0.001, max_buffer_bytes=4096)
            stop = threading.Event()
            def work():
                while not stop.is_set():
                    writer.add_scalar("t", 1.0, 1)
                    writer.flush()
            threads = [threading.Thread(target=work) for _ in range(4)]
            for thread in threads:
                thread.start()
            for _ in range(50):
                child = os.fork()
                if child == 0:
                    writer.add_scalar("t", 1.0, 2)
                    writer.close()
                    os._exit(0)
                assert os.waitpid(child, 0)[1] == 0
            stop.set()
            for thread in threads:
                thread.join()
            writer.close()
            """,
            tmp_path,
        )
        assert done.returncode == 0, done.stderr
        files = [read_events(path) for path in tmp_path.iterdir()]
        assert len(files) == 51
        assert sum([event.step for event in events] == [0, 2] for events in files) == 50

    @pytest.mark.parametrize("method", ["fork", "spawn"])
    def test_multiprocessing_loses_nothing(self, tmp_path, method):
        writer = _native.Writer(tmp_path, flush_secs=3600)
        WRITERS[tmp_path] = writer
        writer.add_scalar("t", 0.0, 0)
        body = _fork_body if method == "fork" else _spawn_body
        process = multiprocessing.get_context(method).Process(target=body, args=(tmp_path,))
        process.start()
        process.join(60)
        assert process.exitcode == 0
        WRITERS.pop(tmp_path).close()
        found = self.by_pid(tmp_path)
        assert found[process.pid] == list(range(100, 200)), "written without a close"
        assert found[os.getpid()] == [0]

    @pytest.mark.parametrize("end", ["", "sys.exit(3)", "raise KeyError", "del writer"])
    def test_exit_without_close(self, tmp_path, end):
        code = f"""
            import sys
            from tfevents import _native
            writer = _native.Writer(sys.argv[1], flush_secs=3600)
            for step in range(10_000):
                writer.add_scalar("t", 1.0, step)
            {end}
        """
        done = python(code, tmp_path)
        assert done.returncode == {"sys.exit(3)": 3, "raise KeyError": 1}.get(end, 0)
        assert [event.step for event in run_events(tmp_path)] == list(range(10_000))

    def test_a_killed_writer_leaves_whole_records(self, tmp_path):
        code = """
            import sys
            from tfevents import _native
            writer = _native.Writer(sys.argv[1], flush_secs=3600)
            for step in range(1000):
                writer.add_scalar("t", 1.0, step)
            writer.flush()
            print("flushed", flush=True)
            while True:
                writer.add_scalar("t", 1.0, 1000)
        """
        command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout.readline() == b"flushed\n"
            process.send_signal(signal.SIGKILL)
        (path,) = tmp_path.iterdir()
        found, _ = read_records(path)
        steps = [Event.FromString(payload).step for payload in found[1:1001]]
        assert steps == list(range(1000))


class TestLifetime:
    def descriptors(self) -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    def test_collection_closes_and_ends_the_thread(self, tmp_path):
        done = python(
            """
            import os, sys, time
            from tfevents import _native
            threads = lambda: len(os.listdir("/proc/self/task"))
            before = threads()
            writer = _native.Writer(sys.argv[1], flush_secs=3600)
            writer.add_scalar("t", 1.0, 1)
            deadline = time.monotonic() + 60
            def wait_for(count):  # a thread that has ended stays listed for a moment
                while threads() != count:
                    assert time.monotonic() < deadline, (threads(), count)
                    time.sleep(0.005)
            wait_for(before + 1)
            del writer
            wait_for(before)
            os._exit(0)
            """,
            tmp_path,
        )
        assert done.returncode == 0, done.stderr
        assert [event.step for event in run_events(tmp_path)] == [1]

    def test_five_hundred_writers_share_a_few_threads(self, tmp_path):
        done = python(
            """
            import os, sys
            from tfevents import _native
            threads = lambda: len(os.listdir("/proc/self/task"))
            before, most = threads(), 0
            writers = [_native.Writer(f"{sys.argv[1]}/{n}", flush_secs=0.01) for n in range(500)]
            for step in range(20):
                for writer in writers:
                    writer.add_scalar("t", float(step), step)
                most = max(most, threads() - before)
            _native.close_writers(writers)
            assert most <= 8, most
            assert {writer.stats["written"] for writer in writers} == {20}
            """,
            tmp_path,
        )
        assert done.returncode == 0, done.stderr
        for number in range(0, 500, 99):
            assert [e.step for e in run_events(tmp_path / str(number))] == list(range(20))

    def test_descriptors_are_given_back(self, tmp_path):
        before = self.descriptors()
        for _ in range(50):
            writer = _native.Writer(tmp_path, rotate_bytes=200)
            for step in range(20):
                writer.add_scalar("t", 1.0, step)
            writer.close()
        deadline = time.monotonic() + 60
        while self.descriptors() > before:
            assert time.monotonic() < deadline, "descriptors are not given back"
            time.sleep(0.005)

    def test_eight_threads(self, tmp_path):
        writer = _native.Writer(tmp_path, max_buffer_bytes=50_000)

        def work(thread):
            for number in range(5000):
                writer.add_scalar(f"thread{thread}", float(number), number)
                if number % 500 == 0:
                    writer.flush()
            steps = np.arange(5000, 6000)
            writer.add_scalar_batch(f"thread{thread}", steps.astype(np.float64), steps)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        writer.close()
        found: dict[str, list[int]] = {}
        for event in run_events(tmp_path):
            (value,) = event.summary.value
            assert value.simple_value == event.step
            found.setdefault(value.tag, []).append(event.step)
        assert found == {f"thread{n}": list(range(6000)) for n in range(8)}
        assert writer.stats["written"] == 48_000

    def test_memory_is_bounded_and_drops_are_counted(self, tmp_path):
        writer = _native.Writer(tmp_path, on_full="drop", max_buffer_bytes=20_000)
        for step in range(100_000):
            writer.add_scalar("t", 1.0, step)
            if step % 1000 == 0:
                assert writer.stats["pending_bytes"] <= 20_000
        writer.close()
        stats = writer.stats
        assert stats["written"] + stats["dropped"] == 100_000
        assert len(run_events(tmp_path)) == stats["written"]

    def test_no_more_bytes_than_torch(self, tmp_path):
        tensorboard = pytest.importorskip("tensorboard.summary.writer.event_file_writer")
        theirs = tensorboard.EventFileWriter(str(tmp_path / "theirs"))
        ours = _native.Writer(tmp_path / "ours")
        for step in range(300):
            value = Summary.Value(tag="train/loss", simple_value=step)
            summary = Summary(value=[value])
            theirs.add_event(Event(step=step, wall_time=1.5, summary=summary))
            ours.add_scalar("train/loss", float(step), step, 1.5)
        theirs.close()
        ours.close()
        sizes = [next((tmp_path / who).iterdir()).stat().st_size for who in ("ours", "theirs")]
        assert sizes[0] <= sizes[1]
