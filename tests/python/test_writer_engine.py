"""The native writers, and their files."""

from __future__ import annotations

import os
import re
import time

import pytest
from fresh import python
from records import read_events, read_records, run_events
from tfevents import _native


class TestFiles:
    def test_name_and_path(self, tmp_path):
        before = int(time.time())
        writer = _native.Writer(tmp_path / "a" / "b", filename_suffix=".mine")
        found = re.fullmatch(
            r"events\.out\.tfevents\.(\d{10})\.(.+)\.(\d+)\.(\d+)\.mine", writer.path.name
        )
        assert found
        # Ahead by one for each digit that the number has got, which depends on the tests before.
        assert before <= int(found[1]) <= time.time() + len(found[4])
        assert found[2] == os.uname().nodename
        assert int(found[3]) == os.getpid()
        assert writer.path.parent == tmp_path / "a" / "b"

    def test_names_sort_in_the_order_of_creation(self, tmp_path):
        writers = [_native.Writer(tmp_path) for _ in range(120)]
        names = [writer.path.name for writer in writers]
        assert sorted(names) == names
        numbers = [[int(part) for part in re.findall(r"\d+", name)] for name in names]
        assert sorted(numbers) == numbers

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

    @pytest.mark.parametrize("options", [{"rotate_bytes": 1000}, {"rotate_secs": 0.001}])
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


def test_many_sub_runs_need_few_descriptors(tmp_path):
    done = python(
        """
        import resource, sys, warnings
        warnings.simplefilter("error")
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (150, hard))
        from tfevents import SummaryWriter
        with SummaryWriter(sys.argv[1], on_error="raise") as writer:
            for step in range(5):
                writer.add_scalars("loss", {str(key): key + step for key in range(300)}, step)
                if step % 2:
                    writer.flush()
        """,
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    for key in range(300):
        events = run_events(tmp_path / f"loss_{key}")
        values = [(e.step, v.simple_value) for e in events for v in e.summary.value]
        assert values == [(step, key + step) for step in range(5)]


def test_a_file_that_is_deleted_between_two_writes_is_followed_by_another(tmp_path):
    writers = [_native.Writer(tmp_path / str(number), on_error="drop") for number in range(100)]
    for writer in writers:
        writer.add_scalar("a", 1, 1)
        writer.flush()
    deleted, replaced = writers[-1], writers[-2]
    first = [writer.path for writer in (deleted, replaced)]
    first[0].unlink()
    first[1].rename(tmp_path / "other")
    first[1].write_bytes(b"not ours")
    for writer in (deleted, replaced):
        writer.add_scalar("a", 2, 2)
        writer.close()
        assert (writer.stats["written"], writer.stats["dropped"]) == (1, 1)
        assert writer.path not in first
        assert [event.step for event in read_events(writer.path)] == [0, 2]
    assert first[1].read_bytes() == b"not ours"
