"""The native writers: their bytes, and what they do when disks, processes and callers misbehave."""

from __future__ import annotations

import gc
import math
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from records import read_events, read_records, run_events
from tensorboard.compat.proto.event_pb2 import (
    Event,
    SessionLog,
    SourceMetadata,
    TaggedRunMetadata,
)
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tfevents import _native

STEPS = [0, 1, 127, 128, 2**31, 2**63 - 1, -1, -(2**63)]
PLUGIN = SummaryMetadata.PluginData(plugin_name="scalars")


def python(code: str, *args: object, **options) -> subprocess.CompletedProcess[str]:
    """Runs ``code`` in a fresh interpreter."""
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)


def payloads(directory: Path) -> list[bytes]:
    """The payloads of the only file of ``directory``, without the version event's."""
    (path,) = directory.iterdir()
    found, rest = read_records(path)
    assert rest == 0
    return found[1:]


class TestBytes:
    """Equal to what protobuf serialises."""

    def test_version_event(self, tmp_path):
        before = time.time()
        _native.Writer(tmp_path).close()
        (path,) = tmp_path.iterdir()
        (payload,), _ = read_records(path)
        event = Event.FromString(payload)
        assert before <= event.wall_time <= time.time()
        expected = Event(
            wall_time=event.wall_time,
            file_version="brain.Event:2",
            source_metadata=SourceMetadata(writer="tfevents"),
        )
        assert payload == expected.SerializeToString(deterministic=True)

    def test_scalars(self, tmp_path):
        writer = _native.Writer(tmp_path)
        expected = []
        numbers = [0.0, -0.0, 1.5, 1e-45, 3.4e38, 1e39, math.inf, -math.inf, math.nan]
        for number in numbers:
            for step in STEPS:
                for tag in ["", "loss", "ünï/çødé 🜛", "x" * 200]:
                    for wall_time in [0.0, 1.25]:
                        writer.add_scalar(tag, number, step, wall_time)
                        with np.errstate(over="ignore"):
                            single = float(np.float32(number))
                        value = Summary.Value(tag=tag, simple_value=single)
                        summary = Summary(value=[value])
                        expected.append(Event(step=step, wall_time=wall_time, summary=summary))
        writer.close()
        assert payloads(tmp_path) == [event.SerializeToString() for event in expected]

    @pytest.mark.parametrize("number", [0.0, 0.1, 1e300, math.inf])
    def test_tensor_scalars_and_metadata(self, tmp_path, number):
        writer = _native.Writer(tmp_path)
        names = {"display_name": "Name", "description": "*text*" * 50}
        with np.errstate(over="ignore"):
            single = float(np.float32(number))
        writer.add_scalar("t", number, 3, 1.0, new_style=True)
        writer.add_scalar("t", number, 3, 1.0, new_style=True, double_precision=True)
        writer.add_scalar("t", number, 3, 1.0, new_style=True, **names)
        writer.add_scalar("t", number, 3, 1.0, double_precision=True, **names)
        writer.close()
        plain = SummaryMetadata(plugin_data=PLUGIN)
        named = {"display_name": names["display_name"], "summary_description": "*text*" * 50}
        one = TensorProto(dtype=1, float_val=[single])
        two = TensorProto(dtype=2, double_val=[number])
        expected = [
            Summary.Value(tag="t", tensor=one, metadata=plain),
            Summary.Value(tag="t", tensor=two, metadata=plain),
            Summary.Value(
                tag="t", tensor=one, metadata=SummaryMetadata(plugin_data=PLUGIN, **named)
            ),
            Summary.Value(tag="t", simple_value=single, metadata=SummaryMetadata(**named)),
        ]
        assert payloads(tmp_path) == [
            Event(step=3, wall_time=1.0, summary=Summary(value=[value])).SerializeToString()
            for value in expected
        ]

    def test_log_is_one_event(self, tmp_path):
        writer = _native.Writer(tmp_path)
        values = {"a": 1.5, "b/c": 2, "": np.float32(3.5), "d": True, "e": np.array([4.5])}
        writer.log(values, 7, 2.0)
        writer.log({"a": 1.0, "b": 2.0}, 8, 2.0)
        writer.log({}, 9, 2.0)
        writer.close()
        wanted = [(7, {"a": 1.5, "b/c": 2, "": 3.5, "d": 1, "e": 4.5}), (8, {"a": 1, "b": 2})]
        expected = [
            Event(
                step=step,
                wall_time=2.0,
                summary=Summary(
                    value=[Summary.Value(tag=tag, simple_value=v) for tag, v in held.items()]
                ),
            )
            for step, held in wanted
        ]
        assert payloads(tmp_path) == [event.SerializeToString() for event in expected]

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize("timed", [True, False])
    def test_a_batch_equals_its_points(self, tmp_path, dtype, timed):
        rng = np.random.default_rng(0)
        n = 40_000
        values = rng.normal(size=n).astype(dtype)
        steps = rng.integers(-(2**62), 2**62, size=n)
        steps[:5] = [0, 0, 1, -1, 127]
        times = rng.random(n) * 1e9 if timed else None
        writer = _native.Writer(tmp_path / "batch")
        writer.add_scalar("x", 1.0, 1, 1.0)
        writer.add_scalar_batch("x", values, steps, times)
        writer.add_scalar("x", 2.0, 2, 2.0)
        writer.close()
        events = run_events(tmp_path / "batch")
        assert [event.step for event in events] == [1, *steps.tolist(), 2]
        found = [event.summary.value[0].simple_value for event in events]
        np.testing.assert_array_equal(found, [1, *values.astype(np.float32).tolist(), 2])
        if timed:
            assert [event.wall_time for event in events[1:-1]] == times.tolist()
        else:
            assert len({event.wall_time for event in events[1:-1]}) == 1
            assert abs(events[1].wall_time - time.time()) < 60

    def test_other_events(self, tmp_path):
        writer = _native.Writer(tmp_path)
        value = Summary.Value(tag="big", simple_value=1)
        big = Summary.Value(tag="x" * 300_000)
        raw = Event(step=5, file_version="brain.Event:7")
        writer.add_values([value.SerializeToString(), big.SerializeToString(), b""], 1, 1.0)
        writer.add_graph_def(b"graph" * 1000, 1.0)
        writer.add_meta_graph(b"meta", 1.0)
        writer.add_run_metadata("step1", b"stats", None, 1.0)
        writer.add_session_start(9, 1.0)
        writer.add_event(raw.SerializeToString())
        writer.add_event(b"")
        writer.close()
        expected = [
            Event(step=1, wall_time=1, summary=Summary(value=[value, big, Summary.Value()])),
            Event(wall_time=1, graph_def=b"graph" * 1000),
            Event(wall_time=1, meta_graph_def=b"meta"),
            Event(
                wall_time=1,
                tagged_run_metadata=TaggedRunMetadata(tag="step1", run_metadata=b"stats"),
            ),
            Event(step=9, wall_time=1, session_log=SessionLog(status=SessionLog.START)),
            raw,
            Event(),
        ]
        assert payloads(tmp_path) == [event.SerializeToString() for event in expected]

    def test_purge_step_writes_torchs_two_events(self, tmp_path):
        _native.Writer(tmp_path, purge_step=10).close()
        version, start = (Event.FromString(payload) for payload in payloads(tmp_path))
        assert (version.step, version.file_version) == (10, "brain.Event:2")
        assert not version.HasField("source_metadata")
        assert (start.step, start.session_log.status) == (10, SessionLog.START)

    def test_raw_records_and_events(self, tmp_path):
        data = [b"", b"a", bytes(range(256)) * 5000]
        writer = _native.RecordWriter(tmp_path / "records")
        events = _native.EventWriter(tmp_path / "x.tfevents.y", version=False)
        for record in data:
            writer.write(record)
            events.write(record)
        writer.close()
        events.close()
        assert read_records(tmp_path / "records") == (data, 0)
        assert read_records(tmp_path / "x.tfevents.y") == (data, 0)
        with pytest.raises(ValueError, match="closed"):
            writer.write(b"late")
        assert read_records(tmp_path / "records") == (data, 0)

    def test_event_writer_takes_a_directory(self, tmp_path):
        with pytest.raises(TypeError, match="no option"):
            _native.EventWriter(tmp_path / "run", unknown=1)
        writer = _native.EventWriter(tmp_path / "run", filename_suffix=".me")
        writer.write(Event(step=4).SerializeToString())
        writer.close()
        assert [event.step for event in run_events(tmp_path / "run")] == [4]
        assert writer.path.name.endswith(".me")


