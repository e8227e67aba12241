"""What writers take for a path: local ones and ``file://`` URLs, no others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tfevents import EventWriter, RecordWriter, SummaryWriter

WRITERS = [
    pytest.param(SummaryWriter, "log_dir", id="SummaryWriter"),
    pytest.param(EventWriter, "path", id="EventWriter"),
    pytest.param(RecordWriter, "path", id="RecordWriter"),
]
URLS = ["s3://bucket/run", "gs://b/r", "hdfs://n/r", "memory://r", "https://h/r", "file://host/r"]


@pytest.mark.parametrize(("writer", "name"), WRITERS)
@pytest.mark.parametrize("url", [*URLS, Path("s3://bucket/run")], ids=str)
def test_a_url_of_another_kind_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writer: Any, name: str, url: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=f"`{name}` must be a .*, not '{url}'"):
        writer(url)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("writer", "name"), WRITERS)
@pytest.mark.parametrize("given", [b"run", 3])
def test_what_is_no_path_is_refused(writer: Any, name: str, given: Any) -> None:
    with pytest.raises(TypeError, match=f"`{name}` must be a str or a path object, not {given}"):
        writer(given)


def test_a_file_url_is_its_path(tmp_path: Path) -> None:
    directory = tmp_path / "a b#1?"
    with SummaryWriter(directory.as_uri()) as writer:
        assert writer.log_dir == str(directory)
        writer.add_scalar("x", 1.0, 0)
    (file,) = directory.iterdir()
    with EventWriter(f"file://localhost{tmp_path}/events") as events:
        assert events.path is not None
        assert events.path.parent == tmp_path / "events"
    with RecordWriter((tmp_path / "r.tfrecord").as_uri()) as records:
        assert records.path == tmp_path / "r.tfrecord"
    assert file.name.startswith("events.out.tfevents.")


def test_a_colon_alone_makes_no_url(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path / "trial:1") as writer:
        writer.add_scalar("x", 1.0, 0)
    assert len(list((tmp_path / "trial:1").iterdir())) == 1


def test_an_empty_log_dir_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with SummaryWriter("", comment="_c") as writer:
        assert Path(writer.log_dir).parent == Path("runs")
        assert writer.log_dir.endswith("_c")
    with SummaryWriter("", logdir="named") as writer:
        assert writer.log_dir == "named"


def test_two_names_of_the_directory_must_agree(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"`log_dir` and `logdir` must be the same, not '.*a' and"):
        SummaryWriter(tmp_path / "a", logdir=str(tmp_path / "b"))
