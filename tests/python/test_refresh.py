"""`refresh` takes in what came, tells what that is, and notices what was replaced."""

import dataclasses
import os
import pickle
import shutil
import warnings

import pytest
import tfevents
from eventfiles import event, make_older, record, scalar, scalars, version


def steps(logs, **filters):
    return logs.scalars(**filters).to_arrow().column("step").to_pylist()


def append(path, *payloads, raw=None):
    with path.open("ab") as file:
        file.write(b"".join(map(record, payloads)) if raw is None else raw)


def size(*payloads):
    return sum(len(record(payload)) for payload in payloads)


def nothing(changes):
    return not changes and changes == tfevents.Changes([], [], 0, [], [])


def test_new_bytes_are_told_and_read(log):
    path = log(".", [version(), *scalars("x", range(3))])
    logs = tfevents.open(log.root)
    assert steps(logs) == [0, 1, 2]
    append(path, *scalars("x", [3, 4]))
    assert steps(logs) == [0, 1, 2]  # all scans until the next refresh see the same bytes
    changes = logs.refresh()
    assert changes
    assert changes == tfevents.Changes(["."], [path], size(*scalars("x", [3, 4])), [], [])
    assert steps(logs) == [0, 1, 2, 3, 4]
    assert nothing(logs.refresh())


@pytest.mark.parametrize("scanned", [True, False])
def test_the_first_refresh_tells_only_what_is_new_since_open(log, scanned):
    path = log(".", [version(), *scalars("x", range(3))])
    logs = tfevents.open(log.root)
    if scanned:
        assert steps(logs) == [0, 1, 2]
    else:
        assert nothing(logs.refresh())
    append(path, *scalars("x", range(3, 10)))
    assert logs.refresh().bytes == size(*scalars("x", range(3, 10)))
    assert nothing(logs.refresh())


def test_a_partial_record_is_waited_for(log):
    path = log(".", scalars("x", range(3)))
    logs = tfevents.open(log.root)
    assert steps(logs) == [0, 1, 2]
    whole = record(scalars("x", [3])[0])
    for n, byte in enumerate(whole, 1):
        append(path, raw=bytes([byte]))
        assert logs.refresh().bytes == 1
        assert steps(logs) == ([0, 1, 2, 3] if n == len(whole) else [0, 1, 2])
    assert logs.damage().count() == 0


def test_growth_in_small_steps_adds_up(log):
    path = log(".", [])
    logs = tfevents.open(log.root)
    raw = b"".join(map(record, [version(), *scalars("x", range(200))]))
    total = 0
    for start in range(0, len(raw), 37):
        append(path, raw=raw[start : start + 37])
        total += logs.refresh().bytes
    assert total == len(raw)
    assert steps(logs) == list(range(200))


def test_new_files_and_new_runs_are_found(log):
    log("a", [version(1.0), *scalars("x", [1])], "1.tfevents")
    logs = tfevents.open(log.root)
    assert steps(logs) == [1]
    second = log("a", [version(2.0), *scalars("x", [2])], "2.tfevents")
    third = log("b/c", [version(3.0), *scalars("x", [3])])
    changes = logs.refresh()
    assert (changes.runs, changes.files) == (["a", "b/c"], [second, third])
    assert changes.bytes == second.stat().st_size + third.stat().st_size
    assert (changes.replaced, changes.removed) == ([], [])
    assert logs.runs == ["a", "b/c"]
    assert steps(logs) == [1, 2, 3]


def test_a_new_file_takes_its_place_by_time(log):
    log(".", [version(5.0), *scalars("x", [5])], "a.tfevents")
    logs = tfevents.open(log.root)
    assert steps(logs) == [5]
    log(".", [version(1.0), *scalars("x", [1])], "b.tfevents")
    logs.refresh()
    assert steps(logs) == [1, 5]