class TestArguments:
    """Wrong ones are told by name, and write nothing."""

    @pytest.mark.parametrize(
        ("arguments", "error", "name"),
        [
            ((1, 1.0), TypeError, "tag"),
            (("t", "text"), TypeError, "value"),
            (("t", None), TypeError, "value"),
            (("t", 1j), TypeError, "value"),
            (("t", np.zeros(2)), (TypeError, ValueError), "value"),
            (("t", 1.0, 0.5), TypeError, "step"),
            (("t", 1.0, 2**63), OverflowError, "step|int"),
            (("t", 1.0, 1, "now"), TypeError, "wall_time"),
        ],
    )
    def test_scalar(self, tmp_path, arguments, error, name):
        writer = _native.Writer(tmp_path)
        with pytest.raises(error, match=name):
            writer.add_scalar(*arguments)
        writer.close()
        assert payloads(tmp_path) == []

    @pytest.mark.parametrize(
        ("values", "steps", "times", "name"),
        [
            (np.zeros(3), np.zeros(2, np.int64), None, "one length"),
            (np.zeros(3), np.zeros(3, np.int64), np.zeros(4), "one length"),
            (np.zeros((3, 1)), np.zeros(3, np.int64), None, "values"),
            (np.zeros(6)[::2], np.zeros(3, np.int64), None, "values"),
            (np.zeros(3, np.int64), np.zeros(3, np.int64), None, "values"),
            (np.zeros(3), np.zeros(3, np.int32), None, "steps"),
            (np.zeros(3), np.zeros(3, np.int64), np.zeros(3, np.float32), "wall_times"),
        ],
    )
    def test_batch(self, tmp_path, values, steps, times, name):
        writer = _native.Writer(tmp_path)
        with pytest.raises(ValueError, match=name):
            writer.add_scalar_batch("t", values, steps, times)
        writer.close()
        assert payloads(tmp_path) == []

    @pytest.mark.parametrize(
        "option",
        [
            {"durability": "no"},
            {"on_error": 3},
            {"on_full": ""},
            {"flush_secs": 0},
            {"rotate_bytes": 0},
            {"rotate_secs": -1},
            {"max_buffer_bytes": 0},
            {"close_timeout": math.nan},
            {"filename_suffix": "a/b"},
        ],
    )
    def test_options(self, tmp_path, option):
        (name,) = option
        with pytest.raises(ValueError, match=name):
            _native.Writer(tmp_path / "run", **option)
        assert not (tmp_path / "run").exists()

    def test_a_value_that_writes_while_it_is_converted(self, tmp_path):
        writer = _native.Writer(tmp_path)

        class Nested:
            def item(self):
                writer.log({"inner": Inner()}, 1, 1.0)
                held["new"] = 1.0
                return 2.0

        class Inner:
            def item(self):
                return 3.0

        held = {"outer": Nested()}
        with pytest.raises(RuntimeError, match="changed size"):
            writer.log(held, 2, 1.0)
        writer.close()
        (event,) = run_events(tmp_path)
        assert [(value.tag, value.simple_value) for value in event.summary.value] == [
            ("inner", 3.0)
        ]


