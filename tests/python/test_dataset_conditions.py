"""Conditions on datasets: the rows that they give in memory, and no more read than they need."""

import re

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pytest
import tfevents
from datasets import RUNS, TAGS, rows
from eventfiles import GOLDEN
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

field = ds.field


# The same rows

names = {"run": [*RUNS, "none"], "tag": [*TAGS, "none"]}
numbers = {
    "step": st.sampled_from([-4, -3, 0, 3, 4, 2**24, 2**24 + 1, 2**53, 2**53 + 1, 2**62]),
    "wall_time": st.sampled_from([100.0, 100.5, 101.25, 104.0, float("inf")]),
    "value": st.sampled_from([0.0, 1.5, 3.0]),
}
COMPARISONS = ["__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"]


@st.composite
def leaves(draw):
    column = draw(st.sampled_from([*names, *numbers]))
    one = field(column)
    way = draw(st.sampled_from(["compare", "left", "isin", "null", "cast", "constant", "begins"]))
    if way == "null":
        return draw(st.sampled_from([one.is_valid(), one.is_null(), one == pa.scalar(None)]))
    if way == "constant":
        return pc.scalar(draw(st.sampled_from([True, False])))
    if column in names:
        values = st.sampled_from(names[column])
        if way == "isin":
            return one.isin(draw(st.lists(values | st.none(), max_size=15)))
        value = draw(values)
        if way == "begins":
            text = draw(st.sampled_from(["", "r", "run_", "lo", "loss", "acc[", "\U0010ffff"]))
            return pc.starts_with(one.cast(pa.string()), text, ignore_case=draw(st.booleans()))
        if way == "cast":
            one = one.cast(pa.string())
    else:
        values = numbers[column]
        if way == "isin":
            return one.isin(draw(st.lists(values, min_size=1, max_size=15)))
        value = draw(values)
        if column == "step":
            kind = draw(st.sampled_from([pa.int64(), pa.float64(), pa.float32()]))
            value = pa.scalar(value, pa.int64()).cast(kind, safe=False)
            if draw(st.booleans()) and kind != pa.int64():
                value = pa.scalar(value.as_py() + 0.5, kind)
            if way == "cast":
                one = one.cast(draw(st.sampled_from([pa.float64(), pa.float32()])), safe=False)
    if way == "left":
        return getattr(pc.scalar(value), draw(st.sampled_from(COMPARISONS)))(one)
    return getattr(one, draw(st.sampled_from(COMPARISONS)))(value)


conditions = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda two: two[0] & two[1]),
        st.tuples(inner, inner).map(lambda two: two[0] | two[1]),
        inner.map(lambda one: ~one),
    ),
    max_leaves=6,
)
own_filters = st.sampled_from(
    [
        {},
        {"runs": "run_*"},
        {"tags": "*a*"},
        {"tags": ["loss", "none"]},
        {"tags": re.compile("s|b")},
        {"steps": slice(0, None, 2)},
        {"steps": [1, 4, -3]},
        {"wall_time": (100.2, 103)},
    ]
)
many = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def found(dataset, condition):
    """The rows, or that pyarrow refuses the condition."""
    try:
        return rows(ds.Scanner.from_dataset(dataset, filter=condition))
    except (pa.ArrowException, TypeError):
        return "refused"


@many
@given(condition=conditions, filters=own_filters)
def test_conditions_give_the_rows_they_give_in_memory(root, condition, filters):
    scan = tfevents.open(root).scalars(**filters)
    dataset, real = scan.to_dataset(), ds.dataset(scan.to_arrow())
    plain = scan.to_dataset(dictionaries=False)
    for ours, theirs in (
        (dataset, real),
        (plain, ds.dataset(real.to_table().cast(plain.schema))),
    ):
        expected = found(theirs, condition)
        if expected == "refused":  # over a row that ours may not have to look at
            found(ours, condition)
            continue
        assert found(ours, condition) == expected
        assert rows(ours.to_table(filter=condition)) == expected


TAGGED = {
    "null": field("tag").is_null(),
    "no null": field("tag").is_valid(),
    "another": field("tag") != "text",
    "one or null": field("tag").isin(["text", None]),
    "none of": ~field("tag").isin(["text"]),
    "below or null": (field("tag") < "m") | field("tag").is_null(),
    "a prefix": pc.starts_with(field("tag").cast(pa.string()), "m"),
}


