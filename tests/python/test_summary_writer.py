"""The writer as a whole: what it writes of each call, and its life."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import golden
import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto import event_pb2, graph_pb2, summary_pb2
from tfevents import EventWriter, RecordWriter, SummaryWriter


def values(directory: Path) -> dict[str, list[tuple[int, Any]]]:
    return golden.by_tag(golden.run(directory))


def scalars(directory: Path, tag: str) -> list[tuple[int, float]]:
    return [(step, value.simple_value) for step, value in values(directory)[tag]]


def test_tensorboard_reads_every_kind_back(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as w:
        for step in range(100):
            w.add_scalar("s", step / 4, step)
        w.add_histogram("h", np.arange(10), 0)
        w.add_image("i", np.zeros((3, 4, 5)), 0)
        w.add_audio("a", np.zeros(10), 0)
        w.add_text("t", "hé", 0)
    read = EventAccumulator(str(tmp_path), {"scalars": 0, "histograms": 0}).Reload()
    assert [(e.step, e.value) for e in read.Scalars("s")] == [(i, i / 4) for i in range(100)]
    assert read.Histograms("h")[0].histogram_value.num == 10
    assert (read.Images("i")[0].width, read.Images("i")[0].height) == (5, 4)
    assert read.Audio("a")[0].length_frames == 10
    assert read.Tensors("t/text_summary")[0].tensor_proto.string_val == ["hé".encode()]


def test_log_is_one_event(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as w:
        w.log({"a": 1, "b": np.float32(2), "c": np.array([3.0])}, 7)
    event = golden.run(tmp_path)[-1]
    assert event.step == 7
    assert {value.tag: value.simple_value for value in event.summary.value} == {
        "a": 1,
        "b": 2,
        "c": 3,
    }


def test_a_batch_is_its_points(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as w:
        w.add_scalar_batch("x", np.arange(5, dtype="f4"), range(0, 50, 10), np.arange(5) + 0.5)
        w.add_scalar_batch("y", [1, 2, 3], 5)
        w.add_scalar_batch("z", [], np.array([], int))
    assert scalars(tmp_path, "x") == [(i * 10, i) for i in range(5)]
    assert scalars(tmp_path, "y") == [(5, 1), (6, 2), (7, 3)]
    times = [e.wall_time for e in golden.run(tmp_path) if e.summary.value]
    assert times[:5] == [0.5, 1.5, 2.5, 3.5, 4.5]


@pytest.mark.parametrize("dtype", [">f4", ">f8", ">i2", "<f8", "f2", "?"])
def test_a_batch_takes_any_byte_order(tmp_path: Path, dtype: str) -> None:
    with SummaryWriter(tmp_path) as w:
        w.add_scalar_batch("x", np.array([0, 1, 1], dtype), np.array([3, 4, 5], ">i8"))
    assert scalars(tmp_path, "x") == [(3, 0), (4, 1), (5, 1)]


def test_a_batch_may_be_empty(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as w:
        w.add_scalar_batch("x", [], [])
        w.add_scalar_batch("x", [], [], [])
        w.add_scalar_batch("x", [], 5)
    assert values(tmp_path) == {}


def test_steps_of_a_batch_go_up_to_the_largest(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as w:
        w.add_scalar_batch("x", [1.0, 2.0], 2**63 - 2)
        w.add_scalar_batch("x", [3.0], [2**63 - 1])
        for steps in (2**63 - 1, [0, 2**63], 2**63):
            with pytest.raises((TypeError, ValueError), match="steps"):
                w.add_scalar_batch("x", [1.0, 2.0], steps)
    assert [step for step, _ in scalars(tmp_path, "x")] == [2**63 - 2, 2**63 - 1, 2**63 - 1]


def test_half_precision_keeps_its_bits(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as w:
        w.add_tensor("half", np.array([1.0, -2.0], np.float16))
        w.add_tensor("bytes", np.array([1, 255], np.uint8))
    tags = values(tmp_path)
    assert list(tags["half"][0][1].tensor.half_val) == [0x3C00, 0xC000]
    assert list(tags["bytes"][0][1].tensor.int_val) == [1, 255]


def test_use_metadata_gives_step_and_wall_time(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as w:
        with w.use_metadata(global_step=9):
            w.add_scalar("a", 1.0)
            w.add_scalar("a", 1.0, 3)
        with w.use_metadata(walltime=5.0):
            w.log({"b": 1.0}, 2)
    events = [event for event in golden.run(tmp_path) if event.summary.value]
    assert [event.step for event in events] == [9, 3, 2]
    assert events[0].wall_time > 1e9
    assert events[2].wall_time == 5.0


def test_scalars_are_exported_as_json(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path / "run", keep_scalars=True) as w:
        w.add_scalars("a/b", {"x": 1, "y": 2}, 3, walltime=10.0)
        w.export_scalars_to_json(tmp_path / "all.json")
        w.export_scalars_to_json(tmp_path / "none.json")
    runs = {str(tmp_path / "run" / f"a_b_{key}"): value for key, value in (("x", 1), ("y", 2))}
    wanted = {run: [[10.0, 3, value]] for run, value in runs.items()}
    assert json.loads((tmp_path / "all.json").read_text()) == wanted
    assert json.loads((tmp_path / "none.json").read_text()) == {}


def test_scalars_are_kept_only_when_asked_to(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path / "run") as w:
        w.add_scalars("a", {"x": 1}, 3)
        assert w._exported == {}
        with pytest.raises(ValueError, match="`keep_scalars` must be True"):
            w.export_scalars_to_json(tmp_path / "all.json")
    assert not (tmp_path / "all.json").exists()


@pytest.mark.parametrize("value", [np.float32(1.5), np.float64(1.5), np.array(1.5), np.int64(3)])
def test_numpy_scalars_are_numbers_however_often(tmp_path: Path, value: Any) -> None:
    with SummaryWriter(tmp_path) as w:
        for step in range(3):
            w.add_scalar("a", value, np.int64(step))
            w.log({"b": value}, step)
        for wrong in (np.array([1.0, 2.0]), np.array([]), np.complex64(1)):
            with pytest.raises((TypeError, ValueError), match="scalar_value"):
                w.add_scalar("a", wrong, 9)
        with pytest.raises(TypeError, match="global_step"):
            w.add_scalar("a", value, np.float32(1.5))
    tags = values(tmp_path)
    for tag in "ab":
        assert [(step, got.simple_value) for step, got in tags[tag]] == [
            (step, float(value)) for step in range(3)
        ]


def test_adding_after_close_opens_a_new_file(tmp_path: Path) -> None:
    w = SummaryWriter(tmp_path)
    w.add_scalar("a", 1.0, 1)
    w.close()
    w.close()
    w.add_scalar("a", 2.0, 2)
    w.close()
    assert len(list(tmp_path.iterdir())) == 2
    assert scalars(tmp_path, "a") == [(1, 1), (2, 2)]


def test_a_pickled_writer_writes_its_own_file(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path, filename_suffix=".p", purge_step=4) as w:
        w.add_scalar("a", 1.0, 1)
        copy = pickle.loads(pickle.dumps(w))
        copy.add_scalar("a", 2.0, 2)
        copy.close()
    names = [path.name for path in tmp_path.iterdir()]
    assert len(names) == 2
    assert all(name.endswith(".p") for name in names)
    assert sorted(scalars(tmp_path, "a")) == [(1, 1), (2, 2)]
    starts = [event for event in golden.run(tmp_path) if event.HasField("session_log")]
    assert len(starts) == 1  # the copy restarts nothing


class Counting(SummaryWriter):
    """A subclass with state of its own."""

    def __init__(self, log_dir: Path) -> None:
        self.before = "set before"
        super().__init__(log_dir)
        self.count = 3


def test_a_pickled_subclass_keeps_its_attributes(tmp_path: Path) -> None:
    with Counting(tmp_path) as w:
        w.note = {"a": 1}  # type: ignore[attr-defined]
        copy = pickle.loads(pickle.dumps(w))
    copy.close()
    assert (copy.before, copy.count, copy.note) == ("set before", 3, {"a": 1})
    assert copy.log_dir == w.log_dir


def test_what_was_written_survives_an_exit_without_close(tmp_path: Path) -> None:
    code = f"""