def test_a_file_born_empty_takes_its_place_when_it_has_an_event(log):
    log(".", [version(5.0), *scalars("x", [5])], "a.tfevents")
    path = log(".", [], "b.tfevents")
    logs = tfevents.open(log.root)
    assert steps(logs) == [5]
    append(path, version(1.0), *scalars("x", [1]))
    assert logs.refresh().files == [path]
    assert steps(logs) == [1, 5]


@pytest.mark.parametrize("same_size", [True, False])
def test_a_replaced_file_is_told_and_read_anew(log, same_size):
    path = log(".", scalars("x", range(5)))
    logs = tfevents.open(log.root)
    assert steps(logs) == list(range(5))
    new = [event(n, scalar("x", n)) for n in range(10, 15 if same_size else 18)]
    other = log("..", new, "new.tmp")
    other.rename(path)
    with pytest.warns(tfevents.ReplacedFileWarning, match=str(path)):
        changes = logs.refresh()
    assert changes == tfevents.Changes(["."], [path], size(*new), [path], [])
    assert steps(logs) == list(range(10, 10 + len(new)))
    assert nothing(logs.refresh())


def test_a_file_deleted_and_made_anew_is_another_file(log):
    """Even if the system gives it the inode of the old one, and it is longer."""
    path = log(".", scalars("x", range(5)))
    logs = tfevents.open(log.root)
    assert steps(logs) == list(range(5))
    path.unlink()
    log(".", scalars("x", range(10, 18)))
    with pytest.warns(tfevents.ReplacedFileWarning, match=str(path)):
        assert logs.refresh().replaced == [path]
    assert steps(logs) == list(range(10, 18))


def test_a_shortened_file_is_told_and_nothing_old_is_returned(log):
    path = log(".", scalars("x", range(5)))
    logs = tfevents.open(log.root)
    assert steps(logs) == list(range(5))
    os.truncate(path, sum(len(record(p)) for p in scalars("x", range(2))))
    with pytest.warns(tfevents.ReplacedFileWarning, match=str(path)):
        assert logs.refresh().replaced == [path]
    assert steps(logs) == [0, 1]


def test_deleted_files_and_runs_are_gone(log):
    first = log("a", [version(1.0), *scalars("x", [1])], "1.tfevents")
    log("a", [version(2.0), *scalars("x", [2])], "2.tfevents")
    other = log("b", scalars("x", [3]))
    logs = tfevents.open(log.root)
    assert steps(logs) == [1, 2, 3]
    first.unlink()
    other.unlink()
    changes = logs.refresh()
    assert changes
    assert changes == tfevents.Changes(["a"], [], 0, [], [first, other])
    assert (logs.runs, steps(logs)) == (["a"], [2])


def test_a_file_deleted_before_a_scan_is_no_crash_and_no_value(log):
    path = log("a", scalars("x", [1]))
    log("b", scalars("x", [2]))
    logs = tfevents.open(log.root)
    path.unlink()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", tfevents.DamageWarning)
            got = steps(logs)
    except FileNotFoundError as error:
        assert str(path) in str(error)  # noqa: PT017
    else:
        assert got == [2]
    assert logs.refresh().removed == [path]
    assert steps(logs) == [2]


def test_nothing_changed_is_nothing_new(log):
    for run in range(50):
        path = log(f"r{run}", scalars("x", range(10)))
        make_older(path, 1000)
    logs = tfevents.open(log.root)
    assert len(steps(logs)) == 500
    assert all(nothing(logs.refresh()) for _ in range(5))
    assert len(steps(logs)) == 500


def test_a_scan_made_before_sees_the_bytes_of_then(log):
    path = log(".", scalars("x", range(3)))
    logs = tfevents.open(log.root)
    scan = logs.scalars()
    append(path, *scalars("x", [3]))
    logs.refresh()
    assert scan.to_arrow().num_rows == 3
    assert logs.scalars().to_arrow().num_rows == 4


def test_damage_that_comes_is_read_past(log):
    path = log(".", scalars("x", range(3)))
    logs = tfevents.open(log.root)
    assert steps(logs) == [0, 1, 2]
    append(path, raw=bytes(100) + b"".join(map(record, scalars("x", [3, 4]))))
    assert logs.refresh().bytes == 100 + size(*scalars("x", [3, 4]))
    with pytest.warns(tfevents.DamageWarning):
        assert steps(logs) == [0, 1, 2, 3, 4]


