"""`by_series`: every kind split by run and tag, with arrays where arrays are meant."""

import numpy as np
import pyarrow as pa
import pytest
import tfevents
from eventfiles import GOLDEN, event, histogram, image, scalar, scalars, tensor, text, value
from oracle import KINDS, exact
from tfevents import _by_series


def listed(values):
    """What an attribute holds as nested lists."""
    if isinstance(values, np.ndarray):
        return values.tolist()
    if isinstance(values, memoryview):
        return bytes(values)
    if hasattr(values, "__len__") and not isinstance(values, (str, bytes, dict)):
        return [listed(one) for one in values]
    return values


def grouped(scan):
    """The rows by run and tag, in the order of the first of each within its run."""
    groups = {}
    for row in scan.to_arrow().to_pylist():
        groups.setdefault((row["run"], row["tag"]), []).append(row)
    return groups


def only(log, kind, **filters):
    (series,) = getattr(tfevents.open(log.root), kind)(**filters).by_series()
    return series


def check(scan):
    expected = grouped(scan)
    found = list(scan.by_series())
    assert [(one.run, one.tag) for one in found] == list(expected)
    for one in found:
        rows = expected[one.run, one.tag]
        assert len(one) == len(rows)
        assert exact(one.to_arrow().to_pylist()) == exact(rows)
        assert one.to_arrow().schema == scan.schema
        for name in one.columns:
            column = exact(listed(getattr(one, name)))
            nan = [exact(float("nan")) if row[name] is None else None for row in rows]
            wanted = [n or exact(row[name]) for n, row in zip(nan, rows, strict=True)]
            assert column in (wanted, [exact(row[name]) for row in rows]), (one, name)


@pytest.mark.parametrize("kind", [*KINDS, "series", "events"])
def test_every_kind_is_split_into_its_rows(kind):
    check(getattr(tfevents.open(GOLDEN), kind)())


@pytest.mark.parametrize(("budget", "shared"), [(1, 0), (5000, 1 << 40), (100_000, 0)])
def test_a_run_that_is_too_large_is_read_in_groups(monkeypatch, budget, shared):
    monkeypatch.setattr(_by_series, "BUDGET", budget)
    monkeypatch.setattr(_by_series, "SHARED", shared)
    logs = tfevents.open(GOLDEN)
    for scan in (logs.scalars(runs="t*"), logs.histograms(tags="*"), logs.images(runs="tf*")):
        check(scan)
    check(tfevents.open(GOLDEN, restarts="last").scalars(runs="torch_all/*"))


def test_numbers_are_kept_and_read_only(log):
    log("a", [event(n, scalar("x", n), scalar("y", -n)) for n in range(5)])
    one = next(tfevents.open(log.root).scalars().by_series())
    assert one.value is one.value
    assert one.value.dtype == np.float64
    assert one.step.dtype == np.int64
    with pytest.raises(ValueError, match="read-only"):
        one.value[0] = 7


def test_the_dtype_of_a_series_depends_on_its_own_rows(log):
    """Also where it shares memory with a series that has nulls."""
    wave = b"RIFF\x28\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0"
    sounds = {"unknown": b"?", "wave": wave + b"data\x04\0\0\0abcd"}
    stored = [
        value(tag, "audio", tensor=tensor(7, [1, 2], string_val=[data, b""]))
        for tag, data in sounds.items()
    ]
    log("a", [event(n, *stored) for n in range(3)])
    unknown, known = tfevents.open(log.root).audio().by_series()
    assert (known.frames.dtype, known.frames.tolist()) == (np.int64, [2, 2, 2])
    assert (unknown.frames.dtype, np.isnan(unknown.frames).all()) == (np.float64, True)


def test_its_representation_counts_its_rows(log):
    log("a", [event(n, scalar("x", n), *[scalar("y", n)] * (n == 1)) for n in range(3)])
    series = [*map(repr, tfevents.open(log.root).scalars().by_series())]
    assert series == ["<tfevents.Series 'a' 'x' of 3 rows>", "<tfevents.Series 'a' 'y' of 1 row>"]


def test_histograms_of_one_number_of_buckets_are_a_matrix(log):
    rows = [[n, n + 1.0] for n in range(4)]
    log(
        "a", [event(n, histogram("h", [1.0, 2.0], row, min=0, max=2)) for n, row in enumerate(rows)]
    )
    one = only(log, "histograms")
    assert one.count.tolist() == rows
    assert (one.left.shape, one.right.tolist()) == ((4, 2), [[1.0, 2.0]] * 4)
    assert one.buckets[0] == [
        {"left": 0.0, "right": 1.0, "count": 0.0},
        {"left": 1.0, "right": 2.0, "count": 1.0},
    ]
    assert {"left", "right", "count", "buckets", "step", "min"} <= {*dir(one)}


def test_histograms_of_many_numbers_of_buckets_are_arrays(log):
    log("a", [event(n, histogram("h", [1.0, 2.0][:n], [n, 5.0][:n])) for n in (1, 2)])
    one = only(log, "histograms")
    assert [row.tolist() for row in one.count] == [[1.0], [2.0, 5.0]]
    assert all(isinstance(row, np.ndarray) for row in one.right)


def test_tensors_of_one_shape_keep_it_and_are_not_copied(log):
    def points(n):
        return tensor(1, [3, 2], float_val=[n + k for k in range(6)])

    log("a", [event(n, value("t", "mine", tensor=points(n))) for n in range(4)])
    one = only(log, "tensors", dtype="float32")
    assert one.values.shape == (4, 3, 2)
    assert one.values.dtype == np.float32
    assert one.values[3].tolist() == [[3, 4], [5, 6], [7, 8]]
    column = one.to_arrow()["values"].chunk(0).storage.values
    assert np.shares_memory(one.values, column.to_numpy())


