"""Every file of every real writer, value by value against TensorBoard's own protos."""

import functools
import json

import numpy as np
import pyarrow as pa
import pytest
import tfevents
from eventfiles import GOLDEN
from google.protobuf import json_format
from oracle import DTYPES, KINDS, Oracle, exact
from tensorboard.plugins.custom_scalar.layout_pb2 import Layout

FILES = sorted(GOLDEN.rglob("events.out.tfevents.*"))
WRITERS = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir())

#: Every kind, and where it has to occur among the golden files.
EXPECTED = {
    "scalars": {"torch_digits", "torch_all", "tbx_all", "tf2_all", "tf1_all", "tb_writer"},
    "histograms": {"torch_digits", "torch_all", "tbx_all", "tf2_all", "tf1_all", "keras_digits"},
    "tensors": {"torch_all", "tf2_all", "tf1_all"},
    "images": {"torch_digits", "torch_all", "tbx_all", "tf2_all", "tf1_all", "keras_digits"},
    "audio": {"torch_all", "tbx_all", "tf2_all", "tf1_all"},
    "text": {"torch_digits", "torch_all", "tbx_all", "tf2_all", "tf1_all"},
    "pr_curves": {"torch_digits", "torch_all", "tbx_all"},
    "meshes": {"torch_all", "tbx_all"},
    "graphs": {"torch_digits", "tf1_all", "tf2_all", "keras_digits"},
    "layouts": {"torch_all", "tbx_all"},
}

KEYS = [
    pa.field("run", pa.dictionary(pa.int32(), pa.utf8())),
    pa.field("tag", pa.dictionary(pa.int32(), pa.utf8())),
    pa.field("step", pa.int64()),
    pa.field("wall_time", pa.float64()),
]
NAMES = pa.dictionary(pa.int32(), pa.utf8())
BUCKET = pa.struct([(name, pa.float64()) for name in ("left", "right", "count")])
COLUMNS = {
    "scalars": [("value", pa.float64())],
    "histograms": [
        ("buckets", pa.list_(BUCKET)),
        *((name, pa.float64()) for name in ("min", "max", "num", "sum", "sum_squares")),
    ],
    "tensors": [
        ("dtype", NAMES),
        ("shape", pa.list_(pa.int64())),
        ("data", pa.large_binary()),
        ("strings", pa.list_(pa.binary())),
    ],
    "images": [
        ("index", pa.int32()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("format", NAMES),
        ("data", pa.large_binary()),
    ],
    "audio": [
        ("index", pa.int32()),
        ("sample_rate", pa.float64()),
        ("channels", pa.int64()),
        ("frames", pa.int64()),
        ("format", NAMES),
        ("label", pa.utf8()),
        ("data", pa.large_binary()),
    ],
    "text": [("shape", pa.list_(pa.int64())), ("text", pa.list_(pa.utf8()))],
    "pr_curves": [
        (name, pa.list_(pa.float64()))
        for name in (
            "thresholds",
            "true_positives",
            "false_positives",
            "true_negatives",
            "false_negatives",
            "precision",
            "recall",
        )
    ],
    "meshes": [
        ("index", pa.int32()),
        ("vertices", pa.list_(pa.list_(pa.float32()))),
        ("colors", pa.list_(pa.list_(pa.float32()))),
        ("faces", pa.list_(pa.list_(pa.int32()))),
        ("config", pa.utf8()),
    ],
    "graphs": [("graph", NAMES), ("data", pa.large_binary())],
    "layouts": [("data", pa.large_binary()), ("layout", pa.utf8())],
}


def files_in_order(root):
    """`(run, path)`; golden names of one run differ in the seconds only, so text order will do."""
    found = sorted(root.rglob("events.out.tfevents.*"))
    runs = tfevents.open(root).runs
    name = {path: path.parent.relative_to(root).as_posix() for path in found}
    assert sorted(set(name.values())) == sorted(runs)
    return sorted(((name[path], path) for path in found), key=lambda f: (runs.index(f[0]), f[1]))


@functools.cache
def oracle_of(writer):
    return Oracle(files_in_order(GOLDEN / writer))


def assert_table(scan, expected, kind):
    rows = scan.to_arrow().to_pylist()
    if kind == "layouts":
        for row in rows:
            layout = json_format.ParseDict(json.loads(row.pop("layout")), Layout())
            assert layout == Layout.FromString(row["data"])
    assert len(rows) == len(expected)
    for got, wanted in zip(rows, expected, strict=True):
        assert exact(got) == exact({name: wanted[name] for name in got})


def test_each_kind_occurs_where_it_should():
    for kind in KINDS:
        found = {writer for writer in WRITERS if oracle_of(writer).tables[kind]}
        assert found >= EXPECTED[kind], kind
    assert len(FILES) >= 30


@pytest.mark.parametrize("kind", KINDS)
def test_types_are_the_ones_promised(kind):
    schema = getattr(tfevents.open(GOLDEN), kind)().schema
    expected = [*KEYS, *(pa.field(*column) for column in COLUMNS[kind])]
    assert schema.names == [field.name for field in expected]
    for field, wanted in zip(schema, expected, strict=True):
        assert str(field.type).replace(" not null", "") == str(wanted.type)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("writer", WRITERS)
def test_a_directory_equals_the_protos(writer, kind):
    scan = getattr(tfevents.open(GOLDEN / writer), kind)()
    assert_table(scan, oracle_of(writer).tables[kind], kind)
    assert scan.count() == len(oracle_of(writer).tables[kind])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(GOLDEN).as_posix())