def test_a_large_file_may_grow(log):
    blob = scalars("x", [0])[0]
    raw = record(blob) * (7_000_000 // len(record(blob)))
    path = log(".", raw=raw)
    logs = tfevents.open(log.root, threads=2)
    count = logs.scalars().count()
    append(path, raw=raw[: len(record(blob)) * 1000])
    assert logs.refresh().bytes == len(record(blob)) * 1000
    assert logs.scalars().count() == count + 1000


def settle(*directories):
    """Makes directories so old that `refresh` relies on their times."""
    for directory in directories:
        make_older(directory, 1000)


def test_what_comes_into_a_directory_that_was_long_unchanged_is_found(log):
    log("a/b", scalars("x", [1]))
    log("c", scalars("x", [2]))
    logs = tfevents.open(log.root)
    settle(log.root / "a" / "b", log.root / "a", log.root / "c", log.root)
    assert not logs.refresh()
    second = log("a/b", scalars("x", [3]), "2.tfevents")
    assert logs.refresh().files == [second]
    below = log("a/b/d/e", scalars("x", [4]))
    assert logs.refresh().files == [below]
    second.unlink()
    assert logs.refresh().removed == [second]
    shutil.rmtree(log.root / "a")
    assert logs.refresh().runs == []
    assert logs.runs == ["c"]


def test_a_link_that_leads_elsewhere_is_followed_there(log):
    for n, name in enumerate(["one", "two"]):
        log(f"../{name}/run", scalars("x", [n]))
    log("own", scalars("x", [9]))
    link = log.root / "link"
    link.symlink_to(log.root.parent / "one")
    logs = tfevents.open(log.root)
    assert steps(logs, runs="link/run") == [0]
    assert not logs.refresh()
    link.unlink()
    link.symlink_to(log.root.parent / "two")
    with pytest.warns(tfevents.ReplacedFileWarning):
        assert logs.refresh().runs == ["link/run"]
    assert steps(logs, runs="link/run") == [1]
    log("../two/run2", scalars("x", [2]))
    assert logs.refresh().runs == ["link/run2"]


def test_a_glob_is_matched_again(log):
    log("exp_1", scalars("x", [1]))
    log("exp_2", scalars("x", [2]))
    log("other", scalars("x", [3]))
    logs = tfevents.open(f"{log.root}/exp_*")
    new = log("exp_3", scalars("x", [4]))
    copied = pickle.loads(pickle.dumps(logs))
    for one in (logs, copied):
        assert one.runs == ["exp_1", "exp_2"]
        assert one.refresh().files == [new]
        assert one.runs == ["exp_1", "exp_2", "exp_3"]
    shutil.rmtree(log.root / "exp_1")
    assert len(logs.refresh().removed) == 1
    assert logs.runs == ["exp_2", "exp_3"]


def test_a_refresh_reads_no_file(log):
    paths = [log(run, scalars("x", [1])) for run in ("a", "b")]
    logs = tfevents.open(log.root)
    assert steps(logs) == [1, 1]
    times = [path.stat().st_atime_ns for path in paths]
    for path in paths:
        append(path, raw=b"no record at all" * 10)
    assert logs.refresh().bytes == 320  # what it holds shows when it is read
    assert [path.stat().st_atime_ns for path in paths] == times
    with pytest.warns(tfevents.DamageWarning):
        assert steps(logs) == [1, 1]


def test_changes_are_values(log):
    log("a", scalars("x", [1]))
    logs = tfevents.open(log.root)
    log("b", scalars("x", [2]))
    changes = logs.refresh()
    assert pickle.loads(pickle.dumps(changes)) == changes
    with pytest.raises(dataclasses.FrozenInstanceError):
        changes.bytes = 0
    assert repr(changes).startswith("Changes(runs=['b'], files=[")
