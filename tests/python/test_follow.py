"""`Scan.follow` and `LogDir.follow`: new rows as they are written, and cursors."""

import copy
import pickle
import random
import re
import subprocess
import sys
import threading
import time
import warnings

import pytest
import tfevents
from eventfiles import GOLDEN, event, record, scalar, scalars, start, text, version, write
from followers import append, now, steps, wait_for
from fresh import python
from tfevents._follow import ALL, KINDS, TABLES

PLACE = ["file", "offset", "attempt", "attempt_step"]
LOGS = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir())


def readable(scan):
    """All rows of a scan with where they stand."""
    return scan.to_arrow().to_pylist()


def with_places(logs, table, **filters):
    reader = getattr(logs, table)
    if table == "events":  # which has them, and no attempts
        return reader(**filters)
    return reader(columns=[*reader(**filters).schema.names, *PLACE[:3]], **filters)


# Following and scanning agree


@pytest.mark.parametrize("name", LOGS)
def test_following_from_nothing_and_from_every_cursor_is_scanning(name):
    logs = tfevents.open(GOLDEN / name)
    for kind in TABLES:
        scan = with_places(logs, kind)
        expected = readable(scan)
        found, cursor = now(scan, settle=0)  # ends are final
        assert repr(found) == repr(expected), kind  # which takes each NaN for any other
        assert now(scan, cursor, settle=0) == ([], cursor)
        found, cursor = [], None
        while True:  # every batch by a follower of its own
            follower = scan.follow(cursor, timeout=0, settle=0)
            batch = next(follower, None)
            if batch is None:
                break
            assert batch.num_rows
            found += batch.to_pylist()
            cursor = follower.cursor
        assert repr(found) == repr(expected), kind


@pytest.mark.parametrize("name", LOGS)
def test_a_log_that_grew_has_the_rows_of_the_whole(name, tmp_path):
    rng = random.Random(name)
    whole = {path: path.read_bytes() for path in (GOLDEN / name).rglob("*tfevents*")}
    files = {tmp_path / path.relative_to(GOLDEN / name): raw for path, raw in whole.items()}
    cuts = {path: sorted(rng.choices(range(len(raw)), k=3)) for path, raw in files.items()}
    for path, raw in files.items():
        write(path, raw=raw[: cuts[path][0]])
    kept = {kind: ([], None) for kind in TABLES}
    for cut in (0, 1, 2, None):
        for path, raw in files.items():
            end = len(raw) if cut is None else cuts[path][cut]
            with path.open("ab") as file:
                file.write(raw[path.stat().st_size : end])
        for kind in TABLES:
            rows, cursor = kept[kind]
            settle = 0 if cut is None else 3600
            scan = with_places(tfevents.open(tmp_path), kind)
            more, cursor = now(scan, cursor, settle=settle)
            kept[kind] = rows + more, cursor
    for kind in TABLES:
        expected = readable(with_places(tfevents.open(tmp_path), kind))
        place = {(row["run"], row["file"], row["offset"]): i for i, row in enumerate(expected)}
        rows = sorted(kept[kind][0], key=lambda row: place[row["run"], row["file"], row["offset"]])
        assert repr([drop(row) for row in rows]) == repr([drop(row) for row in expected]), kind


def drop(row):
    """Without the attempt: files that grow in turns are numbered as they arrive."""
    return {name: value for name, value in row.items() if name != "attempt"}