@pytest.mark.parametrize("name", TAGGED)
@pytest.mark.parametrize("kind", ["events", "meshes", "series", "histograms"])
def test_conditions_on_tags_hold_where_there_are_rows_without(kind, name):
    scan = getattr(tfevents.open(GOLDEN / "torch_all"), kind)()
    for dictionaries in (True, False):
        dataset = scan.to_dataset(dictionaries=dictionaries)
        real = ds.dataset(dataset.to_table())
        found, expected = (one.to_table(filter=TAGGED[name]) for one in (dataset, real))
        assert rows(found) == rows(expected)


def quoted(value):
    return "'" + value.replace("'", "''") + "'"


sql_leaves = st.one_of(
    st.builds(
        lambda c, o, v: f"{c} {o} {quoted(v)}",
        st.sampled_from(["run", "tag"]),
        st.sampled_from(["=", "<>", "<", ">="]),
        st.sampled_from(RUNS + TAGS),
    ),
    st.builds(
        lambda c, o, v: f"{c} {o}in ({', '.join(map(quoted, v))})",
        st.sampled_from(["run", "tag"]),
        st.sampled_from(["", "not "]),
        st.lists(st.sampled_from(RUNS + TAGS), min_size=1),
    ),
    st.builds(
        lambda c, a, b: f"{c} between {a} and {b}",
        st.sampled_from(["step", "wall_time", "value"]),
        st.sampled_from([-3, 0, 2.5, 100, 100.5]),
        st.sampled_from([3, 4.5, 104, 9007199254740993]),
    ),
    st.builds(
        lambda v: f"step in ({', '.join(map(str, v))})", st.lists(st.integers(-3, 5), min_size=1)
    ),
    st.sampled_from(
        [
            *("run like 'run%'", "tag like 'a%'", "tag not like 'lo%'", "starts_with(tag, 'a ')"),
            *("tag is null", "run is not null", "tag > 'b'", "tag between 'acc' and 'b'"),
            *("step >= 2.5", "3 > step", "tag ilike '%A%'"),
        ]
    ),
)
sql = st.recursive(
    sql_leaves,
    lambda inner: st.one_of(
        st.tuples(inner, inner, st.sampled_from(["and", "or"])).map(
            lambda t: f"({t[0]} {t[2]} {t[1]})"
        ),
        inner.map(lambda one: f"not ({one})"),
    ),
    max_leaves=5,
)


@many
@given(where=sql)
def test_duckdb_finds_the_rows_it_finds_in_memory(scan, where):
    connection = duckdb.connect()
    found, expected = (
        connection.from_arrow(rows).filter(where).fetchall()
        for rows in (scan.to_dataset(), scan.to_arrow())
    )
    assert sorted(map(str, found)) == sorted(map(str, expected))


polars_leaves = st.one_of(
    st.builds(lambda c, v: pl.col(c) == v, st.sampled_from(["run", "tag"]), st.sampled_from(RUNS)),
    st.builds(lambda v: pl.col("run").is_in(v), st.lists(st.sampled_from(RUNS), min_size=1)),
    st.builds(lambda v: pl.col("tag").is_in(v), st.lists(st.sampled_from(TAGS), min_size=1)),
    st.builds(lambda v: pl.col("step").is_in(v), st.lists(st.integers(-3, 5), min_size=1)),
    st.builds(lambda v: pl.col("step") >= v, st.sampled_from([0, 2.5, 2**53])),
    st.builds(lambda v: pl.col("wall_time") < v, st.sampled_from([100.5, 103.0])),
)
polars_conditions = st.recursive(
    polars_leaves,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda two: two[0] & two[1]),
        st.tuples(inner, inner).map(lambda two: two[0] | two[1]),
        inner.map(lambda one: ~one),
    ),
    max_leaves=5,
)


@many
@given(condition=polars_conditions)
def test_polars_finds_the_rows_it_finds_in_memory(scan, condition):
    for dictionaries in (True, False):
        dataset = scan.to_dataset(dictionaries=dictionaries)
        found, expected = (
            pl.scan_pyarrow_dataset(one).filter(condition).collect().rows()
            for one in (dataset, ds.dataset(dataset.to_table()))
        )
        assert list(map(str, found)) == list(map(str, expected))


