"""Any Arrow consumer takes a `Scan` as it is, as often as it likes."""

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import tfevents
from eventfiles import GOLDEN, event, scalar, scalars, text
from oracle import KINDS, exact

TABLES = [*KINDS, "series", "events", "files", "damage", "hparams", "embeddings"]


@pytest.fixture
def logs(log):
    for run in range(3):
        log(f"run_{run}", [*scalars("loss", range(1000), run), *scalars("acc", range(500), run)])
    return tfevents.open(log.root)


class Counting:
    """Counts how often a stream is opened."""

    def __init__(self, scan):
        self.scan, self.streams = scan, 0

    def __arrow_c_schema__(self):
        return self.scan.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema=None):
        self.streams += 1
        return self.scan.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize("kind", TABLES)
def test_the_schema_is_that_of_the_stream(kind):
    scan = getattr(tfevents.open(GOLDEN), kind)()
    reader = pa.RecordBatchReader.from_stream(scan)
    assert reader.schema.equals(scan.schema, check_metadata=True)
    assert pa.schema(scan).equals(scan.schema, check_metadata=True)
    table = reader.read_all()
    table.validate(full=True)
    assert table.schema.equals(scan.schema, check_metadata=True)
    assert scan.to_arrow().schema.equals(scan.schema, check_metadata=True)
    assert all(batch.schema.equals(scan.schema) for batch in scan)
    assert (table.num_rows > 0) == (kind != "damage")


@pytest.mark.parametrize("kind", TABLES)
def test_every_way_out_gives_the_same_rows(kind):
    scan = getattr(tfevents.open(GOLDEN / "torch_all"), kind)()
    expected = exact(scan.to_arrow().to_pylist())
    assert exact(pa.table(scan).to_pylist()) == expected
    assert exact([row for batch in scan for row in batch.to_pylist()]) == expected
    assert exact([row for batch in scan.batches(3) for row in batch.to_pylist()]) == expected
    assert scan.count() == len(expected)


@pytest.mark.parametrize("kind", KINDS)
def test_polars_and_pandas_hold_the_same_rows(kind):
    scan = getattr(tfevents.open(GOLDEN), kind)()
    expected = scan.to_arrow()
    for frame in (pl.DataFrame(scan), scan.to_polars()):
        assert frame.columns == expected.column_names
        assert exact(frame.rows()) == exact([tuple(r.values()) for r in expected.to_pylist()])
    frame = scan.to_pandas()
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == expected.column_names
    assert len(frame) == expected.num_rows > 0
    assert frame["run"].astype(str).tolist() == expected.column("run").to_pylist()
    np.testing.assert_array_equal(frame["step"], expected.column("step").to_numpy())


def test_pandas_keeps_names_as_categories(logs):
    frame = logs.scalars().to_pandas()
    assert (str(frame["run"].dtype), str(frame["tag"].dtype)) == ("category", "category")
    means = frame.groupby(["run", "tag"], observed=True)["value"].max()
    assert means["run_1", "loss"] == 999 + 1 / 1024


def test_duckdb_queries_a_scan_by_its_name(logs):
    loss = logs.scalars(tags="loss")
    found = duckdb.sql("select run, max(value), count(*) from loss group by run order by run")
    assert found.fetchall() == [(f"run_{n}", 999 + n / 1024, 1000) for n in range(3)]
    assert loss.count() == 3000


def test_duckdb_opens_the_stream_once_a_query(logs):
    counted = Counting(logs.scalars())
    duckdb.sql("select sum(step) from counted").fetchall()
    assert counted.streams == 1
    duckdb.sql("select run from counted where step > 990 group by run").fetchall()
    assert counted.streams == 2


def test_duckdb_joins_two_scans(logs):
    connection = duckdb.connect()
    for tag in ("loss", "acc"):
        connection.register(tag, logs.scalars(tags=tag))
    found = connection.sql("select count(*) from loss join acc using (run, step)").fetchall()
    assert found == [(1500,)]


def test_a_stream_may_be_opened_any_number_of_times_and_side_by_side(logs):
    scan = logs.scalars()
    first, second = (pa.RecordBatchReader.from_stream(scan) for _ in range(2))
    assert first.read_next_batch().equals(second.read_next_batch())
    assert first.read_all().equals(second.read_all())
    assert [scan.count() for _ in range(3)] == [4500] * 3
    abandoned = iter(scan)
    next(abandoned)
    del abandoned
    assert scan.to_arrow().num_rows == 4500


@pytest.mark.parametrize("size", [1, 7, 1000, 4500, 10**9])
def test_batches_have_the_size_asked_for(logs, size):
    scan = logs.scalars()
    batches = list(scan.batches(size))
    sizes = [batch.num_rows for batch in batches]
    assert sum(sizes) == 4500
    assert all(n == size for n in sizes[:-1])
    assert 0 < sizes[-1] <= size
    rows = [row for batch in batches for row in batch.to_pylist()]
    assert rows == scan.to_arrow().to_pylist()
    assert all(isinstance(batch, pa.RecordBatch) for batch in batches)
    assert all(batch.schema.equals(scan.schema) for batch in batches)


