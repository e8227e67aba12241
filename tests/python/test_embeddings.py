"""Embeddings: their files, and the configuration that several writers share."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tfevents
from google.protobuf import text_format
from PIL import Image
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig
from tfevents import SummaryWriter

POINTS = np.random.default_rng(0).normal(size=(5, 3)).astype("f4")


def config(directory: Path) -> ProjectorConfig:
    text = (directory / "projector_config.pbtxt").read_text()
    return text_format.Parse(text, ProjectorConfig())


def test_files_are_where_the_configuration_says(tmp_path: Path) -> None:
    images = np.random.default_rng(1).random((5, 3, 4, 6))
    with SummaryWriter(tmp_path) as w:
        w.add_embedding(POINTS, list("abcde"), images, 3, "a/b%\\")
    (embedding,) = config(tmp_path).embeddings
    assert embedding.tensor_name == "a/b%\\:00003"
    table = np.loadtxt(tmp_path / embedding.tensor_path, delimiter="\t", dtype="f4")
    assert np.array_equal(table, POINTS)
    assert (tmp_path / embedding.metadata_path).read_text() == "a\nb\nc\nd\ne\n"
    assert list(embedding.sprite.single_image_dim) == [6, 4]
    with Image.open(tmp_path / embedding.sprite.image_path) as sprite:
        sheet = np.asarray(sprite)
    assert sheet.shape == (12, 18, 3)
    for index, image in enumerate((images.astype("f4") * 255).astype("u1")):
        row, column = divmod(index, 3)
        tile = sheet[row * 4 : row * 4 + 4, column * 6 : column * 6 + 6]
        assert np.array_equal(tile, image.transpose(1, 2, 0))
    assert not sheet[8:].any()


def test_a_second_writer_keeps_what_the_first_listed(tmp_path: Path) -> None:
    for tag in ("a", "b"):
        with SummaryWriter(tmp_path) as w:
            w.add_embedding(POINTS, tag=tag)
    assert [one.tensor_name for one in config(tmp_path).embeddings] == ["a:00000", "b:00000"]


def test_writing_again_takes_its_own_place(tmp_path: Path) -> None:
    for labels in (None, list("abcde")):
        with SummaryWriter(tmp_path) as w:
            w.add_embedding(POINTS, labels, tag="a")
    (embedding,) = config(tmp_path).embeddings
    named = [embedding.tensor_path, embedding.metadata_path]
    assert sorted(tmp_path.rglob("*.tsv")) == sorted(tmp_path / one for one in named)


def test_labels_are_those_of_the_vectors_at_every_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def look() -> None:
        if not (tmp_path / "projector_config.pbtxt").exists():
            return
        (embedding,) = config(tmp_path).embeddings
        numbers = np.loadtxt(tmp_path / embedding.tensor_path, delimiter="\t")
        labels = (tmp_path / embedding.metadata_path).read_text().split()
        with Image.open(tmp_path / embedding.sprite.image_path) as sprite:
            pixel = sprite.getpixel((0, 0))
        seen.append(int(numbers[0, 0]))
        assert labels == [str(seen[-1])] * 5
        assert pixel == (seen[-1],) * 3

    def watched(method: Any) -> Any:
        def call(self: Path, *arguments: Any, **options: Any) -> Any:
            look()
            result = method(self, *arguments, **options)
            look()
            return result

        return call

    for name in ("replace", "unlink", "rmdir", "mkdir"):
        monkeypatch.setattr(Path, name, watched(getattr(Path, name)))
    with SummaryWriter(tmp_path, on_error="raise") as w:
        for n in range(1, 5):
            images = np.full((5, 3, 2, 2), n, "u1")
            w.add_embedding(np.full((5, 3), float(n)), [n] * 5, images, tag="a")
    assert sorted(set(seen)) == [1, 2, 3, 4]
    files = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert sum("tfevents" not in name for name in files) == 4


def test_only_files_of_the_embedding_are_removed(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    for path in ("mine/a.tsv", "shared.tsv", "00000/default/own.tsv"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("1\n")
    entry = 'embeddings {{ tensor_name: "{}" tensor_path: "{}" metadata_path: "{}" }}\n'
    (tmp_path / "projector_config.pbtxt").write_text(
        entry.format("default:00000", "mine/a.tsv", "00000/default/../../shared.tsv")
        + entry.format("other", "00000/default/own.tsv", "shared.tsv")
    )
    with SummaryWriter(tmp_path) as w:
        w.add_embedding(POINTS)
        w.add_embedding(POINTS)
    for path in ("mine/a.tsv", "shared.tsv", "00000/default/own.tsv"):
        assert (tmp_path / path).exists()


def test_what_others_wrote_into_the_configuration_is_kept(tmp_path: Path) -> None:
    theirs = (
        'model_checkpoint_path: "model } {.ckpt"\n'
        'embeddings {\n  tensor_name: "old"\n  sprite {\n    image_path: "s.png"\n  }\n}\n'
    )
    (tmp_path / "projector_config.pbtxt").write_text(theirs)
    with SummaryWriter(tmp_path) as w:
        w.add_embedding(POINTS, tag='q"uote')
    merged = config(tmp_path)
    assert merged.model_checkpoint_path == "model } {.ckpt"
    assert [one.tensor_name for one in merged.embeddings] == ["old", 'q"uote:00000']
    assert merged.embeddings[0].sprite.image_path == "s.png"


@pytest.mark.parametrize(
    "old",
    [
        "embeddings { tensor_name: 'a:00000' tensor_path: 'old' }\n",
        'embeddings { tensor_name: "\\141:00000" tensor_path: "old" }\n',
        'embeddings: [{ tensor_name: "a:" "00000" tensor_path: "old" }]',
    ],
)
def test_an_entry_is_replaced_however_it_is_spelled(tmp_path: Path, old: str) -> None:
    (tmp_path / "projector_config.pbtxt").write_text(old)
    with SummaryWriter(tmp_path) as w:
        w.add_embedding(POINTS, tag="a")
    (embedding,) = config(tmp_path).embeddings
    assert embedding.tensor_path == "00000/a/tensors.tsv"


def test_several_entries_on_a_line_are_kept(tmp_path: Path) -> None:
    line = 'embeddings { tensor_name: "x" } embeddings { tensor_name: "a:00000" } # both\n'
    (tmp_path / "projector_config.pbtxt").write_text(line)
    with SummaryWriter(tmp_path) as w:
        w.add_embedding(POINTS, tag="a")
    assert [one.tensor_name for one in config(tmp_path).embeddings] == ["x", "a:00000"]


@pytest.mark.parametrize("tag", ["a\rb", "a\nb\t", "\x00\x7f", "..", ".", 'é"\\'])
def test_any_tag_can_be_read_back(tmp_path: Path, tag: str) -> None:
    with SummaryWriter(tmp_path) as w:
        w.add_embedding(POINTS, tag=tag)
        w.add_embedding(POINTS, tag="other")
    text = (tmp_path / "projector_config.pbtxt").read_bytes().decode()
    parsed = text_format.Parse(text, ProjectorConfig())
    assert [one.tensor_name for one in parsed.embeddings] == [f"{tag}:00000", "other:00000"]
    assert Path(tmp_path / parsed.embeddings[0].tensor_path).parents[2] == tmp_path
    rows = tfevents.open(tmp_path).embeddings().to_arrow().to_pylist()
    assert [row["name"] for row in rows] == [tag, "other"]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [(b"# caf\xe9\n", "it is not UTF-8 at byte 5"), (b"embeddings {\n", "line 2: the text ends")],
)
def test_a_configuration_that_cannot_be_read_stays_as_it_is(
    tmp_path: Path, broken: bytes, reason: str
) -> None:
    (tmp_path / "projector_config.pbtxt").write_bytes(broken)
    with SummaryWriter(tmp_path, on_error="raise") as w:
        with pytest.raises(tfevents.TfeventsError, match=reason):
            w.add_embedding(POINTS)
        assert w.stats["dropped"] == 1
    with SummaryWriter(tmp_path) as w, pytest.warns(RuntimeWarning, match="embedding 'default'"):
        w.add_embedding(POINTS)
    assert (tmp_path / "projector_config.pbtxt").read_bytes() == broken
    assert not (tmp_path / "00000").exists()


FULL = """
import os, resource, sys, warnings
import numpy as np
from tfevents import SummaryWriter

