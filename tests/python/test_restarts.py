"""`restarts="last"` keeps what a resumed training meant, `attempt` numbers the attempts."""

import tempfile
from pathlib import Path

import pytest
import tfevents
from eventfiles import GOLDEN, event, image, record, scalar, scalars, start, text, version, write
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import exact

RESTART = GOLDEN / "torch_all" / "restart"


def rows(root, kind="scalars", restarts="last", columns=None, **filters):
    scan = getattr(tfevents.open(root, restarts=restarts), kind)
    return scan(columns=columns, **filters).to_arrow().to_pylist()


def naive(points):
    """Keeps points by removing earlier ones, one restart at a time; points are `(tag, step, n)`."""
    kept, last, attempts = [], {}, {}
    for tag, step, n in points:
        if tag is None:
            kept = [(t, s, m) for t, s, m in kept if s < step]
            for known in last:
                last[known] = min(last[known], step - 1)
                attempts[known] += 1
            continue
        if tag in last and step < last[tag]:
            kept = [(t, s, m) for t, s, m in kept if t != tag or s < step]
            attempts[tag] += 1
        attempts.setdefault(tag, 0)
        last[tag] = step
        kept.append((tag, step, n))
    return [n for _, _, n in kept]


steps_of_tags = st.lists(
    st.tuples(st.sampled_from(["a", "b", None]), st.integers(0, 7)), min_size=1, max_size=30
)


@settings(max_examples=150, deadline=None)
@given(points=steps_of_tags, cut=st.integers(0, 30), threads=st.sampled_from([1, 2]))
def test_last_equals_removing_points_one_restart_at_a_time(points, cut, threads):
    numbered = [(tag, step, n) for n, (tag, step) in enumerate(points)]
    payloads = [
        start(step) if tag is None else event(step, scalar(tag, n)) for tag, step, n in numbered
    ]
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "1.tfevents", [version(1.0), *payloads[:cut]])
        write(Path(folder) / "2.tfevents", [version(2.0), *payloads[cut:]])
        logs = tfevents.open(folder, restarts="last", threads=threads)
        values = logs.scalars().to_arrow().column("value").to_pylist()
        assert values == naive(numbered)
        assert sum(logs.series().to_arrow().column("count").to_pylist()) == len(values)
        assert logs.scalars().count() == len(values)


def test_where_the_step_goes_back_earlier_points_give_way(log):
    log(".", scalars("x", [1, 2, 3, 4, 2, 3]))
    assert [row["step"] for row in rows(log.root)] == [1, 2, 3]
    assert [row["step"] for row in rows(log.root, restarts="all")] == [1, 2, 3, 4, 2, 3]


def test_equal_steps_are_no_restart(log):
    log(".", scalars("x", [1, 1, 2, 2]))
    assert [row["step"] for row in rows(log.root)] == [1, 1, 2, 2]


def test_series_restart_each_for_itself(log):
    log(".", [*scalars("x", [1, 2, 3]), *scalars("y", [1, 2, 3]), *scalars("x", [2])])
    found = [(row["tag"], row["step"]) for row in rows(log.root)]
    assert found == [("x", 1), ("y", 1), ("y", 2), ("y", 3), ("x", 2)]


def test_a_session_start_is_for_the_whole_run_and_for_no_other(log):
    log("a", [*scalars("x", range(5)), *scalars("y", range(5)), start(2), *scalars("x", [2])])
    log("b", scalars("x", range(5)))
    found = [(row["run"], row["tag"], row["step"]) for row in rows(log.root)]
    assert found == [
        *(("a", tag, step) for tag in "xy" for step in (0, 1)),
        ("a", "x", 2),
        *(("b", "x", step) for step in range(5)),
    ]


def test_a_session_start_is_for_every_kind(log):
    for_all = [
        event(n, scalar("s", n), text("t", str(n)), image("i", b"\x89PNG")) for n in range(4)
    ]
    log(".", [*for_all, start(1)])
    for kind in ("scalars", "text", "images"):
        assert [row["step"] for row in rows(log.root, kind)] == [0], kind


def test_the_first_session_start_removes_nothing(log):
    log(".", [version(), start(0), *scalars("x", range(3))])
    assert [row["step"] for row in rows(log.root)] == [0, 1, 2]


def test_a_restart_in_a_later_file_is_a_restart(log):
    log(".", [version(1.0), *scalars("x", range(10))], "a.tfevents")
    log(".", [version(2.0), *scalars("x", range(4, 7))], "b.tfevents")
    found = rows(log.root, columns=["step", "file"])
    assert [row["step"] for row in found] == list(range(7))
    assert [Path(row["file"]).name for row in found] == ["a.tfevents"] * 4 + ["b.tfevents"] * 3