def test_every_kind_in_one_pass(log):
    first = log("a", [version(), *scalars("x", range(5)), event(1, text("t", "one"))])
    logs = tfevents.open(log.root)
    with logs.follow(timeout=20) as follower:
        kinds = [next(follower) for _ in range(2)]
        assert [(kind, batch.num_rows) for kind, batch in kinds] == [("scalars", 5), ("text", 1)]
        append(first, [event(2, text("t", "two"))])
        kind, batch = next(follower)
        assert (kind, batch["text"].to_pylist()) == ("text", [["two"]])
        cursor = follower.cursor
    append(first, [event(7, scalar("x", 7))])
    rest = list(logs.follow(cursor, timeout=0))
    assert [(kind, steps(batch.to_pylist())) for kind, batch in rest] == [("scalars", [7])]
    only = list(logs.follow(timeout=0, kinds=["text"], runs="a", steps=slice(2, None)))
    assert [(kind, batch.num_rows) for kind, batch in only] == [("text", 1)]
    with pytest.raises(ValueError, match="another question"):
        logs.follow(cursor, kinds=["text"])


@pytest.mark.parametrize("name", LOGS)
def test_every_kind_in_one_pass_has_the_rows_of_each_scan(name):
    logs = tfevents.open(GOLDEN / name)
    found = {kind: [] for kind in ALL}
    for kind, batch in logs.follow(timeout=0, settle=0):
        found[kind] += batch.to_pylist()
    for kind in KINDS:
        assert repr(found[kind]) == repr(readable(getattr(logs, kind)())), kind
    columns = ["run", "tag", "step", "wall_time", "plugin"]
    events = readable(logs.events(columns=columns))
    written = [event for event in events if event.pop("plugin") == "hparams"]
    assert found["hparams"] == written


def test_events_are_followed_with_every_filter(log):
    first = log("a", [version(), *scalars("x", range(3)), event(3, text("t", "one"))])
    events = tfevents.open(log.root).events
    questions = [
        {"tags": "x", "columns": ["tag", "step"]},
        {"tags": re.compile("^(x|late)$"), "columns": ["tag", "step"]},
        {"plugin": "text", "columns": ["tag", "step"]},
        {"steps": slice(2, 6), "columns": ["tag", "step", "what"]},
        {"runs": re.compile("b"), "columns": ["run", "offset"]},
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tfevents.NoMatchWarning)  # there is no run b yet
        rows = [now(events(**filters)) for filters in questions]
    assert [len(found) for found, _ in rows] == [3, 3, 1, 2, 0]
    append(first, [event(5, scalar("late", 5)), event(6, text("t", "two"))])
    log("b", [version(), *scalars("x", range(2))])
    for filters, (found, cursor) in zip(questions, rows, strict=True):
        more, _ = now(tfevents.open(log.root).events(**filters), cursor)
        assert found + more == readable(tfevents.open(log.root).events(**filters)), filters


def test_what_is_written_of_hyperparameters_tells_which_runs(tmp_path):
    for run in ("a", "b"):
        with tfevents.SummaryWriter(tmp_path / run) as writer:
            writer.add_scalar("loss", 1.0, 0)
    logs = tfevents.open(tmp_path)
    follower = logs.follow(timeout=0)
    assert {kind for kind, _ in follower} == {"scalars"}
    with tfevents.SummaryWriter(tmp_path / "b") as writer:
        writer.add_hparams({"lr": 0.1}, {"loss": 1.0}, run_name=".")
    found = dict(logs.follow(follower.cursor, timeout=0))["hparams"]
    assert found.schema.names == ["run", "tag", "step", "wall_time"]
    runs = found["run"].dictionary.to_pylist()
    assert runs == ["b"]
    logs.refresh()
    assert logs.hparams(runs=runs).to_arrow()["lr"].to_pylist() == [0.1]
    assert [kind for kind, _ in logs.follow(timeout=0, kinds=["hparams"])] == ["hparams"]


def test_typed_tensors_are_lists_while_following(log):
    from eventfiles import tensor, value

    path = log("a", [event(1, value("v", "p", tensor=tensor(1, [2], float_val=[1, 2])))])
    scan = tfevents.open(log.root).tensors(dtype="float32")
    with scan.follow(timeout=20) as follower:
        assert wait_for(follower, 1)[0]["values"] == [1.0, 2.0]
        append(path, [event(2, value("v", "p", tensor=tensor(1, [3], float_val=[1, 2, 3])))])
        assert wait_for(follower, 1)[0]["values"] == [1.0, 2.0, 3.0]


