"""Results carry the runs, tags and files that have rows, and no others."""

import pyarrow as pa
import pytest
import tfevents
from eventfiles import GOLDEN, event, histogram, scalar, start, text
from oracle import KINDS

#: Many of these filters are meant to leave nothing.
pytestmark = pytest.mark.filterwarnings("ignore::tfevents.NoMatchWarning")

TABLES = [*KINDS, "series", "events", "embeddings", "hparams"]


def in_order(values):
    return list(dict.fromkeys(value for value in values if value is not None))


def check(table):
    """Every dictionary holds what the column has, in the order of the first rows."""
    for name, column in zip(table.column_names, table.columns, strict=True):
        if name not in ("run", "tag", "file") or not pa.types.is_dictionary(column.type):
            continue
        for chunk in column.chunks:
            assert chunk.dictionary.to_pylist() == in_order(column.to_pylist()), name


@pytest.fixture
def logs(log):
    """Runs of which some have no rows of a kind, in files that are read piece by piece."""
    for n in range(20):
        values = [scalar("b", n), scalar("a", n)] if n % 3 else []
        values += [histogram(f"h{n}", [1.0], [1])] if n % 2 else [text("t", str(n))]
        log(f"run_{n}", [event(1, *values)], "1.tfevents")
        log(f"run_{n}", [start(1), event(1, *values)] if n % 4 else [], "2.tfevents")
    return log.root


@pytest.mark.parametrize("restarts", ["all", "last"])
@pytest.mark.parametrize("threads", [1, 3])
def test_dictionaries_hold_what_rows_have(logs, restarts, threads):
    opened = tfevents.open(logs, restarts=restarts, threads=threads)
    for table in TABLES:
        read = getattr(opened, table)
        check(read().to_arrow())
        check(read(runs=["run_3", "run_1*", "nothing*"]).to_arrow())
        if table in KINDS:
            check(read(tags=["h5", "a"]).to_arrow())
            check(read(steps=slice(2, None)).to_arrow())
            check(read(columns=["file", "tag", "run", "attempt"]).to_arrow())
    assert opened.scalars(runs="run_7").to_arrow()["run"].chunk(0).dictionary.to_pylist() == [
        "run_7"
    ]


@pytest.mark.parametrize("name", sorted(p.name for p in GOLDEN.iterdir() if p.is_dir()))
@pytest.mark.parametrize("restarts", ["all", "last"])
def test_dictionaries_of_golden_logs_hold_what_rows_have(name, restarts):
    opened = tfevents.open(GOLDEN / name, restarts=restarts)
    for table in TABLES:
        check(getattr(opened, table)().to_arrow())


def test_the_dictionaries_of_a_stream_grow_and_hold_no_other_run(logs):
    opened = tfevents.open(logs)
    wanted = ["run_2", "run_4", "run_11"]
    for table in (opened.scalars, opened.text, opened.events, opened.series):
        before = []
        for batch in table(runs=wanted):
            runs = batch.column("run").dictionary.to_pylist()
            assert runs[: len(before)] == before
            assert set(runs) <= set(wanted)
            before = runs


def test_categories_in_pandas_are_the_runs_there_are(logs):
    pytest.importorskip("pandas")
    frame = tfevents.open(logs).scalars(runs=["run_1", "run_10", "run_2"]).to_pandas()
    assert list(frame["run"].cat.categories) == ["run_1", "run_2", "run_10"]
    assert list(frame["tag"].cat.categories) == ["b", "a"]


def test_large_files_number_their_tags_by_the_first_row(log):
    """The pieces of one file meet the tags in different orders."""
    filler = [event(9, scalar("filler", 0), text("t", "x" * 1000))] * 9_000
    first = event(1, scalar("not yet", 0), scalar("b", 1))
    log("r", [first, *filler, event(5, scalar("a", 1)), event(6, scalar("not yet", 1))])
    opened = tfevents.open(log.root)
    check(opened.scalars().to_arrow())
    check(opened.scalars(steps=slice(5, None)).to_arrow())
    check(opened.scalars(steps=slice(2, 8)).to_arrow())