class TestFiles:
    def test_name_and_path(self, tmp_path):
        before = int(time.time())
        writer = _native.Writer(tmp_path / "a" / "b", filename_suffix=".mine")
        found = re.fullmatch(
            r"events\.out\.tfevents\.(\d{10})\.(.+)\.(\d+)\.(\d+)\.mine", writer.path.name
        )
        assert found
        assert before <= int(found[1]) <= time.time()
        assert found[2] == os.uname().nodename
        assert int(found[3]) == os.getpid()
        assert writer.path.parent == tmp_path / "a" / "b"

    def test_writers_in_one_millisecond_share_nothing(self, tmp_path):
        writers = [_native.Writer(tmp_path) for _ in range(20)]
        assert len({writer.path for writer in writers}) == 20
        for number, writer in enumerate(writers):
            writer.add_scalar("t", 1.0, number)
        for number, writer in enumerate(writers):
            writer.close()
            (step,) = [event.step for event in read_events(writer.path)[1:]]
            assert step == number

    def test_a_taken_name_is_passed_over(self, tmp_path):
        done = python(
            """
            import sys, pathlib, time, os
            from tfevents import _native
            run = pathlib.Path(sys.argv[1])
            now, host, pid = int(time.time()), os.uname().nodename, os.getpid()
            for second in range(now, now + 10):
                for uid in range(3):
                    (run / f"events.out.tfevents.{second:010}.{host}.{pid}.{uid}").write_text("x")
            writer = _native.Writer(run)
            assert writer.path.name.endswith(".3"), writer.path
            """,
            tmp_path,
        )
        assert done.returncode == 0, done.stderr
        assert sum(path.read_bytes() == b"x" for path in tmp_path.iterdir()) == 30

    @pytest.mark.parametrize("options", [{"rotate_bytes": 1000}, {"rotate_secs": 0.01}])
    def test_rotated_files_are_readable_alone_and_sorted(self, tmp_path, options):
        writer = _native.Writer(tmp_path, **options)
        for step in range(200):
            writer.add_scalar("loss", 1.0, step)
            if step % 10 == 0:
                writer.flush()
                time.sleep(0.002)
        writer.close()
        paths = sorted(tmp_path.iterdir())
        assert [str(path) for path in paths] == [str(path) for path in writer.paths]
        assert len(paths) >= 5
        steps = []
        for path in paths:
            first, *rest = read_events(path)
            assert first.file_version == "brain.Event:2"
            assert rest, "no file is empty"
            assert "rotate_secs" in options or path.stat().st_size <= 1000
            steps += [event.step for event in rest]
        assert steps == list(range(200))
        assert writer.stats["files"] == len(paths)

    def test_add_after_close_opens_a_new_file(self, tmp_path):
        writer = _native.Writer(tmp_path)
        writer.add_scalar("t", 1.0, 1)
        writer.close()
        writer.close()
        writer.add_scalar("t", 1.0, 2)
        writer.close()
        assert len(list(tmp_path.iterdir())) == 2
        assert [event.step for event in run_events(tmp_path)] == [1, 2]

    @pytest.mark.parametrize("durability", ["buffered", "flush", "fsync"])
    def test_flush_is_visible_to_others(self, tmp_path, durability):
        writer = _native.Writer(tmp_path, durability=durability, flush_secs=3600)
        writer.add_scalar("t", 1.0, 1)
        assert len(read_records(writer.path)[0]) == 1
        writer.flush()
        deadline = time.monotonic() + 10
        while len(read_records(writer.path)[0]) == 1:
            assert durability == "buffered", "flush came back too early"
            assert time.monotonic() < deadline
            time.sleep(0.001)
        assert [event.step for event in read_events(writer.path)] == [0, 1]

    def test_time_flushes(self, tmp_path):
        writer = _native.Writer(tmp_path, flush_secs=0.02)
        writer.add_scalar("t", 1.0, 1)
        deadline = time.monotonic() + 10
        while len(read_records(writer.path)[0]) == 1:
            assert time.monotonic() < deadline
            time.sleep(0.005)


