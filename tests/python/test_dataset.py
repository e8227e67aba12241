"""`Scan.to_dataset()` is a dataset like any other: every method, of it and of its scanners."""

import pickle
import shutil

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.acero as acero
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pytest
import tfevents
from datasets import FIRST_RUN, RUNS, rows
from eventfiles import GOLDEN

field = ds.field


@pytest.fixture(scope="module")
def real(scan):
    return ds.dataset(scan.to_arrow())


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


@pytest.mark.parametrize("options", [{}, {"batch_size": 7}, {"columns": ["step"]}])
def test_a_scanner_can_be_used_again(dataset, real, options):
    scanner, expected = dataset.scanner(**options), rows(real.scanner(**options))
    assert scanner.head(5).num_rows == 5
    assert scanner.count_rows() == len(expected)
    assert rows(scanner) == rows(scanner) == expected
    assert rows(every_batch(scanner.to_batches())) == expected
    left, right = scanner.to_reader(), scanner.to_reader()
    assert left.read_next_batch().num_rows == right.read_next_batch().num_rows
    assert rows(left.read_all()) == rows(right.read_all())


@pytest.mark.newest  # pyarrow 16 takes the scanner for an iterable, and asks for its schema
def test_what_takes_scanners_takes_it(dataset, real, tmp_path):
    scanner = dataset.scanner(columns=["step", "value"], filter=field("run") == "run_2")
    assert isinstance(scanner, ds.Scanner)
    assert scanner.dataset_schema == dataset.schema
    expected = rows(real.to_table(columns=["step", "value"], filter=field("run") == "run_2"))
    for _ in range(2):
        written = {"base_dir": tmp_path, "format": "parquet"}
        ds.write_dataset(scanner, existing_data_behavior="overwrite_or_ignore", **written)
        assert rows(ds.dataset(tmp_path)) == expected
        assert duckdb.sql("select count(*) from scanner").fetchall() == [(30,)]
        assert rows(pa.table(scanner)) == expected
        assert pl.DataFrame(scanner).height == 30
    for whole in (
        dataset,
        dataset.scanner(),
        dataset.filter(field("run") == "run_2"),
        dataset.scanner(["step"]),
    ):
        shutil.rmtree(tmp_path)
        ds.write_dataset(whole, tmp_path, format="parquet")
        read = ds.dataset(tmp_path).to_table(columns=["step"])
        assert sorted(rows(read)) == sorted(rows(whole.to_table().select(["step"])))
    for broken in (lambda: pickle.dumps(scanner), lambda: ds.Scanner.from_dataset(scanner)):
        with pytest.raises(TypeError):
            broken()


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