def test_tensors_of_many_shapes_are_arrays(log):
    log(
        "a",
        [event(n, value("t", "mine", tensor=tensor(1, [n], float_val=[n] * n))) for n in (1, 2)],
    )
    one = only(log, "tensors", dtype="float32")
    assert [row.tolist() for row in one.values] == [[1], [2, 2]]
    assert one.shape.tolist() == [[1], [2]]


def test_tensors_without_values_are_none(log):
    log("a", [event(1, value("t", "mine", tensor=tensor(1, [2], float_val=[1, 2])))])
    log(
        "a",
        [event(2, value("t", "mine", tensor=tensor(7, [2], string_val=[b"a", b"b"])))],
        "2.tfevents",
    )
    one = only(log, "tensors", dtype="float32")
    assert one.values[0].tolist() == [1, 2]
    assert one.values[1] is None


def test_bytes_are_views(log):
    log("a", [event(n, image("i", b"\x89PNG" + bytes([n]) * 100_000)) for n in range(6)])
    one = only(log, "images")
    assert len(one.data) == 6
    assert isinstance(one.data[2], memoryview)
    assert one.data[2][:5] == b"\x89PNG\x02"
    assert one.data[-1] == one.data[5] == list(one.data)[5]
    assert one.data[0].format == "B"
    assert one.data[1:3] == [one.data[1], one.data[2]]
    with pytest.raises(IndexError):
        one.data[6]
    buffer = one.to_arrow()["data"].chunk(0).buffers()[2]
    at = np.frombuffer(one.data[0], np.uint8).ctypes.data
    assert buffer.address <= at < buffer.address + buffer.size


def test_text_is_lists_of_strings(log):
    log("a", [event(n, text("t", str(n), "x")) for n in range(2)])
    assert only(log, "text").text == [["0", "x"], ["1", "x"]]


def test_an_unknown_attribute_names_those_there_are(log):
    log("a", scalars("x", [1]))
    one = only(log, "scalars")
    with pytest.raises(AttributeError, match="run, tag, step, wall_time, value, not 'vlaue'"):
        _ = one.vlaue
    assert not hasattr(one, "_nothing")


def test_a_kept_series_keeps_no_more_than_itself(log):
    """Series of a run that lie scattered over its batches are copied out of them."""
    log(
        "a",
        [event(n, scalar("x", n), image("i", bytes(1000)), scalar("y", n)) for n in range(9000)],
    )
    series = list(tfevents.open(log.root).scalars().by_series())
    assert [one.tag for one in series] == ["x", "y"]
    assert sum(one.to_arrow().get_total_buffer_size() for one in series) < 9000 * 2 * 40


def test_many_small_series_of_many_runs_keep_their_rows(log):
    """Series that share memory, runs that share batches, names of files that grow in number."""
    for run in ("a", "b/c", "d"):
        for part in range(2):
            steps = range(part * 3, part * 3 + 3)
            tags = [f"t{n}" for n in range(400) if n % 7 or run != "a"]
            events = [event(n, *(scalar(tag, n + len(tag)) for tag in tags)) for n in steps]
            log(run, events, f"{part}.tfevents")
    columns = ["run", "tag", "step", "value", "file", "offset"]
    check(tfevents.open(log.root).scalars(columns=columns))
    check(tfevents.open(log.root).scalars(columns=["tag", "run"]))


def test_series_outlive_the_loop_and_the_log(log):
    log("a", [event(n, *(scalar(f"t{tag}", tag) for tag in range(50))) for n in range(20)])
    with tfevents.open(log.root) as logs:
        series = list(logs.scalars().by_series())
    assert [one.value.tolist() for one in series] == [[float(tag)] * 20 for tag in range(50)]
    assert [len(one) for one in series] == [20] * 50


def test_a_kept_small_series_keeps_little_of_the_others(log):
    log("a", [event(n, *(scalar(f"t{tag}", n) for tag in range(300))) for n in range(300)])
    one = next(tfevents.open(log.root).scalars().by_series())
    assert one.to_arrow().get_total_buffer_size() < 2 * _by_series.SHARED


def test_a_data_frame(log):
    log("a", [event(n, scalar("x", n)) for n in range(3)])
    frame = only(log, "scalars").to_pandas()
    assert frame["value"].tolist() == [0, 1, 2]
    assert list(frame.columns) == ["run", "tag", "step", "wall_time", "value"]


def test_histograms_in_pandas_stay_in_arrow(log):
    import pandas as pd

    log("a", [event(n, histogram("h", [1.0, 2.0], [n, 1.0])) for n in range(3)])
    scan = tfevents.open(log.root).histograms()
    frame = scan.to_pandas()
    assert isinstance(frame["buckets"].dtype, pd.ArrowDtype)
    assert frame["buckets"][2][0]["count"] == 2.0
    assert frame["step"].dtype == np.int64
    assert scan.to_pandas(types_mapper=None)["buckets"].dtype == object


def test_columns_run_and_tag_are_needed(log):
    log("a", scalars("x", [1]))
    logs = tfevents.open(log.root)
    with pytest.raises(ValueError, match="`columns` must name 'run' and 'tag'"):
        logs.scalars(columns=["value"]).by_series()
    for table in ("hparams", "files", "damage"):
        with pytest.raises(ValueError, match=rf"not {table}\(\): use to_arrow\(\), to_pandas\(\)"):
            getattr(logs, table)().by_series()
    one = next(logs.scalars(columns=["value", "tag", "run"]).by_series())
    assert one.to_arrow() == pa.table(logs.scalars(columns=["value", "tag", "run"]))