def test_a_single_file_equals_the_protos(path):
    logs, oracle = tfevents.open(path), Oracle([(".", path)])
    for kind in KINDS:
        names = [field.name for field in KEYS] + [name for name, _ in COLUMNS[kind]]
        scan = getattr(logs, kind)(columns=[*names, "file", "offset"])
        assert_table(scan, oracle.tables[kind], kind)


@pytest.mark.parametrize("writer", WRITERS)
def test_every_value_and_every_event_is_listed_in_events(writer):
    oracle = oracle_of(writer)
    rows = tfevents.open(GOLDEN / writer).events().to_arrow().to_pylist()
    assert len(rows) == len(oracle.tables["events"]) > 0
    for got, wanted in zip(rows, oracle.tables["events"], strict=True):
        seen = {name: got[name] for name in wanted}
        assert exact(seen) == exact(wanted)


@pytest.mark.parametrize("writer", WRITERS)
def test_as_many_records_come_out_as_are_in(writer):
    oracle, logs = oracle_of(writer), tfevents.open(GOLDEN / writer)
    files = {row["path"]: row for row in logs.files().to_arrow().to_pylist()}
    assert {path: row["records"] for path, row in files.items()} == oracle.records
    assert all(row["damaged_bytes"] == 0 for row in files.values())
    assert {row["size"] for row in files.values()} == {
        (GOLDEN / path).stat().st_size for path in oracle.records
    }
    assert logs.damage().count() == 0


@pytest.mark.parametrize("writer", WRITERS)
def test_every_series_is_listed_with_its_extent(writer):
    oracle = oracle_of(writer)
    rows = tfevents.open(GOLDEN / writer).series().to_arrow().to_pylist()
    got = {(row["run"], row["tag"], row["kind"]): row for row in rows}
    assert len(got) == len(rows)
    assert got.keys() == oracle.series.keys()
    for key, expected in oracle.series.items():
        row = got[key]
        assert row["count"] == expected["count"], key
        assert (row["first_step"], row["first_wall_time"]) == expected["first"]
        assert (row["last_step"], row["last_wall_time"]) == expected["last"]
        assert (row["display_name"], row["description"]) == oracle.texts(key[0], key[1])


def test_every_tensor_dtype_of_tensorflow_is_read():
    rows = tfevents.open(GOLDEN / "tf2_all").tensors(tags="tensor/*").to_arrow().to_pylist()
    dtypes = {row["tag"].split("/")[1]: row["dtype"] for row in rows}
    named = {tag: dtype for tag, dtype in dtypes.items() if tag == dtype}
    assert set(named) == {name for name, _, _ in DTYPES.values()}
    ramp = next(row for row in rows if row["tag"] == "tensor/int16")
    assert np.frombuffer(ramp["data"], "<i2").tolist() == [0, 1, 2, 3, 4, 5]
    assert ramp["shape"] == [2, 3]
    strings = next(row for row in rows if row["tag"] == "tensor/string")
    assert strings["strings"] == [b"a", "é".encode(), b""]
    empty = next(row for row in rows if row["tag"] == "tensor/empty")
    assert (empty["shape"], empty["data"]) == ([0, 3], b"")


