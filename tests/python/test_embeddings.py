"""Embeddings: their files, and the configuration that several writers share."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
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
    assert embedding.metadata_path == "00000/a/metadata.tsv"


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
