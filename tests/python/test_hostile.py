"""Input that was made to harm, or is just odd: it costs itself, and it is reported."""

import os
import signal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
import tfevents
from eventfiles import (
    GOLDEN,
    event,
    field,
    metadata,
    scalar,
    scalars,
    tensor,
    text,
    value,
    vertices,
)
from tables import rows
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

pytestmark = pytest.mark.filterwarnings("ignore::tfevents.DamageWarning")

KINDS = ("tensors", "images", "audio", "text", "pr_curves", "meshes", "histograms", "layouts")


def reasons(log):
    return [place["reason"] for place in rows(log, "damage")]


@pytest.fixture
def in_time():
    """A minute, for what takes milliseconds or never ends."""

    def late(*_):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


# Memory.


@pytest.mark.parametrize("count", [16, 64, 1024])
@pytest.mark.parametrize(
    ("plugin", "dtype", "dims"),
    [
        (None, 18, "n"),
        ("scalars", 2, "n"),
        ("images", 7, "n"),
        ("audio", 7, "n2"),
        ("text", 7, "n"),
        ("pr_curves", 1, "6n"),
        ("mesh", 1, "n03"),
        ("histograms", 2, "n3"),
    ],
)
def test_a_small_file_makes_no_large_table(log, plugin, dtype, dims, count):
    sizes = {"n": [count], "n2": [count, 2], "6n": [6, count], "n03": [count, 0, 3]}
    message = tensor(dtype, sizes.get(dims, [count, 3]))
    hostile = vertices("t", 1, 2, 3) if plugin == "mesh" else value("t", plugin)
    hostile.tensor.CopyFrom(message)
    path = log(".", [event(step, *[hostile] * 100) for step in range(40)])
    for kind in KINDS:
        table = getattr(tfevents.open(log.root), kind)().to_arrow()
        assert table.nbytes < 100 * path.stat().st_size, kind


def test_what_a_tensor_claims_sizes_no_typed_column(log):
    claims = value("t", tensor=tensor(7, [1 << 28], string_val=[b"x"]))
    path = log(".", [event(step, claims) for step in range(10)])
    table = tfevents.open(log.root).tensors(dtype="float32").to_arrow()
    assert table.nbytes < 100 * path.stat().st_size
    assert len(reasons(log)) == 10


# A value that cannot be decoded.


def test_a_bad_value_costs_no_other_of_its_event(log):
    bad = value("bad", tensor=tensor(1, [2], tensor_content=b"12345"))
    log(".", [event(1, text("a", "x"), bad, text("b", "y")), event(2, value("b"), text("c", "z"))])
    assert [row["tag"] for row in rows(log, "text")] == ["a", "b", "c"]
    assert rows(log, "tensors") == []
    assert len(reasons(log)) == 1


def test_whether_a_tensor_has_a_row_does_not_depend_on_the_columns(log):
    bad = value("bad", tensor=tensor(1, [2], tensor_content=b"12345"))
    good = value("good", tensor=tensor(1, [1], float_val=[1]))
    log(".", [event(1, bad, good)])
    logs = tfevents.open(log.root)
    assert logs.tensors().to_arrow().num_rows == logs.tensors().count() == 1
    for columns in (["step"], ["shape"], ["dtype", "tag"]):
        assert logs.tensors(columns=columns).to_arrow().num_rows == 1
    with pytest.raises(tfevents.DamagedFileError):
        tfevents.open(log.root, on_damage="raise").tensors().count()


def test_the_metadata_of_a_number_counts_for_the_tensors_behind_it(log):
    layout = value("l", "custom_scalars", simple_value=1.0)
    log(".", [event(1, layout), event(2, value("l", tensor=tensor(7, [1], string_val=[b"\xff"])))])
    assert rows(log, "layouts") == []
    assert reasons(log) == ["layout that is no Layout message"]


def test_an_event_that_is_none_is_no_row_and_not_counted(log):
    source = field(10, b"\xff")  # a message that is none
    payload = event(1, scalar("a", 1.0))
    log(".", [payload + source, *scalars("a", [2, 3])])
    assert [row["step"] for row in rows(log, "scalars")] == [2, 3]
    assert [row["count"] for row in rows(log, "series")] == [2]
    assert len(reasons(log)) == 1


@pytest.mark.filterwarnings("ignore::tfevents.NoMatchWarning")
@pytest.mark.parametrize("filters", [{}, {"steps": [2]}, {"tags": "t"}])
@pytest.mark.filterwarnings("ignore::tfevents.NoMatchWarning")
def test_an_event_that_is_none_teaches_nothing(log, filters):
    said = event(1, text("t", "a")) + field(10, b"\xff")
    bare = value("t", tensor=tensor(7, [1], string_val=[b"b"]))
    log(".", [said, event(2, bare)])
    assert rows(log, "text", **filters) == []
    assert [row["step"] for row in rows(log, "tensors", **filters)] == [2]
    assert [(row["kind"], row["count"]) for row in rows(log, "series", **filters)] == [
        ("tensors", 1)
    ]