def test_files_that_resume_count_in_order_of_time_not_of_name(log):
    log(".", [version(2.0), *scalars("x", [3, 4])], "a.tfevents")
    log(".", [version(1.0), *scalars("x", range(10))], "b.tfevents")
    assert [row["step"] for row in rows(log.root)] == [0, 1, 2, 3, 4]


def test_attempts_are_numbered(log):
    log(".", scalars("x", [1, 2, 3, 2, 3, 1, 2]))
    columns = ["step", "attempt"]
    every = rows(log.root, restarts="all", columns=columns)
    assert [row["attempt"] for row in every] == [0, 0, 0, 1, 1, 2, 2]
    last = rows(log.root, columns=columns)
    assert [(row["step"], row["attempt"]) for row in last] == [(1, 2), (2, 2)]


def test_attempts_of_the_rows_kept_are_the_same_for_all_and_last(log):
    log("a", [*scalars("x", [0, 1, 2]), start(1), *scalars("x", [1, 2, 3]), *scalars("y", [0])])
    log("b", scalars("x", [5, 4, 3]))
    columns = ["run", "tag", "step", "offset", "attempt"]
    every = {
        (row["run"], row["offset"]): row for row in rows(log.root, restarts="all", columns=columns)
    }
    kept = rows(log.root, columns=columns)
    assert len(kept) == 6
    assert all(every[row["run"], row["offset"]] == row for row in kept)


def test_the_restart_pytorch_writes():
    every = rows(RESTART, restarts="all", columns=["step", "value", "attempt"])
    assert [(row["step"], row["value"]) for row in every] == [
        *((n, n) for n in range(10)),
        *((n, 100.0 + n) for n in range(5, 8)),
    ]
    assert [row["attempt"] for row in every] == [0] * 10 + [1] * 3
    last = rows(RESTART)
    assert [row["value"] for row in last] == [0, 1, 2, 3, 4, 105, 106, 107]
    (series,) = rows(RESTART, "series")
    assert (series["count"], series["first_step"], series["last_step"]) == (8, 0, 7)


def test_a_restart_across_the_pieces_of_a_large_file(log):
    blob = record(event(0, image("i", bytes(1 << 20)))) * 7
    raw = b"".join(map(record, scalars("x", range(100)))) + blob
    raw += b"".join(map(record, scalars("x", range(50, 60)))) + blob
    raw += record(start(55))
    log(".", raw=raw)
    assert [row["step"] for row in rows(log.root)] == list(range(55))


@pytest.mark.parametrize("writer", ["torch_digits", "tf2_all", "keras_digits", "tb_writer"])
def test_a_training_that_never_restarted_is_kept_whole(writer):
    for kind in ("scalars", "histograms", "images", "text", "tensors"):
        assert exact(rows(GOLDEN / writer, kind)) == exact(rows(GOLDEN / writer, kind, "all"))


def test_hparams_take_the_last_value_of_what_is_kept(log):
    from tensorboard.plugins.hparams import summary_v2

    pb = summary_v2.hparams_pb({"lr": 0.1})
    payload = event(0, *(_translate(v) for v in pb.value))
    log("r", [payload, *scalars("acc", [1, 2, 3]), *scalars("acc", [1])])
    (row,) = rows(log.root, "hparams")
    assert (row["lr"], row["acc"]) == (0.1, 1.0)


def _translate(value):
    from eventfiles import Summary

    return Summary.Value.FromString(value.SerializeToString())


def test_a_session_start_costs_the_same_however_many_runs_there_are(log):
    """Twenty thousand sessions over as many series: hours if each were told to each."""
    tags = [scalar(f"tag{n}", n) for n in range(2_000)]
    log("many_series", [event(1, *tags), *[start(2)] * 20_000, event(1, *tags)])
    for n in range(1_000):
        log(f"run{n}", [event(1, scalar("x", 1)), start(1), event(1, scalar("x", 2))])
    logs = tfevents.open(log.root, restarts="last")
    assert logs.scalars(runs="run*").count() == 1_000
    rows = logs.scalars(runs="many_series", columns=["attempt"]).to_arrow()
    assert set(rows["attempt"].to_pylist()) == {0, 20_000}
    series = logs.series().to_arrow()
    assert len(series) == 3_000
    assert set(series["count"].to_pylist()) == {1, 2}
