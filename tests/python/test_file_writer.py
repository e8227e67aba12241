"""`FileWriter`, `EventWriter` and `RecordWriter`: where their files go, and what they replace."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import golden
import pytest
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tfevents import EventWriter, FileWriter, RecordWriter, SummaryWriter


def test_a_file_writer_is_made_as_torchs(tmp_path: Path) -> None:
    writer = FileWriter(str(tmp_path), 10, 120, ".mine")
    assert writer.get_logdir() == str(tmp_path)
    writer.add_summary(Summary(value=[Summary.Value(tag="a", simple_value=1)]), 3, 5.0)
    writer.event_writer.add_event(Event(step=4, wall_time=6.0))
    writer.event_writer.flush()
    writer.event_writer.close()
    writer.event_writer.reopen()
    assert writer.event_writer.get_logdir() == str(tmp_path)
    (file,) = tmp_path.iterdir()
    assert file.name.endswith(".mine")
    found = [(event.step, event.wall_time) for event in golden.run(tmp_path)]
    assert found[1:] == [(3, 5.0), (4, 6.0)]


@pytest.mark.parametrize(
    "options", [{"flush_secs": -1}, {"max_queue": 1.5}, {"filename_suffix": 3}, {"log_dir": 3}]
)
def test_arguments_of_a_file_writer_are_named(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError), match=next(iter(options))):
        FileWriter(**{"log_dir": tmp_path / "run", **options})
    assert not (tmp_path / "run").exists()


def test_the_writers_of_a_closed_writer_are_none(tmp_path: Path) -> None:
    for options in ({}, {"write_to_disk": False}):
        writer = SummaryWriter(tmp_path, **options)
        assert writer.file_writer is not None
        assert list(writer.all_writers) == [str(tmp_path)]
        writer.add_scalar("a", 1.0, 0)
        writer.close()
        assert writer.file_writer is None
        assert writer.all_writers is None
        assert writer.log_dir == str(tmp_path)
    writer = SummaryWriter(tmp_path)
    writer.close()
    writer.add_scalar("a", 2.0, 1)
    assert writer.file_writer is not None
    writer.close()
    assert writer.file_writer is None


@pytest.mark.parametrize("name", ["events.out.tfevents.1.host", "x.tfevents", "a.tfevents.v2"])
def test_a_name_that_ends_in_tfevents_is_a_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / "new" / name
    with EventWriter(path) as writer:
        writer.write(Event(step=1))
        assert writer.path == path
    assert [event.step for event in golden.events(path)] == [0, 1]


@pytest.mark.parametrize("name", ["tfevents_logs", "tfevents", "my_tfevents", "run.tfevents/"])
def test_another_name_is_a_directory(tmp_path: Path, name: str) -> None:
    with EventWriter(f"{tmp_path}/{name}") as writer:
        writer.write(Event(step=1))
        assert writer.path is not None
        assert writer.path.parent == tmp_path / name


def test_events_that_are_there_are_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "events.out.tfevents.1"
    with EventWriter(path) as writer:
        writer.write(Event(step=1))
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match=f"not replaced; .*'{path}'"):
        EventWriter(path)
    assert path.read_bytes() == before
    (tmp_path / "empty").touch()
    with EventWriter(tmp_path / "empty") as writer:
        writer.write(Event(step=2))
    assert [event.step for event in golden.events(tmp_path / "empty")] == [0, 2]


def test_records_make_their_directory(tmp_path: Path) -> None:
    with warnings.catch_warnings(), RecordWriter(tmp_path / "a" / "b" / "x.tfrecord") as writer:
        warnings.simplefilter("error")
        writer.write(Event(step=7).SerializeToString())
    assert [event.step for event in golden.events(tmp_path / "a/b/x.tfrecord")] == [7]