# Meshes.


@pytest.mark.parametrize("megabytes", [0, 13])
def test_a_mesh_needs_its_metadata_only_once(log, megabytes):
    padding = [event(0, value("pad", "mine", tensor=tensor(7, [1], string_val=[b"x" * 2**20])))]
    bare = [event(step, vertices("m_VERTEX", step, 0, 0, stated=False)) for step in (2, 3)]
    log(".", [event(1, vertices("m_VERTEX", 1, 0, 0, name="m")), *padding * megabytes, *bare])
    log(".", [event(4, vertices("m_VERTEX", 4, 0, 0, stated=False))], name="later.tfevents")
    found = [(row["tag"], row["step"], row["vertices"][0][0]) for row in rows(log, "meshes")]
    assert found == [("m", step, float(step)) for step in (1, 2, 3, 4)]
    assert ("m", 4) in {(row["tag"], row["count"]) for row in rows(log, "series")}
    assert reasons(log) == []


@pytest.mark.parametrize("content", [b"", b"\x18\x4d", b"\xff\xff"])
def test_a_mesh_of_no_known_part_is_damage(log, content):
    points = tensor(1, [1, 1, 3], float_val=[1, 2, 3])
    log(".", [event(1, value("m", tensor=points, metadata=metadata("mesh", content)))])
    assert rows(log, "meshes") == []
    assert len(reasons(log)) == 1


@pytest.mark.parametrize("number", [0.5, 1e30, float("nan"), -3e9])
def test_faces_are_whole_numbers(log, number):
    faces = vertices("m", number, 0, 1)
    said = faces.metadata.plugin_data.content.replace(b"\x18\x01", b"\x18\x02")
    faces.metadata.plugin_data.content = said
    log(".", [event(1, faces)])
    assert rows(log, "meshes") == []
    assert reasons(log) == ["faces of a mesh that are no 32-bit integers"]


# Hyperparameters.


SESSIONS = tfevents.open(GOLDEN).hparams(columns=["run"]).to_arrow().to_pylist()


@pytest.mark.parametrize("run", sorted({row["run"] for row in SESSIONS}))
def test_sessions_are_found_by_the_run_they_are_shown_as(run):
    logs = tfevents.open(GOLDEN)
    whole = logs.hparams().to_arrow()
    expected = [row for row in whole.to_pylist() if row["run"] == run]
    given = {name for row in expected for name, cell in row.items() if cell is not None}
    (found,) = [logs.hparams(runs=run).to_arrow()]
    shown = [{name: row.get(name) for name in given} for row in expected]
    assert found.select(sorted(given)).to_pylist() == [dict(sorted(row.items())) for row in shown]
    dataset = logs.hparams().to_dataset()
    assert dataset.to_table(filter=ds.field("run") == run).to_pylist() == expected
    answer = duckdb.sql(f"select * from dataset where run = '{run}'")
    assert answer.arrow().read_all().num_rows == len(expected)


def started(**hparams):
    said = HParamsPluginData(version=0)
    for name, number in hparams.items():
        said.session_start_info.hparams[name].number_value = number
    said.session_start_info.start_time_secs = 1.0
    return value("_hparams_/session_start_info"), said.SerializeToString()


@pytest.mark.parametrize("content", [b"\xff\xff\xff", field(3, field(1, field(1, b"\xff")))])
def test_hyperparameters_that_do_not_decode_are_damage(log, content):
    broken, _ = started()
    broken.metadata.CopyFrom(metadata("hparams", content))
    log("a", [event(0, broken)])
    log("b", scalars("x", [1]))
    assert rows(log, "hparams") == []
    assert reasons(log) == ["hyperparameters that do not decode"]
    with pytest.raises(tfevents.DamagedFileError):
        tfevents.open(log.root, on_damage="raise").hparams().to_arrow()


def test_a_null_byte_ends_no_name(log):
    one, content = started(**{"a\0b": 1.0, "a\ufffdb": 2.0})
    one.metadata.CopyFrom(metadata("hparams", content))
    log(".", [event(0, one), event(1, scalar("x\0y", 1.0))])
    table = tfevents.open(log.root).hparams().to_arrow()
    assert table.schema.names[5:] == ["a\ufffdb", "a\ufffdb_2", "x\ufffdy"]
    assert table["x\ufffdy"].to_pylist() == [1.0]


@pytest.mark.usefixtures("in_time")
def test_many_hyperparameters_take_no_longer_each(log):
    one, content = started(**{f"h{i}": 1.0 for i in range(30_000)})
    one.metadata.CopyFrom(metadata("hparams", content))
    log(".", [event(0, one)])
    assert len(tfevents.open(log.root).hparams().schema) == 30_005


# Embeddings.


def projector(log, **files):
    log(".", scalars("x", [1]))
    for name, content in files.items():
        (log.root / f"{name}.tsv").write_bytes(content)
    entries = {"good": "", "bad": "", "labelled": 'metadata_path: "labels.tsv"'}
    entries["missing"] = 'metadata_path: "none.tsv" sprite { image_path: "none.png" }'
    config = [
        f'embeddings {{ tensor_name: "{name}" tensor_path: "{name}.tsv" {more} }}'
        for name, more in entries.items()
    ]
    (log.root / "projector_config.pbtxt").write_text("\n".join(config))


