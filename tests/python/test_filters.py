"""Filters: what comes out filtered is what reading all and then filtering leaves."""

import fnmatch
import re
import tempfile
from pathlib import Path

import pytest
import tfevents
from eventfiles import (
    GOLDEN,
    event,
    histogram,
    image,
    record,
    scalar,
    scalars,
    start,
    tensor,
    text,
    value,
    version,
    vertices,
    write,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import KINDS, exact

#: Many of these filters are meant to leave nothing.
pytestmark = pytest.mark.filterwarnings("ignore::tfevents.NoMatchWarning")

TAGS = ["loss/train", "loss/val", "acc", "lossy", "Loss/x", "acc[top1]"]
RUNS = [".", "a", "a/b", "run_2", "run_10", "lr=[1, 2]"]

#: Every kind that an event can hold, made from a tag and a number.
VALUES = [
    scalar,
    lambda tag, n: value(tag, "scalars", tensor=tensor(2, [], double_val=[n])),
    lambda tag, n: value(tag, tensor=tensor(1, [], float_val=[n])),
    lambda tag, n: histogram(tag, [1.0, 2.0], [n, 1], num=n + 1, max=2.0),
    lambda tag, n: value(tag, "histograms", tensor=tensor(2, [1, 3], double_val=[0, 1, n])),
    lambda tag, n: text(tag, f"text {n}"),
    lambda tag, n: image(tag, b"\x89PNG" + bytes([n % 256]) * 20),
    lambda tag, n: image(tag, b"GIF8" + bytes([n % 256]) * 20_000),
    lambda tag, n: value(tag, "mine", tensor=tensor(3, [2], int_val=[n, 1])),
    lambda tag, n: value(tag, "mine", tensor=tensor(7, [1], string_val=[b"%d" % n])),
    lambda tag, n: value(tag, "pr_curves", tensor=tensor(1, [6, 1], float_val=[n] * 6)),
    lambda tag, n: vertices(tag, n, n, n),
    lambda tag, n: vertices(tag, n, n, n, stated=False),
    lambda tag, n: value(tag, "graph_keras_model", tensor=tensor(7, [], string_val=[b"%d" % n])),
]

points = st.tuples(
    st.sampled_from(TAGS), st.integers(-3, 12), st.integers(0, 20), st.sampled_from(VALUES)
)
logs_of_points = st.dictionaries(
    st.sampled_from(RUNS), st.lists(points, max_size=12), min_size=1, max_size=4
)
globs = st.sampled_from(
    ["*", "loss/*", "a*", "l?ss*", "[Ll]oss/*", "acc", "nothing", "*1*", ".", "acc[top1]", "loss**"]
)
steps_filters = st.one_of(
    st.none(),
    st.integers(-3, 12),
    st.lists(st.integers(-4, 13), max_size=4),
    st.builds(
        lambda a, n, stride: slice(a, None if n is None or a is None else a + n, stride),
        st.none() | st.integers(-4, 13),
        st.none() | st.integers(0, 9),
        st.none() | st.integers(1, 4),
    ),
    st.builds(
        lambda a, n, s: range(a, a + n, s), st.integers(-4, 9), st.integers(0, 9), st.just(2)
    ),
    st.builds(lambda b: slice(None, b), st.integers(-4, 13)),
)
name_filters = st.one_of(st.none(), globs, st.lists(globs, max_size=3))


def names_match(given, name):
    if given is None:
        return True
    given = [given] if isinstance(given, str) else given
    return any(name == glob or fnmatch.fnmatchcase(name, glob) for glob in given)


def step_matches(given, step):
    if given is None:
        return True
    if isinstance(given, int):
        return step == given
    if isinstance(given, slice):
        first, stride = given.start or 0, given.step or 1
        return (
            (given.start is None or step >= given.start)
            and (given.stop is None or step < given.stop)
            and (step - first) % stride == 0
        )
    return step in given


def read(logs, kind, **filters):
    return getattr(logs, kind)(**filters).to_arrow().to_pylist()


def write_log(root, described):
    for run, of_run in described.items():
        payloads = [event(step, make(tag, abs(step)), wall_time=t) for tag, step, t, make in of_run]
        write(root / run / "x.tfevents", [version(0.0), *payloads])


@settings(max_examples=60, deadline=None)
@given(
    described=logs_of_points,
    runs=name_filters,
    tags=name_filters,
    steps=steps_filters,
    wall_time=st.none() | st.tuples(st.integers(0, 20), st.integers(0, 20)).map(sorted),
    threads=st.sampled_from([1, 3]),
)
def test_filtered_equals_read_then_filtered(described, runs, tags, steps, wall_time, threads):
    with tempfile.TemporaryDirectory() as folder:
        write_log(Path(folder), described)
        logs = tfevents.open(folder, threads=threads)
        for kind in KINDS:
            everything = read(logs, kind)
            expected = [
                row
                for row in everything
                if names_match(runs, row["run"])
                and names_match(tags, row["tag"])
                and step_matches(steps, row["step"])
                and (wall_time is None or wall_time[0] <= row["wall_time"] <= wall_time[1])
            ]
            filters = {"runs": runs, "tags": tags, "steps": steps, "wall_time": wall_time}
            assert exact(read(logs, kind, **filters)) == exact(expected)
            assert getattr(logs, kind)(**filters).count() == len(expected)


@settings(max_examples=40, deadline=None)
@given(described=logs_of_points, steps=steps_filters, tags=name_filters)
def test_filtering_comes_after_restarts(described, steps, tags):
    with tempfile.TemporaryDirectory() as folder:
        write_log(Path(folder), described)
        write(Path(folder) / "a" / "y.tfevents", [version(50.0), start(4), *scalars("acc", [4])])
        logs = tfevents.open(folder, restarts="last")
        for kind in ("scalars", "histograms", "tensors"):
            expected = [
                row
                for row in read(logs, kind)
                if step_matches(steps, row["step"]) and names_match(tags, row["tag"])
            ]
            assert exact(read(logs, kind, steps=steps, tags=tags)) == exact(expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("writer", ["torch_all", "tf2_all", "tf1_all", "tbx_all"])
def test_each_column_alone_is_that_column(writer, kind):
    scan = getattr(tfevents.open(GOLDEN / writer), kind)
    whole = scan().schema.names
    provenance = ["file", "offset", "attempt"]
    table = scan(columns=[*whole, *provenance]).to_arrow().to_pylist()
    for name in [*whole, *provenance]:
        alone = scan(columns=[name]).to_arrow()
        assert alone.column_names == [name]
        assert exact(alone.to_pylist()) == exact([{name: row[name]} for row in table])
    backwards = scan(columns=whole[::-1]).to_arrow()
    assert backwards.column_names == whole[::-1]
    assert exact(backwards.to_pylist()) == exact([{n: row[n] for n in whole} for row in table])


def test_provenance_points_at_the_record(log):
    payloads = [version(), *scalars("x", range(5))]
    path = log("r", payloads)
    offsets = [sum(len(record(p)) for p in payloads[:n]) for n in range(len(payloads))]
    rows = read(tfevents.open(log.root), "scalars", columns=["step", "file", "offset", "attempt"])
    assert rows == [
        {"step": n, "file": str(path), "offset": offsets[n + 1], "attempt": 0} for n in range(5)
    ]


def test_no_columns_are_no_columns_but_all_rows(log):
    log(".", scalars("x", range(5)))
    table = tfevents.open(log.root).scalars(columns=[]).to_arrow()
    assert (table.num_columns, table.num_rows) == (0, 5)


#: Names as Hydra, sweeps and people make them.
ODD_NAMES = [
    "lr=[0.1, 0.2],opt={name: adam}",
    "acc[top1]",
    "a[",
    "[!]",
    "x**y",
    "*",
    "two  spaces",
    "line\nbreak",
    'it\'s "quoted"',
    "tab\tand \\ backslash",
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_name_matches_itself_in_every_filter(log, name):
    of_run = [event(1, scalar(name, 1), histogram(name, [1.0], [1]), text(name, "t"))]
    log(name, of_run)
    log("another", [event(1, scalar("another", 1), histogram("another", [1.0], [1]))])
    logs = tfevents.open(log.root)
    for wanted in (name, [name], ["nothing", name], re.compile(f"^{re.escape(name)}$")):
        for kind in ("scalars", "histograms", "text", "series", "events"):
            found = getattr(logs, kind)(runs=wanted, tags=wanted).to_arrow()
            assert set(found["run"].to_pylist()) >= {name}
            assert set(found["tag"].to_pylist()) >= {name}
            if name != "*" or isinstance(wanted, re.Pattern):
                assert set(found["run"].to_pylist()) == {name}
        assert name in logs.files(runs=wanted).to_arrow()["run"].to_pylist()


def test_what_is_no_glob_matches_the_equal_name_only(log):
    log("a", [event(1, scalar("a[", 1), scalar("a", 2), scalar("[a", 3))])
    rows = read(tfevents.open(log.root), "scalars", tags=["a[", "[z"])
    assert [row["tag"] for row in rows] == ["a["]


def test_several_stars_match_as_one(log):
    log(".", [event(1, *(scalar(tag, 1) for tag in TAGS))])
    for glob in ("loss**", "l***", "**ss/**"):
        rows = read(tfevents.open(log.root), "scalars", tags=glob)
        expected = [tag for tag in TAGS if fnmatch.fnmatchcase(tag, glob)]
        assert [row["tag"] for row in rows] == expected


def test_a_hundred_thousand_names_may_be_given(log):
    log(".", [event(n // 500, scalar(f"tag{n % 500}", n)) for n in range(5_000)])
    names = [f"tag{n}" for n in range(250, 100_000)]
    assert tfevents.open(log.root).scalars(tags=names).count() == 2_500


def test_a_pattern_searches(log):
    log("a", [event(1, *(scalar(tag, 1) for tag in TAGS))])
    log("ab", [event(1, *(scalar(tag, 2) for tag in TAGS))])
    logs = tfevents.open(log.root)
    tags = [row["tag"] for row in read(logs, "scalars", tags=re.compile("ss/|^a"), runs="a")]
    assert tags == ["loss/train", "loss/val", "acc", "Loss/x", "acc[top1]"]
    assert {row["run"] for row in read(logs, "scalars", runs=re.compile("b$"))} == {"ab"}
    assert read(logs, "scalars", tags=re.compile("nothing")) == []


@pytest.mark.parametrize(
    "steps",
    [
        slice(10, 9),
        slice(3, 3),
        range(5, 1),
        range(1, 5, -1),
        slice(2**70, None),
        slice(None, -(2**70)),
        slice(-(2**70), -(2**63) + 1, 5),
        [],
    ],
)
def test_steps_that_are_empty_in_python_are_empty_here(log, steps):
    log("a", scalars("x", range(12)))
    logs = tfevents.open(log.root)
    assert read(logs, "scalars", steps=steps) == []
    assert logs.scalars(steps=steps).count() == 0


def test_a_descending_range_is_the_steps_in_it(log):
    log("a", scalars("x", range(12)))
    rows = read(tfevents.open(log.root), "scalars", steps=range(9, 0, -4))
    assert [row["step"] for row in rows] == [1, 5, 9]


def test_a_star_matches_slashes_and_case_counts(log):
    log(".", [event(1, *(scalar(tag, 1) for tag in TAGS))])
    tags = [r["tag"] for r in read(tfevents.open(log.root), "scalars", tags="l*")]
    assert tags == ["loss/train", "loss/val", "lossy"]


@pytest.mark.parametrize(
    ("plugin", "kind", "tags"),
    [
        ("mine", "tensors", ["m"]),
        ("scalars", "scalars", ["s", "legacy"]),
        ("text", "tensors", ["t"]),
        ("text", "text", ["t"]),
        ("text", "scalars", []),
        ("nothing", "tensors", []),
    ],
)
def test_a_plugin_is_asked_for_by_its_exact_name(log, plugin, kind, tags):
    one = tensor(1, [], float_val=[1])
    log(
        ".",
        [
            event(0, value("m", "mine", tensor=one)),
            event(1, value("s", "scalars", tensor=one)),
            event(2, scalar("legacy", 1)),
            event(3, text("t", "x")),
            event(4, value("bare", tensor=one)),
        ],
    )
    rows = read(tfevents.open(log.root), kind, plugin=plugin)
    assert [row["tag"] for row in rows] == tags


def test_ends_of_wall_time_are_included(log):
    log(".", [event(n, scalar("x", n), wall_time=float(n)) for n in range(5)])
    logs = tfevents.open(log.root)
    assert [r["step"] for r in read(logs, "scalars", wall_time=(1, 3))] == [1, 2, 3]
    assert [r["step"] for r in read(logs, "scalars", wall_time=(3.0, None))] == [3, 4]


def test_bounds_beyond_64_bits_exclude_nothing_more(log):
    log(".", [event(n, scalar("x", 1), wall_time=1.0) for n in (-(2**63), 0, 2**63 - 1)])
    logs = tfevents.open(log.root)
    assert len(read(logs, "scalars", steps=slice(-(2**70), 2**70))) == 3
    assert read(logs, "scalars", steps=[2**70]) == []


@pytest.mark.parametrize("kind", ["series", "events"])
def test_series_and_events_take_the_same_filters(log, kind):
    log("a", [*scalars("x", range(10)), *scalars("y", range(10))])
    log("b", scalars("x", range(10)))
    logs = tfevents.open(log.root)
    rows = read(logs, kind, runs="a", tags="x", steps=slice(3, 6))
    if kind == "series":
        assert [
            (r["run"], r["tag"], r["count"], r["first_step"], r["last_step"]) for r in rows
        ] == [("a", "x", 3, 3, 5)]
    else:
        assert [(r["run"], r["tag"], r["step"]) for r in rows] == [("a", "x", n) for n in (3, 4, 5)]


def test_dtype_asks_for_typed_values(log):
    import numpy as np

    log(
        ".",
        [
            event(0, value("t", "mine", tensor=tensor(1, [2], float_val=[1, 2]))),
            event(1, value("t", "mine", tensor=tensor(3, [2], int_val=[3, 4]))),
        ],
    )
    logs = tfevents.open(log.root)
    table = logs.tensors(dtype="float32").to_arrow()
    (stacked,) = [table.column("values").combine_chunks().to_numpy_ndarray()]
    assert stacked.dtype == np.float32
    assert stacked.tolist() == [[1, 2], [3, 4]]
    log("more", [event(0, value("t", "mine", tensor=tensor(1, [3], float_val=[1, 2, 3])))])
    ragged = tfevents.open(log.root).tensors(dtype="float64").to_arrow()
    assert ragged.column("values").to_pylist() == [[1, 2], [3, 4], [1, 2, 3]]
    assert str(ragged.schema.field("values").type.value_type) == "double"


@pytest.mark.parametrize("number", [2**53 + 1, -(2**63), 2**63 - 1])
def test_typed_integers_are_exact(log, number):
    log(".", [event(0, value("t", "mine", tensor=tensor(9, [1], int64_val=[number])))])
    table = tfevents.open(log.root).tensors(dtype="int64").to_arrow()
    assert table.column("values").combine_chunks().to_numpy_ndarray().tolist() == [[number]]


def test_whole_numbers_stay_exact_in_another_dtype(log):
    log(".", [event(0, value("t", "mine", tensor=tensor(9, [1], int64_val=[2**53 + 1])))])
    table = tfevents.open(log.root).tensors(dtype="uint64").to_arrow()
    assert table.column("values").combine_chunks().to_numpy_ndarray().tolist() == [[2**53 + 1]]
