"""`Scan.to_dataset()` is a dataset like any other, and reads no more than its conditions need."""

import pickle
import random
import subprocess
import sys
import textwrap

import duckdb
import eventfiles
import polars as pl
import pyarrow as pa
import pyarrow.acero as acero
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pytest
import tfevents
from eventfiles import GOLDEN, event, scalar
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

RUNS = ["run_1", "run_2", "run_10", "lr=[0.1, 0.2]", 'quo"te\n']
FIRST_RUN = "lr=[0.1, 0.2]"  # in natural order
TAGS = ["loss", "acc[top1]", "a b"]
field = ds.field


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("logs")
    generator = random.Random(1)
    for number, run in enumerate(RUNS):
        events = [
            event(
                step,
                *(scalar(tag, generator.choice([number, float("nan"), step])) for tag in TAGS),
                wall_time=generator.choice([100.0 + step, float("nan"), 100.5]),
            )
            for step in [*range(6), -3, 2**53 + 1, 2**24 + 1, 4]
        ]
        eventfiles.write(root / run / eventfiles.NAME, events)
    return root


@pytest.fixture(scope="module")
def scan(root):
    return tfevents.open(root).scalars()


@pytest.fixture
def dataset(scan):
    return scan.to_dataset()


@pytest.fixture(scope="module")
def real(scan):
    return ds.dataset(scan.to_arrow())


def rows(found):
    """Rows as text, for NaN is not equal to NaN."""
    table = found if isinstance(found, pa.Table) else found.to_table()
    return [str(row) for row in table.to_pylist()]


# Every method


def every_batch(batches):
    return pa.Table.from_batches(list(batches))


CONDITION = (field("run") == "run_2") | (field("step") > 3)

#: What is called on ours and on a real dataset, for every public name of a dataset.
METHODS = {
    "count_rows": lambda d: (d.count_rows(), d.count_rows(filter=CONDITION)),
    "filter": lambda d: rows(d.filter(CONDITION).filter(field("step") < 9)),
    "get_fragments": lambda d: [r for f in d.get_fragments() for r in rows(f)],
    "head": lambda d: rows(d.head(7, columns=["tag", "step"], filter=CONDITION)),
    "join": lambda d: sorted(
        rows(
            d.filter(field("run") == "run_1").join(
                d.filter(field("run") == "run_1"), keys=["run", "tag", "step"], right_suffix="_r"
            )
        )
    ),
    "join_asof": None,  # pyarrow refuses dictionaries; tested below
    "partition_expression": lambda d: str(d.partition_expression),
    "replace_schema": lambda d: rows(
        d.replace_schema(pa.schema([d.schema.field("step"), pa.field("new", pa.int8())]))
    ),
    "scanner": lambda d: rows(d.scanner(columns=["step"], filter=CONDITION, batch_size=3)),
    "schema": lambda d: d.schema,
    "sort_by": lambda d: rows(d.sort_by([("step", "descending"), ("value", "ascending")])),
    "take": lambda d: rows(d.take(pa.array([5, 3, 3]), columns=["run", "step"])),
    "to_batches": lambda d: rows(every_batch(d.to_batches(filter=CONDITION, batch_size=4))),
    "to_table": lambda d: rows(d.to_table(columns={"x": field("step") * 2}, filter=CONDITION)),
}

#: Names of datasets of files, which a dataset in memory does not have.
FILES = {
    "files": lambda d: len(d.files) == len(RUNS),
    "filesystem": lambda d: d.filesystem.type_name == "py::tfevents",
    "format": lambda d: d.format == ds.IpcFileFormat(),
    "from_paths": lambda d: callable(d.from_paths),
    "partitioning": lambda d: d.partitioning is None,
}

SCANNER = {
    "count_rows": lambda s: s.count_rows(),
    "dataset_schema": lambda s: "step" in s.dataset_schema.names,
    "head": lambda s: rows(s.head(5)),
    "projected_schema": lambda s: s.projected_schema,
    "scan_batches": lambda s: rows(every_batch(b.record_batch for b in s.scan_batches())),
    "take": lambda s: rows(s.take(pa.array([1, 0]))),
    "to_batches": lambda s: rows(every_batch(s.to_batches())),
    "to_reader": lambda s: rows(s.to_reader().read_all()),
    "to_table": lambda s: rows(s.to_table()),
    "from_batches": None,  # makes a scanner of something else
    "from_dataset": None,  # is how these scanners are made, below
    "from_fragment": None,
}


def public(thing):
    return {name for name in dir(thing) if not name.startswith("_")}


def test_every_public_name_is_tried(dataset):
    assert public(type(dataset)) == METHODS.keys() | FILES.keys()
    assert public(ds.Scanner) == SCANNER.keys()


@pytest.mark.parametrize("name", [name for name, call in METHODS.items() if call])
def test_a_method_does_what_that_of_a_dataset_in_memory_does(dataset, real, name):
    if name == "replace_schema":
        assert METHODS[name](dataset) == rows(
            real.to_table(columns={"step": field("step"), "new": pc.scalar(None).cast(pa.int8())})
        )
    else:
        assert METHODS[name](dataset) == METHODS[name](real)