# What is read


@pytest.fixture
def read(monkeypatch):
    """How many rows the streams of narrowed scans hold."""
    counted = []
    original = tfevents._scan.Scan._narrowed

    def narrowed(scan, columns, conditions):
        found = original(scan, columns, conditions)
        counted.append((found._native.count(), found.schema.names))
        return found

    monkeypatch.setattr(tfevents._scan.Scan, "_narrowed", narrowed)
    return counted


run, tag, step = field("run"), field("tag"), field("step")
PUSHED = {
    "equal": (run == "run_2", 30),
    "not equal": (run != "run_2", 120),
    "below": (run < "run_1", 60),
    "isin": (run.isin(["run_2", "none"]), 30),
    "isin of many": (run.isin(["run_2", *map(str, range(30))]), 30),
    "not isin": (~run.isin(["run_2"]), 120),
    "or": ((run == "run_2") | (run == "run_1"), 60),
    "literal left": (pc.scalar("run_2") == run, 30),
    "not": (~((run != "run_2") | (tag != "loss")), 10),
    "cast": (run.cast(pa.string()) == "run_2", 30),
    "tag": (tag.isin(["loss"]), 50),
    "not a tag": (tag != "loss", 100),
    "neither tag": (~tag.isin(["loss", "a b"]), 50),
    "tags below": (tag < "acc", 50),
    "tags between": ((tag >= "acc") & (tag <= "loss"), 100),
    "a prefix": (pc.starts_with(tag.cast(pa.string()), "a"), 100),
    "no prefix": (~pc.starts_with(run.cast(pa.string()), "run_"), 60),
    "no tag": (tag.is_null(), 0),
    "no step": (step.is_null() | ~run.is_valid(), 0),
    "some tag": (tag.is_valid() & (tag != "loss"), 100),
    "two columns": (((run == "run_1") & (tag == "loss")) | (run == "run_2"), 60),
    "float bound": ((step >= 2.5) & (step <= 4.5), 45),
    "steps": (step.isin([1, 4]), 45),
    "steps apart": ((step < 0) | (step == 1), 45),  # step 0 lies between
    "wall_time": (field("wall_time") > 1e17, 0),
    "if_else": (pc.if_else(run.is_valid(), run.isin(["run_2"]), pc.scalar(None)), 30),
    "constant": (pc.scalar(False), 0),
}


@pytest.mark.parametrize("name", PUSHED)
def test_a_condition_restricts_what_is_read(dataset, read, name):
    condition, expected = PUSHED[name]
    dataset.to_table(columns=["value"], filter=condition)
    assert read[-1][0] == expected


def test_only_the_columns_needed_are_read(dataset, read):
    dataset.to_table(columns=["value"], filter=field("step") > 3)
    assert read[-1][1] == ["step", "value"]
    dataset.to_table(columns={"x": field("tag")})
    assert read[-1][1] == ["tag"]
    dataset.count_rows(filter=field("run") == "run_1")
    assert read[-1][1] == ["run"]


@pytest.mark.newest  # to pyarrow 16 DuckDB hands no conditions on strings
def test_engines_hand_their_conditions_on(scan, read):
    dataset, plain = scan.to_dataset(), scan.to_dataset(dictionaries=False)
    for where in (
        "run in ('run_2', 'none')",
        "run = 'run_2' or run = 'none'",
        "step between 1 and 2",
        "step in (1, 2)",
    ):
        assert duckdb.from_arrow(dataset).filter(where).count("*").fetchall() == [(30,)]
        assert read[-1][0] == 30
    for where, expected in (("tag <> 'loss'", 100), ("tag > 'b'", 50), ("tag is null", 0)):
        assert duckdb.from_arrow(plain).filter(where).count("*").fetchall() == [(expected,)]
        assert read[-1][0] == expected
    assert pl.scan_pyarrow_dataset(plain).filter(pl.col("run").is_in(["run_2"])).collect().height
    assert read[-1][0] == 30


def test_native_readers_pass_runs_over(dataset):
    fragments = dataset.get_fragments(filter=(run == "run_2") | (run == "none"))
    assert [fragment.path for fragment in fragments] == ["run_2"]