@pytest.fixture
def small_disk(tmp_path):
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("mounting is not permitted")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


SLOW = """
    #define _GNU_SOURCE
    #include <unistd.h>
    #include <stdlib.h>
    #include <sys/syscall.h>
    static void nap(void) { usleep(atoi(getenv("NAP")) * 1000); }
    int fdatasync(int fd) { nap(); return syscall(SYS_fdatasync, fd); }
    int fsync(int fd) { nap(); return syscall(SYS_fsync, fd); }
    ssize_t write(int fd, const void *p, size_t n) {
        if (fd > 2 && getenv("NAP_WRITE")) nap();
        return syscall(SYS_write, fd, p, n);
    }
"""


@pytest.fixture(scope="module")
def slow_disk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slow")
    (folder / "slow.c").write_text(SLOW)
    build = ["cc", "-shared", "-fPIC", "-o", str(folder / "slow.so"), str(folder / "slow.c")]
    try:
        subprocess.run(build, check=True, capture_output=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("no C compiler")
    return {**os.environ, "LD_PRELOAD": str(folder / "slow.so")}


class TestTrouble:
    """Disks that refuse."""

    def test_the_directory_is_a_file(self, tmp_path):
        blocked = tmp_path / "file"
        blocked.write_text("")
        with pytest.raises(OSError, match="file"):
            _native.Writer(blocked, on_error="raise")
        with pytest.warns(RuntimeWarning, match="file"):
            writer = _native.Writer(blocked)
        for step in range(1000):
            writer.add_scalar("t", 1.0, step)
        with pytest.warns(RuntimeWarning, match="file"):
            writer.close()
        assert writer.stats["dropped"] == 1000
        assert writer.stats["written"] == writer.stats["pending"] == 0
        silent = _native.Writer(blocked, on_error="drop")
        silent.add_scalar("t", 1.0, 1)
        silent.close()
        assert silent.stats["dropped"] == 1
        assert "file" in silent.stats["last_error"]

    def test_a_read_only_directory(self, small_disk):
        writer = _native.Writer(small_disk)
        writer.add_scalar("t", 1.0, 1)
        writer.close()
        remount = ["mount", "-o", "remount,ro", str(small_disk)]
        subprocess.run(remount, check=True)
        with pytest.raises(OSError, match="Read-only"):
            _native.Writer(small_disk, on_error="raise")
        writer.add_scalar("t", 1.0, 2)
        with pytest.warns(RuntimeWarning, match="Read-only"):
            writer.close()
        assert (writer.stats["written"], writer.stats["dropped"]) == (1, 1)
        assert [event.step for event in run_events(small_disk)] == [1]

    def test_a_deleted_directory_comes_back(self, tmp_path):
        run = tmp_path / "run"
        writer = _native.Writer(run)
        writer.add_scalar("t", 1.0, 1)
        writer.flush()
        writer.path.unlink()
        run.rmdir()
        writer.add_scalar("t", 1.0, 2)
        with pytest.warns(RuntimeWarning, match="deleted"):
            writer.flush()
        writer.close()
        assert [event.step for event in run_events(run)] == [2]
        assert (writer.stats["written"], writer.stats["dropped"]) == (1, 1)

    LIMITED = """
        import resource, sys, warnings
        from tfevents import _native
        warnings.simplefilter("ignore")
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))
        writer = _native.Writer(sys.argv[1], on_error=sys.argv[2], flush_secs=0.01)
        raised = False
        for step in range(2000):
            try:
                writer.add_scalar("loss", 1.0, step)
            except OSError as error:
                assert error.errno == 27 and "tfevents" in str(error.filename), error
                raised = True
            if step % 100 == 99:
                try:
                    writer.flush()
                except OSError:
                    raised = True
        assert raised == (sys.argv[2] == "raise"), raised
        try:
            writer.close()
        except OSError:
            pass
        stats = writer.stats
        assert stats["pending"] == 0 and stats["last_error"], stats
        print(stats["written"], stats["dropped"])
    """

    @pytest.mark.parametrize("policy", ["warn", "raise", "drop"])
    def test_a_file_size_limit(self, tmp_path, policy):
        done = python(self.LIMITED, tmp_path, policy)
        assert done.returncode == 0, done.stderr
        written, dropped = map(int, done.stdout.split())
        steps = [event.step for event in run_events(tmp_path)]
        assert len(steps) == written > 0
        assert steps == sorted(set(steps))
        if policy == "warn":
            assert steps == list(range(2000)), "the next file takes what this one does not"
        assert policy == "raise" or written + dropped == 2000

    def test_a_full_disk_warns_and_goes_on(self, small_disk):
        ballast = small_disk / "ballast"
        ballast.write_bytes(bytes(40_000))
        run = small_disk / "run"
        writer = _native.Writer(run, max_buffer_bytes=100_000, flush_secs=0.01)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for step in range(5000):
                writer.add_scalar("loss", 1.0, step)
            writer.flush()
        assert any("space" in str(warning.message) for warning in caught)
        assert writer.stats["dropped"] > 0
        kept = [event.step for event in run_events(run)]
        assert kept == list(range(len(kept))), "whole records, and no torn one"
        assert writer.stats["written"] == len(kept)
        pending = writer.stats["pending"]
        ballast.unlink()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            writer.flush()
        after = [event.step for event in run_events(run)]
        assert len(after) > len(kept), "there is room again"
        assert writer.stats["written"] == len(after)
        assert writer.stats["pending"] < pending
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            writer.close()
        stats = writer.stats
        assert stats["written"] + stats["dropped"] == 5000

    def test_a_full_disk_raises_if_asked(self, small_disk):
        writer = _native.Writer(small_disk, on_error="raise", flush_secs=0.001)
        with pytest.raises(OSError, match="space") as caught:
            for step in range(1_000_000):
                writer.add_scalar("loss", 1.0, step)
        assert caught.value.errno == 28
        with pytest.raises(OSError, match="space"):
            writer.close()
        writer.close()

    def test_a_slow_disk_is_not_waited_for(self, tmp_path, slow_disk):
        done = python(
            """
            import sys, threading, time
            from tfevents import _native
            writer = _native.Writer(sys.argv[1], durability="fsync", flush_secs=0.01)
            stop = threading.Event()
            def flush():
                while not stop.is_set():
                    writer.flush()
            thread = threading.Thread(target=flush)
            thread.start()
            start, slow, step = time.perf_counter(), 0, 0
            while time.perf_counter() < start + 1.5:
                before = time.perf_counter()
                writer.add_scalar("t", 1.0, step)
                slow += time.perf_counter() - before > 0.05
                step += 1
                time.sleep(0.0001)
            stop.set()
            before = time.perf_counter()
            thread.join()
            writer.flush()
            assert time.perf_counter() - before > 0.09, "flush waits for fsync"
            assert slow == 0, slow
            print(step)
            """,
            tmp_path,
            env={**slow_disk, "NAP": "100"},
        )
        assert done.returncode == 0, done.stderr
        assert [event.step for event in run_events(tmp_path)] == list(range(int(done.stdout)))

    def test_close_returns_from_a_disk_that_hangs(self, tmp_path, slow_disk):
        done = python(
            """
            import os, sys, time, warnings
            from tfevents import _native
            writer = _native.Writer(sys.argv[1], close_timeout=0.3)
            os.environ["NAP_WRITE"] = "1"
            writer.add_scalar("t", 1.0, 1)
            before = time.perf_counter()
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                writer.close()
            assert 0.25 < time.perf_counter() - before < 5
            assert "given up" in str(caught[0].message)
            assert writer.stats["dropped"] == 1 and writer.stats["pending"] == 0
            os._exit(0)
            """,
            tmp_path,
            env={**slow_disk, "NAP": "20000"},
        )
        assert done.returncode == 0, done.stderr

    def test_ctrl_c_ends_a_flush(self, tmp_path, slow_disk):
        done = python(
            """
            import os, signal, sys, threading, time
            from tfevents import _native
            writer = _native.Writer(sys.argv[1], durability="fsync", close_timeout=0.1)
            writer.add_scalar("t", 1.0, 1)
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
            before = time.perf_counter()
            try:
                writer.flush()
            except KeyboardInterrupt:
                assert time.perf_counter() - before < 5
                os._exit(0)
            os._exit(1)
            """,
            tmp_path,
            env={**slow_disk, "NAP": "20000"},
        )
        assert done.returncode == 0, done.stderr


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
    def threads(self) -> int:
        return len(list(Path("/proc/self/task").iterdir()))

    def descriptors(self) -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    def test_collection_closes_and_ends_the_thread(self, tmp_path):
        before = self.threads()
        writer = _native.Writer(tmp_path, flush_secs=3600)
        writer.add_scalar("t", 1.0, 1)
        assert self.threads() == before + 1
        del writer
        gc.collect()
        assert [event.step for event in run_events(tmp_path)] == [1]
        deadline = time.monotonic() + 10
        while self.threads() > before:
            assert time.monotonic() < deadline, "the thread outlives its writer"
            time.sleep(0.005)

    def test_descriptors_are_given_back(self, tmp_path):
        before = self.descriptors()
        for _ in range(50):
            writer = _native.Writer(tmp_path, rotate_bytes=200)
            for step in range(20):
                writer.add_scalar("t", 1.0, step)
            writer.close()
        time.sleep(0.05)
        assert self.descriptors() == before

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