@pytest.mark.parametrize("name", FILES)
def test_it_is_a_dataset_of_one_file_for_each_run(dataset, name):
    assert FILES[name](dataset)


@pytest.mark.parametrize("make", ["scanner", "from_dataset", "from_fragment"])
@pytest.mark.parametrize("name", [name for name, call in SCANNER.items() if call])
def test_a_scanner_does_what_that_of_a_dataset_in_memory_does(dataset, real, name, make):
    columns = ["tag", "step"]

    def scanner(d):
        if make == "scanner":
            return d.scanner(columns=columns, filter=CONDITION)
        if make == "from_dataset":
            return ds.Scanner.from_dataset(d, columns=columns, filter=CONDITION)
        one = next(iter(d.get_fragments()))
        only = field("run") == FIRST_RUN
        return ds.Scanner.from_fragment(one, schema=d.schema, columns=columns, filter=only)

    assert SCANNER[name](scanner(dataset)) == SCANNER[name](scanner(real))


def test_a_scanner_of_a_stream_refuses_a_second_pass(dataset):
    scanner = dataset.scanner()
    assert scanner.count_rows() == 150
    with pytest.raises(pa.ArrowInvalid, match="already scanned"):
        scanner.to_table()
    again = ds.Scanner.from_dataset(dataset)
    assert again.count_rows() == again.to_table().num_rows == 150


def test_what_is_native_reads_it(dataset, real):
    for both in (ds.dataset([dataset, dataset]), ds.UnionDataset(dataset.schema, [dataset] * 2)):
        assert rows(both) == rows(real) * 2
    scanned = acero.Declaration("scan", acero.ScanNodeOptions(dataset))
    assert sorted(rows(scanned.to_table().select(real.schema.names))) == sorted(rows(real))


def test_names_are_sorted_and_joined(dataset, real):
    for key in ("run", "tag"):
        found = dataset.sort_by(key).to_table()
        assert found[key].to_pylist() == sorted(real.to_table()[key].to_pylist())
        assert found.schema == dataset.schema
    wanted = dataset.filter((field("step") == 4) & (field("tag") == "loss"))
    other = ds.dataset(pa.table({"run": RUNS, "lr": [1, 2, 3, 4, 5]}))
    joined = wanted.join(other, keys="run").to_table().to_pylist()
    assert sorted({(row["run"], row["lr"]) for row in joined}) == sorted(
        zip(RUNS, [1, 2, 3, 4, 5], strict=True)
    )


def test_the_nearest_steps_are_joined(dataset):
    one = (field("run") == "run_1") & (field("tag") == "loss")
    left = dataset.filter(one & (field("step") >= 0) & (field("step") <= 3))
    right = ds.dataset(pa.table({"step": [1, 3], "run": ["run_1"] * 2, "epoch": [10, 20]}))
    found = left.join_asof(right, on="step", by="run", tolerance=-1).to_table()
    assert found["epoch"].to_pylist() == [None, 10, 10, 20]


def test_unknown_options_and_wrong_values_are_errors(dataset):
    for call in (dataset.scanner, dataset.to_table, dataset.to_batches, dataset.count_rows):
        with pytest.raises(TypeError, match="nonsense"):
            call(nonsense=1)
    for call in (dataset.scanner, dataset.to_table, dataset.to_batches):
        with pytest.raises(TypeError):
            call(batch_size="a")
        with pytest.raises((TypeError, ValueError)):
            call(batch_size=0).to_table() if call == dataset.scanner else call(batch_size=0)
        with pytest.raises(TypeError):
            call(fragment_scan_options="a")
    with pytest.raises(pa.ArrowInvalid, match="nothing"):
        dataset.to_table(columns=["nothing"])


def test_batches_have_at_most_the_size_asked_for(dataset, real):
    batches = list(dataset.to_batches(batch_size=7))
    assert max(batch.num_rows for batch in batches) == 7
    assert rows(every_batch(batches)) == rows(real)
    assert max(b.num_rows for b in dataset.scanner(batch_size=7).to_batches()) <= 7


def test_a_dataset_can_be_pickled(dataset, real):
    for made in (dataset, dataset.filter(CONDITION)):
        again = pickle.loads(pickle.dumps(made))
        assert isinstance(again, ds.Dataset)
        assert rows(again) == rows(made)
        assert rows(ds.Scanner.from_dataset(again)) == rows(ds.Scanner.from_dataset(made))
    fragments = pickle.loads(pickle.dumps(list(dataset.get_fragments())))
    assert [row for fragment in fragments for row in rows(fragment)] == rows(real)