@pytest.mark.filterwarnings("ignore::tfevents.NoMatchWarning")
def test_nothing_comes_of_nothing(logs):
    scan = logs.scalars(tags="nothing")
    assert (scan.count(), list(scan), list(scan.batches(5)), list(scan.by_series())) == (
        0,
        [],
        [],
        [],
    )
    assert scan.to_arrow().num_rows == len(scan.to_pandas()) == len(scan.to_polars()) == 0
    assert scan.to_arrow().schema.equals(scan.schema)
    assert duckdb.sql("select count(*) from scan").fetchall() == [(0,)]


def test_names_mean_the_same_in_every_batch(log):
    """Each batch brings its own dictionary, or all the same; the names are right either way."""
    for run in range(40):
        log(f"r{run}", [event(n, scalar(f"t{(n * 7 + run) % 13}", n)) for n in range(30)])
    logs = tfevents.open(log.root, threads=2)
    scan = logs.scalars()
    expected = [(f"r{run}", f"t{(n * 7 + run) % 13}", n) for run in range(40) for n in range(30)]
    table = scan.to_arrow().unify_dictionaries()
    columns = (table.column(name).to_pylist() for name in ("run", "tag", "step"))
    assert list(zip(*columns, strict=True)) == expected
    for chunk in table.column("tag").chunks:
        names = chunk.dictionary.to_pylist()
        assert len(names) == len(set(names))
        assert chunk.dictionary.null_count == chunk.null_count == 0
    rows = [
        (r["run"], r["tag"], r["step"]) for batch in scan.batches(100) for r in batch.to_pylist()
    ]
    assert rows == expected


def test_by_series_gives_arrays(logs):
    found = list(logs.scalars().by_series())
    assert [(s.run, s.tag, len(s)) for s in found] == [
        (f"run_{n}", tag, rows) for n in range(3) for tag, rows in (("loss", 1000), ("acc", 500))
    ]
    one = found[2]
    assert isinstance(one.step, np.ndarray)
    assert (one.step.dtype, one.value.dtype, one.wall_time.dtype) == ("i8", "f8", "f8")
    np.testing.assert_array_equal(one.step, np.arange(1000))
    np.testing.assert_array_equal(one.value, np.arange(1000) + 1 / 1024)
    assert one.columns == ["step", "wall_time", "value"]
    with pytest.raises(AttributeError, match="nothing"):
        _ = one.nothing


def test_by_series_puts_interleaved_tags_apart_in_the_order_they_began(log):
    generator = np.random.default_rng(1)
    tags = [f"t{n}" for n in generator.integers(0, 5, 3000)]
    log("a", [event(n, scalar(tag, n)) for n, tag in enumerate(tags)], "1.tfevents")
    log("a", [event(n, scalar("t0", n)) for n in range(3000, 3010)], "2.tfevents")
    found = {s.tag: s.step.tolist() for s in tfevents.open(log.root).scalars().by_series()}
    assert list(found) == list(dict.fromkeys(tags))
    assert len(found) == 5
    for tag, steps in found.items():
        expected = [n for n, one in enumerate(tags) if one == tag]
        assert steps == expected + (list(range(3000, 3010)) if tag == "t0" else [])


def test_by_series_holds_other_kinds_as_lists(log):
    log("a", [event(n, text("t", str(n))) for n in range(3)])
    (series,) = tfevents.open(log.root).text().by_series()
    assert series.text == [["0"], ["1"], ["2"]]
    with pytest.raises(ValueError, match="run"):
        tfevents.open(log.root).text(columns=["text"]).by_series()


def test_a_lazy_frame_reads_when_it_is_collected(logs):
    lazy = logs.scalars().to_polars(lazy=True)
    assert isinstance(lazy, pl.LazyFrame)
    frame = lazy.filter(pl.col("step") >= 998).select("step").collect()
    assert frame["step"].to_list() == [998, 999] * 3


def test_a_dataset_pushes_columns_and_conditions(logs):
    import pyarrow.dataset as ds

    dataset = logs.scalars().to_dataset()
    assert isinstance(dataset, ds.Dataset)
    assert dataset.schema.equals(logs.scalars().schema)
    table = dataset.to_table(columns=["step"], filter=ds.field("step") >= 998)
    assert table.column_names == ["step"]
    assert table.column("step").to_pylist() == [998, 999] * 3
    assert dataset.count_rows() == 4500
    found = duckdb.sql("select count(*) from dataset where tag = 'acc' and step < 10").fetchall()
    assert found == [(30,)]


def test_numbers_are_not_copied_on_their_way_to_numpy(logs):
    """Within a batch, numbers lie in one buffer without nulls that NumPy can look at."""
    for batch in logs.scalars():
        for name in ("step", "wall_time", "value"):
            array = batch.column(name)
            view = array.to_numpy(zero_copy_only=True)
            assert view.ctypes.data == array.buffers()[1].address + array.offset * 8
    table = logs.scalars().to_arrow()
    assert table.column("value").num_chunks <= table.num_rows // 100
    assert table.nbytes < 4500 * (4 + 4 + 8 + 8 + 8) * 1.15 + 1000