def test_writer_and_version_are_named():
    rows = tfevents.open(GOLDEN).files().to_arrow().to_pylist()
    writers = {row["run"].split("/")[0]: row["writer"] for row in rows}
    assert writers["torch_all"] == "tensorboard.summary.writer.event_file_writer"
    assert writers["tf2_all"] == "tensorflow.core.util.events_writer"
    assert writers["tbx_all"] is None
    assert {row["file_version"] for row in rows} == {"brain.Event:2"}


def hparams(writer):
    return tfevents.open(GOLDEN / writer).hparams().to_arrow().to_pylist()


def last_scalar(writer, run, tag):
    rows = oracle_of(writer).tables["scalars"]
    return [row["value"] for row in rows if (row["run"], row["tag"]) == (run, tag)][-1]


def test_hparams_of_torch_are_folded_into_the_run_they_belong_to():
    rows = {row["run"]: row for row in hparams("torch_digits")}
    assert list(rows) == ["lr0.001_bs32", "lr0.001_bs128", "lr0.01_bs32", "lr0.01_bs128"]
    for run, row in rows.items():
        lr, bsize = run.removeprefix("lr").split("_bs")
        assert (row["lr"], row["bsize"], row["opt"]) == (float(lr), float(bsize), "adam")
        assert row["aug"] == 0.0  # PyTorch stores bool as a number
        (sub,) = [r for r, _ in files_in_order(GOLDEN / "torch_digits") if r.startswith(f"{run}/1")]
        assert row["hparam/acc"] == last_scalar("torch_digits", sub, "hparam/acc")
        assert row["hparam/loss"] == last_scalar("torch_digits", sub, "hparam/loss")


def test_hparams_of_the_hparams_api():
    rows = hparams("hparams_api")
    expected = [(f"run-{n}", f"t{n}") for n in range(4)]
    assert [(row["run"], row["group"]) for row in rows] == expected
    settings = [(16, "adam"), (16, "sgd"), (32, "adam"), (32, "sgd")]
    assert [(row["units"], row["opt"]) for row in rows] == settings
    assert all(row["dropout"] == 0.1 and row["start_time"] > 1.7e9 for row in rows)
    for row in rows:
        assert row["acc"] == last_scalar("hparams_api", row["run"], "acc")


def test_hparams_of_tensorboardx():
    (row,) = hparams("tbx_all")
    assert (row["run"], row["lr"], row["name"], row["status"]) == ("hpx", 0.1, "z", "success")
    assert row["acc"] == pytest.approx(0.9, rel=1e-7)


@pytest.mark.parametrize(
    ("writer", "below", "tag", "step", "labels"),
    [
        ("torch_digits", "lr0.01_bs32/00003/logits", "logits", 3, None),
        ("tbx_all", "00001/emb", "emb", 1, list("abcdef")),
        ("tbx_all", "00002/emb2", "emb2", 2, [{"n": "a", "v": "1"}] * 6),
    ],
)
def test_embeddings_equal_their_files(writer, below, tag, step, labels):
    folder = GOLDEN / writer / below
    table = tfevents.open(GOLDEN / writer).embeddings(tags=tag).to_arrow()
    assert table.num_rows == 1
    row = table.drop_columns("values").to_pylist()[0]
    matrix = np.loadtxt(folder / "tensors.tsv", delimiter="\t", dtype="f4")
    assert row["shape"] == list(matrix.shape)
    (values,) = table.column("values").combine_chunks().to_numpy_ndarray()
    assert values.dtype == "f4"
    np.testing.assert_array_equal(values, matrix)
    assert (row["name"], row["step"]) == (tag, step)
    assert row["metadata"] == (labels or (folder / "metadata.tsv").read_text().split())
    sprite = folder / "sprite.png"
    assert row["sprite"] == (sprite.read_bytes() if sprite.exists() else None)
    assert sprite.exists() == (writer == "torch_digits")
