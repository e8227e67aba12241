"""`refresh` takes in what came, tells how many records, and notices what was replaced."""

import os
import warnings

import pytest
import tfevents
from eventfiles import event, make_older, record, scalar, scalars, version


def steps(logs, **filters):
    return logs.scalars(**filters).to_arrow().column("step").to_pylist()


def append(path, *payloads, raw=None):
    with path.open("ab") as file:
        file.write(b"".join(map(record, payloads)) if raw is None else raw)


def test_new_records_are_counted_and_read(log):
    path = log(".", [version(), *scalars("x", range(3))])
    logs = tfevents.open(log.root)
    assert steps(logs) == [0, 1, 2]
    append(path, *scalars("x", [3, 4]))
    assert steps(logs) == [0, 1, 2]  # all scans until the next refresh see the same bytes
    assert logs.refresh() == 2
    assert steps(logs) == [0, 1, 2, 3, 4]
    assert logs.refresh() == 0


@pytest.mark.parametrize("scanned", [True, False])
def test_the_first_refresh_counts_only_what_is_new_since_open(log, scanned):
    path = log(".", [version(), *scalars("x", range(3))])
    logs = tfevents.open(log.root)
    if scanned:
        assert steps(logs) == [0, 1, 2]
    else:
        logs.refresh()
    append(path, *scalars("x", range(3, 10)))
    assert logs.refresh() == 7
    assert logs.refresh() == 0


def test_a_partial_record_is_waited_for_then_counted_once(log):
    path = log(".", scalars("x", range(3)))
    logs = tfevents.open(log.root)
    assert steps(logs) == [0, 1, 2]
    whole = record(scalars("x", [3])[0])
    came = []
    for byte in whole:
        append(path, raw=bytes([byte]))
        came.append(logs.refresh())
        assert steps(logs) == ([0, 1, 2, 3] if len(came) == len(whole) else [0, 1, 2])
    assert came == [0] * (len(whole) - 1) + [1]
    assert logs.damage().count() == 0


def test_a_partial_record_among_new_ones_is_counted_when_it_is_whole(log):
    path = log(".", scalars("x", range(3)))
    logs = tfevents.open(log.root)
    assert steps(logs) == [0, 1, 2]
    raw = b"".join(map(record, scalars("x", range(3, 8))))
    append(path, raw=raw[:-5])
    assert logs.refresh() == 4
    append(path, raw=raw[-5:])
    assert logs.refresh() == 1
    assert steps(logs) == list(range(8))


def test_growth_in_small_steps_adds_up(log):
    path = log(".", [])
    logs = tfevents.open(log.root)
    raw = b"".join(map(record, [version(), *scalars("x", range(200))]))
    total = 0
    for start in range(0, len(raw), 37):
        append(path, raw=raw[start : start + 37])
        total += logs.refresh()
    assert total == 201
    assert steps(logs) == list(range(200))


def test_new_files_and_new_runs_are_found(log):
    log("a", [version(1.0), *scalars("x", [1])], "1.tfevents")
    logs = tfevents.open(log.root)
    assert steps(logs) == [1]
    log("a", [version(2.0), *scalars("x", [2])], "2.tfevents")
    log("b/c", [version(3.0), *scalars("x", [3])])
    assert logs.refresh() == 4
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
    assert logs.refresh() == 2
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
        assert logs.refresh() == len(new)
    assert steps(logs) == list(range(10, 10 + len(new)))
    assert logs.refresh() == 0


def test_a_shortened_file_is_told_and_nothing_old_is_returned(log):
    path = log(".", scalars("x", range(5)))
    logs = tfevents.open(log.root)
    assert steps(logs) == list(range(5))
    os.truncate(path, sum(len(record(p)) for p in scalars("x", range(2))))
    with pytest.warns(tfevents.ReplacedFileWarning, match=str(path)):
        logs.refresh()
    assert steps(logs) == [0, 1]


def test_deleted_files_and_runs_are_gone(log):
    first = log("a", [version(1.0), *scalars("x", [1])], "1.tfevents")
    log("a", [version(2.0), *scalars("x", [2])], "2.tfevents")
    other = log("b", scalars("x", [3]))
    logs = tfevents.open(log.root)
    assert steps(logs) == [1, 2, 3]
    first.unlink()
    other.unlink()
    assert logs.refresh() == 0
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
    assert logs.refresh() in (0, 1)
    assert steps(logs) == [2]


def test_nothing_changed_is_nothing_new(log):
    for run in range(50):
        path = log(f"r{run}", scalars("x", range(10)))
        make_older(path, 1000)
    logs = tfevents.open(log.root)
    assert len(steps(logs)) == 500
    assert [logs.refresh() for _ in range(5)] == [0] * 5
    assert len(steps(logs)) == 500


def test_a_scan_made_before_sees_the_bytes_of_then(log):
    path = log(".", scalars("x", range(3)))
    logs = tfevents.open(log.root)
    scan = logs.scalars()
    append(path, *scalars("x", [3]))
    logs.refresh()
    assert scan.to_arrow().num_rows == 3
    assert logs.scalars().to_arrow().num_rows == 4


def test_damage_that_comes_is_not_counted_as_records(log):
    path = log(".", scalars("x", range(3)))
    logs = tfevents.open(log.root)
    assert steps(logs) == [0, 1, 2]
    append(path, raw=bytes(100) + b"".join(map(record, scalars("x", [3, 4]))))
    assert logs.refresh() == 2
    with pytest.warns(tfevents.DamageWarning):
        assert steps(logs) == [0, 1, 2, 3, 4]


def test_a_large_file_may_grow(log):
    blob = scalars("x", [0])[0]
    raw = record(blob) * (7_000_000 // len(record(blob)))
    path = log(".", raw=raw)
    logs = tfevents.open(log.root, threads=2)
    count = logs.scalars().count()
    append(path, raw=raw[: len(record(blob)) * 1000])
    assert logs.refresh() == 1000
    assert logs.scalars().count() == count + 1000