@pytest.mark.parametrize(
    "kind",
    [
        *("scalars", "histograms", "tensors", "images", "audio", "text", "pr_curves", "meshes"),
        *("graphs", "layouts", "series", "files", "damage", "events", "hparams", "embeddings"),
    ],
)
def test_every_table_has_the_rows_of_its_scan(kind):
    scan = getattr(tfevents.open(GOLDEN / "torch_all"), kind)()
    dataset = scan.to_dataset()
    assert dataset.schema.equals(scan.schema)
    expected = rows(scan.to_arrow())
    assert rows(dataset) == expected
    assert rows(ds.Scanner.from_dataset(dataset)) == expected
    plain = scan.to_dataset(dictionaries=False)
    assert not any(pa.types.is_dictionary(one.type) for one in plain.schema)
    assert rows(plain) == rows(ds.Scanner.from_dataset(plain)) == expected


# Conditions

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
    way = draw(st.sampled_from(["compare", "left", "isin", "null", "cast", "constant"]))
    if way == "null":
        return draw(st.sampled_from([one.is_valid(), one.is_null(), one == pa.scalar(None)]))
    if way == "constant":
        return pc.scalar(draw(st.sampled_from([True, False])))
    if column in names:
        values = st.sampled_from(names[column])
        if way == "isin":
            return one.isin(draw(st.lists(values | st.none(), max_size=15)))
        value = draw(values)
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
        ["run like 'run%'", "tag is null", "step >= 2.5", "3 > step", "tag ilike '%A%'"]
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
    assert pl.scan_pyarrow_dataset(plain).filter(pl.col("run").is_in(["run_2"])).collect().height
    assert read[-1][0] == 30


def test_native_readers_pass_runs_over(dataset):
    fragments = dataset.get_fragments(filter=(run == "run_2") | (run == "none"))
    assert [fragment.path for fragment in fragments] == ["run_2"]


# Damage, errors, threads, the end


def test_damage_met_is_told_once(log):
    path = log("a", [event(n, scalar("t", n)) for n in range(9)])
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    dataset = tfevents.open(log.root).scalars().to_dataset()
    with pytest.warns(tfevents.DamageWarning):
        assert dataset.to_table().num_rows == 8
    dataset.to_table()
    dataset = tfevents.open(log.root).scalars().to_dataset()
    with pytest.warns(tfevents.DamageWarning):
        assert len(list(dataset.to_batches(batch_size=5))) == 2
    dataset = tfevents.open(log.root).scalars().to_dataset()
    with pytest.warns(tfevents.DamageWarning):
        assert dataset.sort_by("run").count_rows() == 8


def test_an_error_in_a_native_reader_is_that_error(log):
    path = log("a", [event(n, scalar("t", n)) for n in range(9)])
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    dataset = tfevents.open(log.root, on_damage="raise").scalars().to_dataset()
    with pytest.raises(tfevents.DamagedFileError, match="checksum"):
        ds.Scanner.from_dataset(dataset).to_table()


def test_nothing_comes_of_nothing(root):
    dataset = tfevents.open(root).scalars(steps=[99]).to_dataset()
    assert dataset.to_table().schema == dataset.schema
    assert dataset.count_rows() == ds.Scanner.from_dataset(dataset).count_rows() == 0
    assert dataset.sort_by("run").count_rows() == 0


def test_a_log_of_many_runs_has_files_of_several_runs(log):
    for number in range(1003):
        log(f"r{number}", [event(1, scalar("t", number))])
    dataset = tfevents.open(log.root).scalars().to_dataset()
    assert len(dataset.files) <= 1000
    native = ds.Scanner.from_dataset(dataset).to_table()
    assert native["value"].to_pylist() == list(range(1003))
    assert ds.Scanner.from_dataset(dataset, filter=run == "r7").to_table().num_rows == 1


LEFT = {
    "scanner": "left = ds.Scanner.from_dataset(d, batch_size=10).to_batches(); next(left)",
    "dropped": "left = ds.Scanner.from_dataset(d).to_batches(); next(left); del left",
    "batches": "left = d.to_batches(batch_size=10); next(left)",
    "acero": "left = acero.Declaration('scan', acero.ScanNodeOptions(d)).to_reader()",
    "fork": """
        ds.Scanner.from_dataset(d).to_table()
        if (child := os.fork()) == 0:
            same = ds.Scanner.from_dataset(d).to_table().num_rows == d.to_table().num_rows
            os._exit(0 if same else 1)
        assert os.waitpid(child, 0)[1] == 0
    """,
    "one thread": """
        pa.set_io_thread_count(1), pa.set_cpu_count(1)
        assert ds.dataset([d, d]).count_rows() == 2 * d.to_table().num_rows
    """,
}


@pytest.mark.parametrize("name", LEFT)
def test_a_process_ends_well_whatever_it_left_half_read(root, name):
    program = textwrap.dedent("""
        import os, sys, tfevents, pyarrow as pa, pyarrow.dataset as ds, pyarrow.acero as acero
        d = tfevents.open(sys.argv[1]).scalars().to_dataset()
    """) + textwrap.dedent(LEFT[name])
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, root],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