# New rows


def test_rows_come_as_another_process_flushes_them(tmp_path):
    scan = tfevents.open(tmp_path / "new", missing_ok=True).scalars()
    code = """
import sys, tfevents
with tfevents.SummaryWriter(sys.argv[1]) as writer:
    for step in range(5):
        writer.add_scalar("x", step, step)
        writer.flush()
        sys.stdin.readline()
"""
    command = [sys.executable, "-c", code, str(tmp_path / "new" / "run")]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE) as writer,
        scan.follow(timeout=20) as follower,
    ):
        for step in range(5):  # the writer goes on only when the row has come
            assert steps(wait_for(follower, 1)) == [step]
            writer.stdin.write(b"\n")
            writer.stdin.flush()


def test_filters_hold_for_runs_and_tags_that_come_later(log):
    log("train_1", [event(s, scalar("loss", s), scalar("acc", s)) for s in range(3)])
    logs = tfevents.open(log.root)
    questions = [
        ({"runs": "train*"}, lambda row: row[0].startswith("train")),
        ({"runs": ["*_2", "val"]}, lambda row: row[0] in ("train_2", "val")),
        ({"runs": re.compile(r"_\d")}, lambda row: "_" in row[0]),
        ({"tags": "lo*"}, lambda row: row[1].startswith("lo")),
        ({"tags": ["late", "acc"]}, lambda row: row[1] in ("late", "acc")),
        ({"tags": re.compile("^l")}, lambda row: row[1].startswith("l")),
        ({"steps": slice(2, 11, 2)}, lambda row: row[2] in range(2, 11, 2)),
        ({"steps": [1, 10]}, lambda row: row[2] in (1, 10)),
        ({"wall_time": (1001, 1010)}, lambda row: 1 <= row[2] <= 10),
        ({"plugin": "nothing"}, lambda row: row is None),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tfevents.NoMatchWarning)  # nothing meets some of them yet
        scans = [(logs.scalars(**filters), holds) for filters, holds in questions]
    followers = [(scan.follow(timeout=0), holds) for scan, holds in scans]

    def found(follower):
        rows = [row for batch in follower for row in batch.to_pylist()]
        return sorted((row["run"], row["tag"], row["step"]) for row in rows)

    def check(expected):
        for (filters, _), (follower, holds) in zip(questions, followers, strict=True):
            assert found(follower) == sorted(r for r in expected if holds(r)), filters

    check([("train_1", tag, s) for s in range(3) for tag in ("loss", "acc")])
    late = [event(s, scalar("loss", s), scalar("late", s)) for s in range(9, 12)]
    for run in ("train_1", "train_2", "val"):
        log(run, late, name="events.out.tfevents.1700000001.host")
    runs = ("train_1", "train_2", "val")
    check([(r, tag, s) for r in runs for s in range(9, 12) for tag in ("loss", "late")])


def test_a_glob_and_a_missing_directory_take_in_what_comes(tmp_path):
    missing = tfevents.open(tmp_path / "logs", missing_ok=True).scalars()
    glob = tfevents.open(str(tmp_path / "logs" / "r*"), missing_ok=True).scalars()
    with missing.follow(timeout=60, poll=0.05) as a, glob.follow(timeout=60, poll=0.05) as b:
        assert list(missing.follow(timeout=0)) == []
        for run in ("r1", "r2"):
            write(tmp_path / "logs" / run / "x.tfevents", scalars("x", [1]))
            assert [row["run"] for row in wait_for(a, 1)] == [run]
            assert len(wait_for(b, 1)) == 1


