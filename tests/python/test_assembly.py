"""What is put together of several events, runs or passes: each row is itself, and in its place."""

import os
import warnings
from pathlib import Path

import pytest
import tfevents
from eventfiles import event, record, scalar, scalars, start, tensor, text, value, version, vertices
from tables import rows
from tensorboard.plugins.mesh.plugin_data_pb2 import MeshPluginData

MEGABYTE = "x" * 2**20


def points(log, **filters):
    """Run, tag, step and the number of each mesh; the number tells where it belongs."""
    found = rows(log, "meshes", **filters)
    return [(r["run"], r["tag"], r["step"], r["vertices"][0][0]) for r in found]


def mesh(tag, step, number):
    return event(step, vertices(tag, number, 0, 0))


# Meshes.


def test_a_mesh_keeps_its_tag_over_the_pieces_of_a_file(log):
    padding = [event(0, text("pad", MEGABYTE))] * 9
    first = [mesh("A", 0, 1), mesh("B", 0, 2)]
    log(".", [version(), *first, *padding, mesh("B", 1, 3), mesh("C", 0, 4), mesh("B", 2, 5)])
    expected = [("A", 0, 1), ("B", 0, 2), ("B", 1, 3), ("C", 0, 4), ("B", 2, 5)]
    assert points(log) == [(".", *row) for row in expected]


def test_meshes_come_run_by_run_and_by_their_first_component(log):
    order = [("m1", 0, 1), ("m2", 0, 2), ("m2", 1, 3), ("m1", 1, 4)]
    for run in ("a", "b"):
        log(run, [mesh(*one) for one in order])
    assert points(log) == [(run, *row) for run in ("a", "b") for row in order]
    assert points(log, steps=0) == [row for row in points(log) if row[2] == 0]
    series = [(one.run, one.tag, len(one)) for one in tfevents.open(log.root).meshes().by_series()]
    assert series == [(run, tag, 2) for run in ("a", "b") for tag in ("m1", "m2")]


def test_a_mesh_is_of_the_time_of_its_first_component(log):
    face = vertices("m", 0, 1, 2)
    said = MeshPluginData(name="m", content_type=MeshPluginData.FACE)
    face.metadata.plugin_data.content = said.SerializeToString()
    both = [event(1, vertices("m", 5, 6, 7), wall_time=10.0), event(1, face, wall_time=20.0)]
    log(".", both)
    (whole,) = rows(log, "meshes")
    assert whole["faces"] == [[0, 1, 2]]
    assert rows(log, "meshes", wall_time=(5, 15)) == [whole]
    assert rows(log, "meshes", wall_time=(15, 25)) == []


def test_a_batch_of_meshes_takes_no_more_than_its_numbers(log):
    many = vertices("m", *range(3))
    many.tensor.CopyFrom(tensor(4, [20_000, 1, 3], tensor_content=bytes(60_000)))
    log(".", [event(1, many)])
    table = tfevents.open(log.root).meshes().to_arrow()
    assert table.num_rows == 20_000
    assert table.nbytes < 60_000 * 100


@pytest.mark.filterwarnings("ignore::tfevents.DamageWarning")
def test_a_mesh_whose_name_is_no_text_makes_no_other_twice(log):
    odd = vertices("odd", 1, 2, 3)
    odd.metadata.plugin_data.content = b"\x12\x01\xff\x18\x01"
    log(".", [event(1, vertices("m", 4, 5, 6), odd), mesh("m", 2, 7)])
    assert points(log) == [(".", "m", 1, 4.0), (".", "m", 2, 7.0)]
    assert len(rows(log, "damage")) == 1


# Metadata.


def test_a_plugin_asked_for_in_one_run_hides_no_value_of_another(log):
    said = value("loss", "scalars", tensor=tensor(1, [], float_val=[1.0]))
    log("a", [event(1, said)])
    log("b", scalars("loss", [1, 2]))
    found = [(row["run"], row["step"]) for row in rows(log, "scalars", plugin="scalars")]
    assert found == [("a", 1), ("b", 1), ("b", 2)]