def test_a_bad_embedding_costs_no_other_and_is_listed(log):
    numbers = b"1\t2\n3\t4\n"
    projector(
        log, good=numbers, bad=b"1\tx\n", labelled=numbers, labels=b"\xe9\nb\n", missing=numbers
    )
    with pytest.warns(tfevents.DamageWarning):
        found = {row["name"]: row for row in rows(log, "embeddings")}
    assert found.keys() == {"good", "labelled", "missing"}
    assert all(row["values"] == [1.0, 2.0, 3.0, 4.0] for row in found.values())
    assert found["labelled"]["metadata"] == ["\ufffd", "b"]
    assert found["missing"]["metadata"] is None
    assert found["missing"]["sprite"] is None
    listed = {(Path(place["path"]).name, place["length"]) for place in rows(log, "damage")}
    assert listed == {("bad.tsv", 4), ("none.tsv", 0), ("none.png", 0)}
    with pytest.raises(tfevents.DamagedFileError, match=r"bad\.tsv"):
        tfevents.open(log.root, on_damage="raise").embeddings().to_arrow()


def test_columns_of_one_name_are_both_kept(log):
    projector(log, labelled=b"1\n2\n", labels=b"x\tx\n1\t2\n3\t4\n")
    found = {row["name"]: row for row in rows(log, "embeddings")}
    assert found["labelled"]["metadata"] == [{"x": "1", "x_2": "2"}, {"x": "3", "x_2": "4"}]


@pytest.mark.usefixtures("in_time")
def test_metadata_makes_no_more_cells_than_it_has(log):
    wide = b"\t".join(b"%d" % i for i in range(8000)) + b"\n" * 8001
    projector(log, labelled=b"1\n" * 8000, labels=wide)
    assert rows(log, "embeddings", tags="labelled")[0]["metadata"] is None
    assert any("far more columns" in reason for reason in reasons(log))


# Files that are none.


@pytest.mark.usefixtures("in_time")
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
def test_a_pipe_is_waited_for_nowhere(log):
    os.mkfifo(log.root / "pipe.tfevents")
    with pytest.raises(OSError, match=r"pipe\.tfevents.*not a regular file"):
        tfevents.open(log.root / "pipe.tfevents")
    log("run", scalars("x", [1]))
    os.mkfifo(log.root / "run" / "projector_config.pbtxt")
    with pytest.warns(tfevents.DamageWarning, match="regular"):
        assert rows(log, "embeddings") == []
    (log.root / "run" / "projector_config.pbtxt").unlink()
    (log.root / "run" / "projector_config.pbtxt").symlink_to("/dev/zero")
    with pytest.warns(tfevents.DamageWarning, match="regular"):
        assert rows(log, "embeddings") == []


# Names.


def test_a_named_glob_makes_a_run_of_each_match(log):
    for run in ("a", "b", "b/c"):
        log(run, scalars("x", [1]))
    assert tfevents.open({"n": log.root / "*"}).runs == ["n/a", "n/b", "n/b/c"]
    assert tfevents.open({"n": log.root / "a*"}).runs == ["n"]


def test_two_directories_are_never_one_run(log):
    log("a/x", scalars("x", [1]))
    log("b", scalars("x", [1]))
    with pytest.raises(ValueError, match=r"both run .n/x."):
        tfevents.open({"n": log.root / "a", "n/x": log.root / "b"})


def test_names_that_are_no_text_remain_apart(log):
    for name in (b"r\xff", b"r\xfe"):
        folder = log.root / os.fsdecode(name)
        folder.mkdir()
        log("plain", scalars("x", [1])).rename(folder / "tfevents")
    log("plain", scalars("x", [1]))
    runs = ["plain", r"r\xfe", r"r\xff"]
    assert sorted(tfevents.open(log.root).runs) == runs
    assert sorted(tfevents.open(log.root / "*").runs) == runs


# Conditions.


@pytest.mark.parametrize(
    "condition",
    [
        ds.field("run") == "a\n",
        ds.field("tag") == 'a\x01\\"',
        ds.field("step") >= pa.scalar(2**64 - 1, pa.uint64()),
        ds.field("step") < pa.scalar(2**63 - 1),
        ds.field("step") > pa.scalar(-(2**63)),
    ],
)
def test_odd_conditions_on_a_dataset_are_applied_all_the_same(log, condition):
    log(".", scalars("x", [1, 2]))
    scan = tfevents.open(log.root).scalars()
    try:
        expected = scan.to_arrow().filter(condition).num_rows
    except pa.ArrowInvalid:
        with pytest.raises(pa.ArrowInvalid):
            scan.to_dataset().to_table(filter=condition)
        return
    assert scan.to_dataset().to_table(filter=condition).num_rows == expected