from tfevents import SummaryWriter
held = SummaryWriter({str(tmp_path)!r})
held.add_scalar("a", 1.0, 1)
SummaryWriter({str(tmp_path)!r}).add_scalar("b", 1.0, 1)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert values(tmp_path).keys() == {"a", "b"}


def test_write_to_disk_false_writes_nothing(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path / "run", write_to_disk=False) as w:
        w.add_scalar("a", 1.0)
        w.add_scalars("b", {"x": 1})
        w.log({"a": 1})
        w.add_embedding(np.zeros((2, 2)))
        w.add_image("i", np.zeros((3, 2, 2)))
        w.flush()
        with pytest.raises(TypeError):
            w.add_scalar("a", None)
    assert not (tmp_path / "run").exists()


def test_the_default_directory_is_torchs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with SummaryWriter(comment="_x") as w:
        w.add_scalar("a", 1.0)
    (run,) = (tmp_path / "runs").iterdir()
    assert run.name.endswith(f"_{os.uname().nodename}_x")
    with SummaryWriter(logdir=tmp_path / "named") as w:
        assert w.logdir == str(tmp_path / "named")


def test_file_writer_takes_messages(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as w:
        summary = summary_pb2.Summary(value=[summary_pb2.Summary.Value(tag="m", simple_value=2)])
        w.file_writer.add_summary(summary, 3)
        w.file_writer.add_event(event_pb2.Event(wall_time=1, step=8, summary=summary), walltime=6.0)
        w.file_writer.add_event(event_pb2.Event(step=8, summary=summary).SerializeToString(), 4)
        w.add_graph(graph_pb2.GraphDef(node=[{"name": "n"}]))
    events = golden.run(tmp_path)
    assert [(e.step, e.WhichOneof("what")) for e in events[1:]] == [
        (3, "summary"),
        (8, "summary"),
        (4, "summary"),
        (0, "graph_def"),
    ]
    assert events[2].wall_time == 6.0
    assert graph_pb2.GraphDef.FromString(events[4].graph_def).node[0].name == "n"


def test_lower_writers_take_messages_and_bytes(tmp_path: Path) -> None:
    with EventWriter(tmp_path / "run") as w:
        w.write(event_pb2.Event(step=5))
        w.write(event_pb2.Event(step=6).SerializeToString())
        path = w.path
    assert [event.step for event in golden.events(path)][-2:] == [5, 6]
    with RecordWriter(tmp_path / "x.tfrecord") as records:
        records.write(event_pb2.Event(step=7).SerializeToString())
    assert [event.step for event in golden.events(tmp_path / "x.tfrecord")] == [7]
    with pytest.raises(TypeError, match="`event` must be"):
        EventWriter(tmp_path / "run").write(3)


def test_threads_share_a_writer_whatever_they_add(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(8, 5000)).astype("f4")

    def work(index: int) -> None:
        for step in range(20):
            w.add_scalar(f"s{index}", float(step), step)
            w.add_histogram(f"h{index}", numbers[index], step)
            w.log({f"l{index}": step, "shared": index}, step)
            w.add_image(f"i{index}", np.full((3, 8, 8), index * 10, "u1"), step)

    with SummaryWriter(tmp_path) as w, ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    tags = values(tmp_path)
    assert len(tags["shared"]) == 160
    for index in range(8):
        assert [step for step, _ in tags[f"s{index}"]] == list(range(20))
        assert [value.simple_value for _, value in tags[f"l{index}"]] == list(range(20))
        sums = {value.histo.sum for _, value in tags[f"h{index}"]}
        assert sums == {numbers[index].astype(float).sum()}
        assert len({value.image.encoded_image_string for _, value in tags[f"i{index}"]}) == 1