@pytest.mark.parametrize("mmap", ["auto", "never"])
def test_metadata_of_an_event_that_is_filtered_out_counts(log, mmap):
    curve = tensor(4, [6, 3000], tensor_content=bytes(18_000))
    first = value("pr", "pr_curves", tensor=curve)
    later = [event(step, value("pr", tensor=curve)) for step in (1, 2)]
    log(".", [event(0, first), *later], age=100)
    logs = tfevents.open(log.root, mmap=mmap)
    assert logs.pr_curves(steps=slice(1, None)).count() == 2
    assert logs.tensors(steps=slice(1, None)).count() == 0


# Two passes.


@pytest.mark.parametrize("columns", [["step", "values", "attempt"], ["step", "values"]])
@pytest.mark.parametrize("restarts", ["all", "last"])
def test_typed_tensors_of_other_steps_move_no_number(log, columns, restarts):
    numbers = {step: [10.0 * step + i for i in range(n)] for step, n in enumerate([2, 3, 4])}
    tensors = {step: tensor(1, [len(some)], float_val=some) for step, some in numbers.items()}
    log(".", [event(step, value("t", tensor=one)) for step, one in tensors.items()])
    for step, expected in numbers.items():
        scan = tfevents.open(log.root, restarts=restarts).tensors(
            dtype="float32", steps=step, columns=columns
        )
        (row,) = scan.to_arrow().to_pylist()
        assert row["values"] == expected


@pytest.mark.filterwarnings("ignore::tfevents.DamageWarning")
def test_a_session_start_that_is_no_event_cuts_nothing(log):
    broken = start(2) + b"\x1a\x01\xff"  # a file version that is no text
    log(".", [*scalars("x", [1, 2, 3]), broken, *scalars("x", [4])])
    steps = tfevents.open(log.root, restarts="last").scalars().to_arrow()["step"].to_pylist()
    assert steps == [1, 2, 3, 4]


# Files and processes.


@pytest.mark.filterwarnings("ignore::tfevents.DamageWarning")
def test_a_replaced_file_is_not_read_for_the_old_one(log):
    path = log(".", scalars("x", [1, 2, 3]))
    logs = tfevents.open(log.root)
    other = path.with_name("other")
    other.write_bytes(b"".join(map(record, scalars("x", [7, 8, 9, 10]))))
    other.rename(path)
    assert logs.scalars().count() == 0
    assert "another one" in logs.damage().to_arrow()["reason"][0].as_py()
    with pytest.warns(tfevents.ReplacedFileWarning):
        logs.refresh()
    assert logs.scalars().to_arrow()["step"].to_pylist() == [7, 8, 9, 10]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
def test_a_scan_ends_at_a_fork_without_a_hang(log):
    log(".", [event(step, text("t", MEGABYTE), scalar("x", step)) for step in range(40)])
    batches = iter(tfevents.open(log.root, threads=2).scalars())
    rows = next(batches).num_rows
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads
        child = os.fork()
    if child == 0:
        code = 1
        try:
            next(batches)
        except ValueError as error:
            code = 0 if "fork" in str(error) else 2
            del batches
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert rows + sum(batch.num_rows for batch in batches) == 40


def test_a_closed_log_still_tells_of_damage(log):
    path = log(".", scalars("x", [1, 2]))
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    with tfevents.open(log.root) as logs:
        scan = logs.scalars()
    with pytest.warns(tfevents.DamageWarning):
        scan.to_arrow()


def test_rows_of_any_table_are_counted_through_a_dataset(log):
    log(".", [*scalars("x", [1, 2]), *scalars("y", [1])])
    logs = tfevents.open(log.root)
    import pyarrow.dataset as ds

    assert logs.series().to_dataset().count_rows(filter=ds.field("tag") == "x") == 1
    narrow = logs.scalars(columns=["tag", "value"]).to_dataset()
    assert narrow.count_rows(filter=ds.field("tag") == "x") == 2


def test_parquet_follows_a_link_and_replaces_no_device(log, tmp_path):
    log(".", scalars("x", [1, 2]))
    scan = tfevents.open(log.root).scalars()
    real, link = tmp_path / "real.parquet", tmp_path / "link.parquet"
    real.write_bytes(b"old")
    link.symlink_to(real)
    assert scan.write_parquet(link) == 2
    assert link.is_symlink()
    assert real.read_bytes()[:4] == b"PAR1"
    with pytest.raises(OSError, match=r"null.*not a regular file"):
        scan.write_parquet("/dev/null")
    assert Path("/dev/null").is_char_device()
    with pytest.raises(ValueError, match="`path` must"):
        scan.write_parquet("")
