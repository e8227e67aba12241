"""A scan reads nothing until its schema or its rows are asked for, and keeps what it found."""

from __future__ import annotations

import re
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import tfevents
from eventfiles import event, metadata, record, scalar, tensor, value
from tfevents.proto import HParamsPluginData

#: Every reader whose columns or rows depend on what is in the log.
DEFERRED = {
    "hparams": lambda logs: logs.hparams(),
    "typed tensors": lambda logs: logs.tensors(dtype="float32"),
    "embeddings": lambda logs: logs.embeddings(),
    "pattern": lambda logs: logs.scalars(tags=re.compile("^l")),
    "series by pattern": lambda logs: logs.series(tags=re.compile("^l")),
    "events by pattern": lambda logs: logs.events(tags=re.compile("^l")),
    "globs": lambda logs: logs.scalars(tags="l*"),
    "files": lambda logs: logs.files(),
    "damage": lambda logs: logs.damage(),
}


def session(**hparams):
    """The beginning of a session."""
    message = HParamsPluginData()
    for name, number in hparams.items():
        message.session_start_info.hparams[name].number_value = number
    one = value("_hparams_/session_start_info")
    one.metadata.CopyFrom(metadata("hparams", message.SerializeToString()))
    return event(0, one)


@pytest.fixture
def run(log):
    """The event file of a run with something of everything, beside projector files."""
    path = log(
        "a",
        [
            session(lr=0.5),
            event(1, scalar("loss", 3.0), scalar("acc", 0.5)),
            event(2, value("t", "mine", tensor=tensor(1, [2], float_val=[1, 2]))),
        ],
    )
    (path.parent / "points.tsv").write_text("1\t2\n3\t4\n")
    entry = 'embeddings { tensor_name: "e" tensor_path: "points.tsv" }'
    (path.parent / "projector_config.pbtxt").write_text(entry)
    return path


@pytest.mark.parametrize("make", DEFERRED.values(), ids=DEFERRED)
def test_a_scan_is_made_without_reading(log, run, make):
    logs = tfevents.open(log.root, on_damage="raise")
    expected = make(logs).to_arrow()
    logs = tfevents.open(log.root, on_damage="raise")
    away = run.parent.rename(run.parent.with_name("away"))
    scan = make(logs)  # nothing is there to read
    away.rename(run.parent)
    assert scan.schema == expected.schema
    assert scan.to_arrow() == expected


@pytest.mark.parametrize("name", ["hparams", "typed tensors", "pattern", "embeddings"])
def test_an_error_is_not_kept(log, run, name):
    logs = tfevents.open(log.root, on_damage="raise")
    scan = DEFERRED[name](logs)
    for path in (run, run.with_name("points.tsv")):
        path.rename(f"{path}.away")
    for _ in range(2):
        with pytest.raises((tfevents.DamagedFileError, FileNotFoundError)):
            scan.to_arrow()
    for path in (run, run.with_name("points.tsv")):
        path.with_name(f"{path.name}.away").rename(path)
    assert scan.to_arrow().num_rows == 1


@pytest.mark.parametrize("name", ["hparams", "embeddings"])
def test_what_was_found_is_kept(log, run, name):
    scan = DEFERRED[name](tfevents.open(log.root, on_damage="raise"))
    schema = scan.schema
    run.unlink()
    run.with_name("points.tsv").unlink()
    table = scan.to_arrow()
    assert table.schema == schema
    assert table.num_rows == scan.count() == 1


def test_a_scan_sees_the_log_as_it_was_when_the_scan_was_made(log, run):
    logs = tfevents.open(log.root)
    before = [make(logs) for make in (DEFERRED["hparams"], DEFERRED["pattern"])]
    more = [event(3, scalar("loss", 1.0), scalar("late", 2.0))]
    with run.open("ab") as file:
        file.write(b"".join(record(one) for one in more))
    logs.refresh()
    hparams, pattern = (scan.to_arrow().to_pylist() for scan in before)
    assert [row["loss"] for row in hparams] == [3.0]
    assert [row["tag"] for row in pattern] == ["loss"]
    after = logs.scalars(tags=re.compile("^l")).to_arrow().to_pylist()
    assert [row["tag"] for row in after] == ["loss", "loss", "late"]


def test_a_pattern_is_matched_once_for_a_scan_and_its_filters_count(log):
    log("a", [event(1, scalar("loss/x", 1.0), scalar("acc", 2.0))])
    log("b", [event(1, scalar("loss/y", 3.0))])
    logs = tfevents.open(log.root)
    scan = logs.scalars(runs="a", tags=re.compile("loss"))
    assert [row["tag"] for row in scan.to_arrow().to_pylist()] == ["loss/x"]
    assert scan.count() == 1
    both = logs.scalars(tags=re.compile("loss")).to_arrow().to_pylist()
    assert [row["tag"] for row in both] == ["loss/x", "loss/y"]
    with pytest.warns(tfevents.NoMatchWarning):
        assert logs.scalars(tags=re.compile("^nothing$")).count() == 0


def test_an_interrupt_is_raised_and_not_kept(log):
    log(".", [session(lr=1.0)])
    log("more", [event(step, scalar(f"t{step % 7}", 1.0)) for step in range(10_000)])
    logs = tfevents.open(log.root, threads=1)
    scan = logs.hparams()
    previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        while True:
            scan = logs.hparams()
            scan.count()
    except KeyboardInterrupt:
        pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert [row["lr"] for row in scan.to_arrow().to_pylist()] == [1.0]


@pytest.mark.usefixtures("run")
def test_threads_that_come_at_once_find_the_same(log):
    logs = tfevents.open(log.root)
    for _ in range(20):
        scan = logs.hparams()
        gate = threading.Barrier(4)

        def first_use(scan=scan, gate=gate):
            gate.wait()
            return scan.schema, scan.to_arrow()

        with ThreadPoolExecutor(4) as pool:
            found = [pool.submit(first_use) for _ in range(4)]
        assert all(one.result() == found[0].result() for one in found)


@pytest.mark.usefixtures("run")
def test_a_wrong_argument_is_refused_at_the_call(log):
    logs = tfevents.open(log.root)
    for wrong in (
        lambda: logs.tensors(dtype="float33"),
        lambda: logs.tensors(dtype="float32", columns=["data"]),
        lambda: logs.scalars(columns=["nothing"], tags=re.compile("l")),
        lambda: logs.series(columns=["nothing"]),
    ):
        with pytest.raises(ValueError, match=r"dtype|columns"):
            wrong()
    # Which columns hparams and embeddings have is in the log.
    for make in (logs.hparams, logs.embeddings):
        scan = make(columns=["nothing"])
        with pytest.raises(ValueError, match="columns"):
            _ = scan.schema