def test_attempts_are_numbered_across_cursors(log):
    path = log("a", [version(), start(0), *scalars("x", range(5))])
    scan = tfevents.open(log.root).scalars(columns=["step", "attempt", "attempt_step"])
    rows, cursor = now(scan)
    assert {row["attempt"] for row in rows} == {0}
    append(path, [start(3), *scalars("x", range(3, 6))])
    rows, cursor = now(scan, cursor)
    assert [(r["step"], r["attempt"], r["attempt_step"]) for r in rows] == [
        (step, 1, 3) for step in (3, 4, 5)
    ]
    assert now(tfevents.open(log.root, restarts="all").scalars(columns=["step"]))[0]


# Ends, idleness, processes


def test_it_ends_after_the_timeout_and_can_be_asked_again(log):
    path = log("a", scalars("x", range(3)))
    follower = tfevents.open(log.root).scalars().follow(timeout=0.1)
    begun = time.monotonic()
    assert len(list(follower)) == 1
    assert time.monotonic() - begun > 0.09
    append(path, scalars("x", [3]))
    assert steps(next(follower).to_pylist()) == [3]
    assert "open" in repr(follower)
    follower.close()
    append(path, scalars("x", [4]))
    assert list(follower) == []
    assert follower.closed
    assert "closed" in repr(follower)
    assert steps(now(tfevents.open(log.root).scalars(), follower.cursor)[0]) == [4]


def test_close_from_another_thread_ends_the_wait(log):
    log("a", scalars("x", range(3)))
    follower = tfevents.open(log.root).scalars().follow()
    wait_for(follower, 3)
    threading.Timer(0.2, follower.close).start()
    assert list(follower) == []


def test_interrupting_ends_the_wait(log):
    log("a", scalars("x", range(3)))
    done = python(
        """
        import signal, sys, threading, tfevents
        follower = tfevents.open(sys.argv[1]).scalars().follow()
        next(follower)
        main = threading.main_thread().ident
        try:
            threading.Timer(0.2, lambda: signal.pthread_kill(main, signal.SIGINT)).start()
            next(follower)
        except KeyboardInterrupt:
            print("interrupted", len(follower.cursor) > 10)
        """,
        log.root,
    )
    assert done.stdout == "interrupted True\n", done.stderr


def test_it_costs_nothing_while_nothing_happens(log):
    for run in range(50):
        log(f"run_{run}", scalars("x", range(3)))
    follower = tfevents.open(log.root).scalars().follow(timeout=1)
    wait_for(follower, 150)
    begun = time.process_time()
    assert list(follower) == []
    assert time.process_time() - begun < 0.5, "it waits for a second, and does not work meanwhile"


def test_a_scan_can_be_pickled_after_it_was_followed(log):
    log("a", scalars("x", range(3)))
    scan = tfevents.open(log.root).scalars(runs=re.compile("a"))
    rows, cursor = now(scan)
    again = pickle.loads(pickle.dumps(scan))
    assert now(again) == (rows, cursor)
    assert now(again, cursor)[0] == []
    with scan.follow(cursor) as follower:
        for duplicate in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="hand on its cursor"):
                duplicate(follower)


def test_a_forked_child_follows_on_its_own(log):
    path = log("a", scalars("x", range(3)))
    done = python(
        """
        import os, sys, tfevents
        scan = tfevents.open(sys.argv[1]).scalars()
        follower = scan.follow(timeout=0)
        assert sum(b.num_rows for b in follower) == 3
        if not os.fork():
            follower = scan.follow(follower.cursor, timeout=20)
            os._exit(0 if next(follower)["step"].to_pylist() == [3] else 1)
        with open(sys.argv[2], "ab") as file:
            file.write(bytes.fromhex(sys.argv[3]))
        print(os.wait()[1])
        follower = scan.follow(follower.cursor, timeout=20)
        print(next(follower)["step"].to_pylist())
        """,
        log.root,
        path,
        record(scalars("x", [3])[0]).hex(),
    )
    assert done.stdout == "0\n[3]\n", done.stderr