directory, on_error = sys.argv[1:]
warnings.simplefilter("always")
# A file that would grow beyond this is refused, as on a full disk.
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
with SummaryWriter(directory, on_error=on_error) as w, warnings.catch_warnings(record=True) as seen:
    w.add_embedding(np.zeros((10, 3)), tag="kept")
    for tag in ("lost", "kept"):
        try:
            w.add_embedding(np.ones((5000, 3)), tag=tag)
        except OSError as error:
            assert on_error == "raise", error
        else:
            assert on_error != "raise"
    assert len(seen) == (on_error == "warn"), [str(one.message) for one in seen]
    assert all("embedding 'lost'" in str(one.message) for one in seen)
    assert all(one.filename == "<string>" for one in seen)
    stats = w.stats
    assert (stats["dropped"], stats["dropped_bytes"]) == (2, 120_000), stats
    assert "File too large" in stats["last_error"]
"""


@pytest.mark.parametrize("on_error", ["warn", "raise", "drop"])
def test_an_embedding_is_whole_or_not_there(tmp_path: Path, on_error: str) -> None:
    subprocess.run([sys.executable, "-c", FULL, tmp_path, on_error], check=True)
    (embedding,) = config(tmp_path).embeddings
    assert embedding.tensor_name == "kept:00000"
    table = np.loadtxt(tmp_path / embedding.tensor_path, delimiter="\t")
    assert np.array_equal(table, np.zeros((10, 3)))
    left = [path.name for path in tmp_path.rglob("*") if "tfevents" not in path.name]
    assert sorted(left) == ["00000", "kept", "projector_config.pbtxt", "tensors.tsv"]


def test_one_column_has_no_header(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as w:
        w.add_embedding(POINTS, [["a\tb"]] * 5, metadata_header=["n"])
    assert (tmp_path / "00000/default/metadata.tsv").read_text() == "a b\n" * 5


def test_too_large_a_sprite_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as w, pytest.raises(ValueError, match="8192"):
        w.add_embedding(np.zeros((1000, 2)), label_img=np.zeros((1000, 1, 300, 300), "u1"))
    assert not (tmp_path / "projector_config.pbtxt").exists()
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


def test_numbers_are_spelled_as_python_spells_them(tmp_path: Path) -> None:
    numbers = [0.1, 1e-7, 1e22, -0.0, float("nan"), 123456789.125, 1e16, 9999999999999998.0]
    with SummaryWriter(tmp_path) as w:
        w.add_embedding([numbers])
    written = (tmp_path / "00000/default/tensors.tsv").read_text()
    assert written == "\t".join(map(str, numbers)) + "\n"


def write_some(directory: Path, name: str) -> None:
    with SummaryWriter(directory) as w:
        for step in range(10):
            w.add_embedding(POINTS, global_step=step, tag=name)


def test_writers_of_several_processes_keep_each_others_entries(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    children = [context.Process(target=write_some, args=(tmp_path, name)) for name in "ab"]
    for child in children:
        child.start()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write_some, [tmp_path] * 4, "cdef"))
    for child in children:
        child.join()
        assert child.exitcode == 0
    names = {one.tensor_name for one in config(tmp_path).embeddings}
    assert names == {f"{name}:{step:05}" for name in "abcdef" for step in range(10)}


def test_the_configuration_comes_last_and_a_failed_rename_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = []
    replace = Path.replace

    def follow(self: Path, target: Path) -> Path:
        if target.name == failing:
            raise OSError(5, "the disk refuses", str(target))
        named.append(target.name)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", follow)
    for failing in ("metadata.tsv", "projector_config.pbtxt", "none"):
        with SummaryWriter(tmp_path / failing, on_error="drop") as writer:
            writer.add_embedding(np.eye(2), metadata=["a", "b"], label_img=np.zeros((2, 3, 2, 2)))
        files = [path for path in (tmp_path / failing).rglob("*") if path.is_file()]
        if failing != "none":
            assert all(path.name.startswith("events") for path in files)
    assert named[-4:] == ["tensors.tsv", "metadata.tsv", "sprite.png", "projector_config.pbtxt"]
