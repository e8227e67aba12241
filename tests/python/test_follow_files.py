"""`follow` where files end within a record, are replaced, shortened, deleted."""

import re
import shutil
import time
import warnings

import numpy as np
import pytest
import tfevents
from eventfiles import record, scalars, write
from followers import append, now, steps, wait_for

# Ends of files


def test_an_unfinished_record_is_pending_until_it_is_finished(log):
    path = log("a", scalars("x", [1]))
    rest = append(path, scalars("x", [2]), cut=3)
    with tfevents.open(log.root).scalars().follow(timeout=20) as follower:
        assert steps(wait_for(follower, 1)) == [1]
        follower._timeout = 0
        assert list(follower) == []
        (pending,) = follower.pending
        assert (pending.path, pending.offset) == (path, len(record(scalars("x", [1])[0])))
        assert pending.offset + pending.length == path.stat().st_size
        follower._timeout = 60
        with path.open("ab") as file:
            file.write(rest)
        assert steps(wait_for(follower, 1)) == [2]
        assert follower.pending == []


def test_zeros_are_waited_for_and_fill_in(log):
    raw = [record(payload) for payload in scalars("x", range(3))]
    path = log("a", raw=raw[0] + bytes(len(raw[1])) + bytes(len(raw[2])))
    with tfevents.open(log.root).scalars().follow(timeout=20) as follower:
        assert steps(wait_for(follower, 1)) == [0]
        with path.open("r+b") as file:
            file.seek(len(raw[0]))
            file.write(raw[1] + raw[2])
        assert steps(wait_for(follower, 2)) == [1, 2]


def test_what_stands_behind_damage_comes_once_it_has_settled(log):
    raw = [record(payload) for payload in scalars("x", range(3))]
    path = log("a", raw=raw[0] + bytes(40))
    with tfevents.open(log.root).scalars().follow(timeout=60, settle=0.05) as follower:
        assert steps(wait_for(follower, 1)) == [0]
        with path.open("ab") as file:
            file.write(raw[1])
        with pytest.warns(tfevents.DamageWarning):
            assert steps(wait_for(follower, 1)) == [1]


def test_a_writer_that_was_killed_goes_on_in_a_new_file(log):
    append(log("a", scalars("x", range(3))), scalars("x", [3]), cut=5)
    with tfevents.open(log.root).scalars().follow(timeout=20) as follower:
        assert steps(wait_for(follower, 3)) == [0, 1, 2]
        log("a", scalars("x", range(3, 6)), name="events.out.tfevents.1700000009.host")
        assert steps(wait_for(follower, 3)) == [3, 4, 5]


# Files that are others


@pytest.mark.parametrize("how", ["replaced", "shortened"])
@pytest.mark.parametrize("live", [True, False])
def test_another_file_comes_from_its_start_with_a_warning(log, how, live):
    path = log("a", scalars("x", range(100)))
    scan = tfevents.open(log.root).scalars(columns=["step", "attempt"])
    follower = scan.follow(timeout=20)
    wait_for(follower, 100)
    if how == "replaced":
        new = write(log.root / "new", scalars("x", range(200), run=1))
        new.replace(path)
        expected = list(range(200))
    else:
        path.write_bytes(b"".join(map(record, scalars("x", range(50, 60)))))
        expected = list(range(50, 60))
    if not live:
        follower = scan.follow(follower.cursor, timeout=20)
    with pytest.warns(tfevents.ReplacedFileWarning, match=re.escape(str(path))):
        rows = wait_for(follower, len(expected))
    assert steps(rows) == expected
    assert {row["attempt"] for row in rows} == {1}
    assert now(scan, follower.cursor)[0] == []


def test_a_deleted_file_is_no_end(log):
    path = log("a", scalars("x", range(3)))
    with tfevents.open(log.root).scalars().follow(timeout=20) as follower:
        wait_for(follower, 3)
        path.unlink()
        log("b", scalars("x", [7]))
        assert steps(wait_for(follower, 1)) == [7]


def test_a_directory_that_vanishes_is_reported_once_and_waited_for(log):
    log("a", scalars("x", range(3)))
    with tfevents.open(log.root).scalars().follow(timeout=0, poll=0.01) as follower:
        assert steps([row for batch in follower for row in batch.to_pylist()]) == [0, 1, 2]
        shutil.rmtree(log.root)
        follower._timeout = 1
        with pytest.warns(tfevents.DamageWarning) as caught:
            assert list(follower) == []
        assert len(caught) == 1
        assert str(log.root) in str(caught[0].message)
        follower._timeout = 60
        log("b", scalars("x", [9]))
        assert steps(wait_for(follower, 1)) == [9]


def test_a_warning_that_is_an_error_loses_no_rows(log):
    raw = [record(payload) for payload in scalars("x", range(3))]
    path = log("a", raw=raw[0] + bytes(40))
    with tfevents.open(log.root).scalars().follow(timeout=60, settle=0.05) as follower:
        assert steps(wait_for(follower, 1)) == [0]
        with path.open("ab") as file:
            file.write(raw[1])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(tfevents.DamageWarning):
                next(follower)
        with pytest.raises(tfevents.TfeventsError, match="next"):
            _ = follower.cursor
        assert steps(wait_for(follower, 1)) == [1]
        assert follower.cursor


def test_a_file_that_is_replaced_behind_what_was_read_ahead(tmp_path):
    def lay(run, steps):
        path = tmp_path / run / "events.out.tfevents.1"
        path.parent.mkdir(exist_ok=True)
        new = tmp_path / "new"
        new.write_bytes(b"".join(map(record, scalars("x", steps))))
        new.replace(path)

    with tfevents.SummaryWriter(tmp_path / "a") as writer:
        # More than one unit of work, so that threads read ahead.
        writer.add_scalar_batch("x", np.zeros(300_000), np.arange(300_000))
    lay("b", range(1000))
    follower = tfevents.open(tmp_path).scalars(columns=["run", "step"]).follow(timeout=1)
    first = next(follower)
    assert first["run"].unique().to_pylist() == ["a"]
    time.sleep(0.5)  # the other file has been read by now
    lay("b", range(5000, 7000))
    with pytest.warns(tfevents.ReplacedFileWarning):
        rest = [row for batch in follower for row in batch.to_pylist()]
    assert [row["step"] for row in rest if row["run"] == "b"] == [*range(5000, 7000)]
