"""The Keras callback on JAX against the files Keras' own wrote with TensorFlow."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"

import golden
import keras
import numpy as np
import pytest
from PIL import Image
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig
from tfevents.integrations.keras import TensorBoard

# Keras' variables are not ready for NumPy 2, and say so.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

RNG = np.random.default_rng(0)
IMAGES = RNG.random((1797, 8, 8, 1)).astype("f4")
LABELS = RNG.integers(0, 10, 1797)


def test_the_backend_is_jax() -> None:
    assert keras.backend.backend() == "jax"


def digits() -> keras.Model:
    keras.backend.clear_session()
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(8, 3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    rate = keras.optimizers.schedules.ExponentialDecay(1e-2, 50, 0.9)
    optimizer = keras.optimizers.Adam(rate)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def fit(model: keras.Model, board: TensorBoard, **options: Any) -> Any:
    return model.fit(IMAGES, LABELS, verbose=0, batch_size=64, callbacks=[board], **options)


def shapes(directory: Path) -> list[tuple[Any, ...]]:
    """What of every value does not depend on the numbers; no version records."""
    found = []
    for event in golden.run(directory):
        for value in event.summary.value:
            assert value.HasField("tensor")
            tensor = value.tensor
            sizes = [dim.size for dim in tensor.tensor_shape.dim]
            metadata = value.metadata.SerializeToString()
            content = len(tensor.tensor_content)
            found.append((event.step, value.tag, tensor.dtype, sizes, content, metadata))
    return found


@pytest.mark.parametrize("run", ["train", "validation"])
def test_runs_tags_steps_and_metadata_are_those_of_keras(tmp_path: Path, run: str) -> None:
    board = TensorBoard(tmp_path, histogram_freq=1, write_images=True, write_steps_per_second=True)
    history = fit(digits(), board, validation_split=0.2, epochs=3).history
    ours = shapes(tmp_path / run)
    theirs = shapes(golden.GOLDEN / "keras_digits" / run)
    assert ours == theirs
    tags = golden.by_tag(golden.run(tmp_path / run))
    name = "loss" if run == "train" else "val_loss"
    written = [
        np.frombuffer(value.tensor.tensor_content, "<f4")[0] for _, value in tags["epoch_loss"]
    ]
    assert np.array_equal(written, np.float32(history[name]))


def test_histograms_and_images_are_of_the_weights(tmp_path: Path) -> None:
    model = digits()
    fit(model, TensorBoard(tmp_path, histogram_freq=1, write_images=True), epochs=1)
    tags = golden.by_tag(golden.run(tmp_path / "train"))
    kernel = np.asarray(model.layers[-1].kernel.value)
    path = model.layers[-1].kernel.path
    ((_, value),) = tags[f"{path}/histogram"]
    rows = np.frombuffer(value.tensor.tensor_content).reshape(30, 3)
    counts, edges = np.histogram(kernel.astype(float), 30)
    assert np.array_equal(rows[:, 2], counts)
    assert np.allclose(rows[:, 0], edges[:-1], rtol=1e-12, atol=1e-15)
    ((_, value),) = tags[f"{path}/image"]
    assert list(value.tensor.string_val[:2]) == [b"90", b"10"] or value.tensor.string_val[0]


def test_batches_are_written_as_often_as_asked_for(tmp_path: Path) -> None:
    fit(digits(), TensorBoard(tmp_path, update_freq=5), epochs=1)
    theirs = shapes(golden.GOLDEN / "keras_digits_batch" / "train")
    # Keras loses the metrics of an epoch whose last batch is none of the fifth ones.
    ours = [row for row in shapes(tmp_path / "train") if not row[1].startswith("epoch_")]
    assert ours == theirs
    assert any(row[1] == "epoch_loss" for row in shapes(tmp_path / "train"))


def test_embeddings_are_listed_and_saved(tmp_path: Path) -> None:
    from google.protobuf import text_format

    model = keras.Sequential(
        [
            keras.Input((5,)),
            keras.layers.Embedding(50, 4, name="emb"),
            keras.layers.Flatten(),
            keras.layers.Dense(1),
        ]
    )
    model.compile("sgd", "mse")
    board = TensorBoard(tmp_path, embeddings_freq=1, embeddings_metadata="words.tsv")
    words = RNG.integers(0, 50, (64, 5))
    model.fit(words, RNG.random(64), epochs=2, verbose=0, callbacks=[board])
    assert shapes(tmp_path / "train") == shapes(golden.GOLDEN / "keras_digits_emb" / "train")
    parsed = []
    for directory in (tmp_path, golden.GOLDEN / "keras_digits_emb"):
        text = (directory / "projector_config.pbtxt").read_text()
        parsed.append(text_format.Parse(text, ProjectorConfig()))
    table = np.loadtxt(tmp_path / parsed[0].embeddings[0].tensor_path, dtype="f4")
    assert np.array_equal(table, np.asarray(model.layers[0].embeddings.value))
    parsed[0].embeddings[0].tensor_path = ""
    parsed[0].embeddings[0].ClearField("tensor_path")
    assert parsed[0] == parsed[1]
    for epoch in range(2):
        assert (tmp_path / "train" / f"keras_embedding.ckpt-{epoch}.weights.h5").exists()


def test_a_diverged_model_does_not_end_the_training(tmp_path: Path) -> None:
    model = digits()
    model.layers[-1].kernel.assign(np.full((72, 10), np.nan))
    fit(model, TensorBoard(tmp_path, histogram_freq=1, write_images=True), epochs=1)
    tags = golden.by_tag(golden.run(tmp_path / "train"))
    ((_, value),) = tags[f"{model.layers[-1].kernel.path}/histogram"]
    assert not np.frombuffer(value.tensor.tensor_content).any()


@pytest.mark.parametrize(
    "options",
    [{"profile_batch": 2}, {"update_freq": "day"}, {"update_freq": -1}, {"update_freq": 0}],
    ids=str,
)
def test_what_cannot_be_done_is_said(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        TensorBoard("unused", **options)


@pytest.mark.parametrize(("filters", "mode"), [(3, "RGB"), (4, "RGBA")])
def test_a_kernel_whose_last_axis_can_be_colors_is_shown(
    tmp_path: Path, filters: int, mode: str
) -> None:
    keras.backend.clear_session()
    model = keras.Sequential(
        [keras.Input((8, 8, 2)), keras.layers.Conv2D(filters, 5), keras.layers.Flatten()]
    )
    model.compile("sgd", "mse")
    board = TensorBoard(tmp_path, histogram_freq=1, write_images=True, write_graph=False)
    model.fit(RNG.random((4, 8, 8, 2)), RNG.random((4, 16 * filters)), verbose=0, callbacks=[board])
    tags = golden.by_tag(golden.run(tmp_path / "train"))
    (name,) = (tag for tag in tags if tag.endswith("kernel/image"))
    ((_, value),) = tags[name]
    width, height, *pictures = value.tensor.string_val
    # Keras takes the kernel [5, 5, 2, filters] for five images, of which it writes three.
    assert (width, height, len(pictures)) == (b"2", b"5", 3)
    with Image.open(io.BytesIO(pictures[0])) as picture:
        assert (picture.mode, picture.size) == (mode, (2, 5))


def test_a_kernel_of_other_sizes_is_not_shown(tmp_path: Path) -> None:
    board = TensorBoard(tmp_path, histogram_freq=1, write_images=True, write_graph=False)
    fit(digits(), board, epochs=1)  # its only kernel of four axes has 1 input channel: three axes
    tags = golden.by_tag(golden.run(tmp_path / "train"))
    assert sum(tag.endswith("kernel/image") for tag in tags) == 2
