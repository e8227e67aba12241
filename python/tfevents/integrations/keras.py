"""The TensorBoard callback of Keras 3 without TensorFlow, for any backend."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfevents import _arrays, _extras, _native
from tfevents._beside import Beside
from tfevents._file_writer import FileWriter
from tfevents._local import local_path
from tfevents._summary.projector import list_embedding

_extras.require("keras", "keras", "tfevents.integrations.keras")
import keras  # noqa: E402

# What Keras calls the embedding of a checkpoint.
_EMBEDDING = "layer_with_weights-0/embeddings/.ATTRIBUTES/VARIABLE_VALUE"
# Images of a weight that are shown, as `tf.summary.image` does.
_MOST_IMAGES = 3


class TensorBoard(keras.callbacks.Callback):  # type: ignore[misc]
    """Writes metrics, weights and the model graph to ``train`` and ``validation`` runs.

    Tags, plugins and steps are those of `keras.callbacks.TensorBoard`.

    Args:
        log_dir: The directory of the runs.
        histogram_freq: Write histograms of the weights every so many epochs; 0 for never.
        write_graph: Write the model, if it is sequential or functional. The graph of the compiled
            training function, which Keras adds on TensorFlow, needs TensorFlow's tracer.
        write_images: With the histograms, write the weights as images.
        write_steps_per_second: Write the speed.
        update_freq: ``"epoch"``; or write metrics every so many batches (``"batch"`` is 1).
        profile_batch: Must be 0: profiles need TensorFlow's or JAX's tracer.
        embeddings_freq: Save embedding layers every so many epochs; 0 for never.
        embeddings_metadata: The metadata file of the embedding layers, or one for each by name.

    Raises:
        ValueError: If an argument is none of what is allowed.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: str | int = "epoch",
        profile_batch: int | str | tuple[int, int] = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: str | Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        if profile_batch not in (0, "0", (0, 0), "0,0"):
            message = (
                "profile_batch must be 0: a profile needs the tracer of TensorFlow or JAX; use "
                f"keras.callbacks.TensorBoard or jax.profiler for it, not {profile_batch!r}"
            )
            raise ValueError(message)
        frequency = {"epoch": 0, "batch": 1}.get(str(update_freq), update_freq)
        if not isinstance(frequency, int) or frequency < 0 or update_freq == 0:
            message = f'update_freq must be "epoch", "batch" or a positive int, not {update_freq!r}'
            raise ValueError(message)
        self.log_dir = local_path(log_dir, "log_dir")
        self.histogram_freq = histogram_freq
        self.write_graph = write_graph
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq = update_freq
        self.embeddings_freq = embeddings_freq
        self.embeddings_metadata = embeddings_metadata
        self._every = frequency
        self._writers: dict[str, FileWriter] = {}
        self._beside = Beside("warn", "flush")
        self._batches = 0
        self._batch_start = self._epoch_start = 0.0
        self._epoch_first_iteration = 0

    def close(self) -> None:
        """Closes the files of both runs."""
        for writer in self._writers.values():
            writer.close()

    def set_model(self, model: Any) -> None:
        """Takes the model, and writes its graph."""
        super().set_model(model)
        self.close()
        self._writers = {}
        if self.write_graph and type(model).__name__ in ("Functional", "Sequential"):
            self._write_model(model)
        if self.embeddings_freq:
            self._list_embeddings()

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Starts counting batches."""
        self._batches = 0

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Closes the files."""
        self.close()

    def on_train_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Counts the batch."""
        self._batches += 1
        self._batch_start = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Writes the metrics of a batch, as often as asked for."""
        if not self._every or self._batches % self._every:
            return
        metrics = dict(logs) if isinstance(logs, Mapping) else {}
        if self.write_steps_per_second:
            seconds = time.perf_counter() - self._batch_start
            metrics = {"steps_per_second": 1 / max(seconds, 1e-9), **metrics}
        self._scalars("train", {f"batch_{name}": x for name, x in metrics.items()}, self._batches)

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Writes the metrics of an evaluation over the iterations of the optimizer."""
        iterations = self._iterations()
        if logs and iterations is not None:
            metrics = {f"evaluation_{name}_vs_iterations": x for name, x in logs.items()}
            self._scalars("validation", metrics, iterations)

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Starts the clock."""
        self._epoch_start = time.perf_counter()
        self._epoch_first_iteration = self._iterations() or 0

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Writes the metrics of an epoch, and weights and embeddings as often as asked for."""
        if logs:
            train = {name: x for name, x in logs.items() if not name.startswith("val_")}
            train |= self._learning_rates()
            if self.write_steps_per_second:
                seconds = max(time.perf_counter() - self._epoch_start, 1e-9)
                steps = (self._iterations() or 0) - self._epoch_first_iteration
                train["steps_per_second"] = steps / seconds
            validation = {name[4:]: x for name, x in logs.items() if name.startswith("val_")}
            self._scalars("train", {f"epoch_{name}": x for name, x in train.items()}, epoch)
            if validation:
                metrics = {f"epoch_{name}": x for name, x in validation.items()}
                self._scalars("validation", metrics, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            self._write_embeddings(epoch)

    def _writer(self, run: str) -> FileWriter:
        if run not in self._writers:
            path = Path(self.log_dir) / run
            self._writers[run] = FileWriter(path, filename_suffix=".v2")
        return self._writers[run]

    def _scalars(self, run: str, metrics: Mapping[str, Any], step: int) -> None:
        for tag, number in metrics.items():
            array = np.asarray(keras.ops.convert_to_numpy(number), np.float32).reshape(())
            packed = _arrays.pack(array, tag)
            value = _native.tensor_value(tag, packed, "content", "scalars")
            self._writer(run).add_values([value], step, None)

    def _iterations(self) -> int | None:
        iterations = getattr(getattr(self.model, "optimizer", None), "iterations", None)
        return None if iterations is None else int(keras.ops.convert_to_numpy(iterations))

    def _learning_rates(self) -> dict[str, float]:
        optimizer: Any = getattr(self.model, "optimizer", None)
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)  # of a LossScaleOptimizer
        if hasattr(optimizer, "optimizers"):
            return {f"learning_rate_{one.name}": _number(one) for one in optimizer.optimizers}
        return {"learning_rate": _number(optimizer)} if hasattr(optimizer, "learning_rate") else {}

    def _write_model(self, model: Any) -> None:
        try:
            text = model.to_json()
        except Exception as error:  # whatever a layer of the user's does
            warnings.warn(f"the model is not written, since it has no JSON: {error}", stacklevel=2)
            return
        value = _native.strings_value("keras", [text.encode()], [], "graph_keras_model", b"1")
        self._writer("train").add_values([value], 0, None)

    def _write_weights(self, epoch: int) -> None:
        writer = self._writer("train")
        for layer in self.model.layers:
            for weight in layer.weights:
                name = weight.path.replace(":", "_")
                array = keras.ops.convert_to_numpy(weight)
                packed = _arrays.pack(array, name)
                value = _native.histogram_tensor_value(f"{name}/histogram", packed)
                writer.add_values([value], epoch, None)
                if self.write_images and (image := _weight_image(f"{name}/image", array)):
                    writer.add_values([image], epoch, None)
        writer.flush()

    def _embeddings(self) -> list[Any]:
        kind = keras.layers.Embedding
        return [layer for layer in self.model.layers if isinstance(layer, kind)]

    def _list_embeddings(self) -> None:
        layers = self._embeddings()
        metadata = self.embeddings_metadata
        if isinstance(metadata, Mapping) and (
            unknown := metadata.keys() - {layer.name for layer in layers}
        ):
            message = f"embeddings_metadata names layers that are no Embedding: {sorted(unknown)}"
            raise ValueError(message)
        for index, layer in enumerate(layers):
            entry = {"tensor_name": _EMBEDDING if index == 0 else layer.name}
            path = metadata.get(layer.name) if isinstance(metadata, Mapping) else metadata
            if path is not None:
                entry["metadata_path"] = path
            # The projector reads no Keras checkpoints: the same numbers stand beside them.
            entry["tensor_path"] = f"train/{_table(layer)}"
            with self._beside.attempt(0, f"embedding {layer.name!r}") as files:
                list_embedding(files, Path(self.log_dir), entry)

    def _write_embeddings(self, epoch: int) -> None:
        folder = Path(self.log_dir) / "train"
        folder.mkdir(parents=True, exist_ok=True)
        self.model.save_weights(str(folder / f"keras_embedding.ckpt-{epoch}.weights.h5"))
        for layer in self._embeddings():
            points = keras.ops.convert_to_numpy(layer.embeddings)
            table = _native.tsv(_arrays.pack(points, layer.name))
            size = sum(map(len, table))
            with self._beside.attempt(size, f"embedding {layer.name!r}") as files:
                files.write(folder / _table(layer), table)
                files.commit()


def _table(layer: Any) -> str:
    return f"keras_embedding-{layer.name.replace('/', '_')}.tsv"


def _number(optimizer: Any) -> float:
    return float(keras.ops.convert_to_numpy(optimizer.learning_rate))


def _weight_image(tag: str, weight: np.ndarray[Any, Any]) -> _native.Value | None:
    """A weight as up to three images, if Keras shows it.

    A vector is one row, a matrix one image. Of three axes, each channel is an image. A kernel
    of four is shown only if its last axis can be colors: ``[images, height, width, colors]``.
    """
    image = np.nan_to_num(np.squeeze(np.asarray(weight)).astype(np.float32))
    layout = "HW"
    if image.ndim == 1:
        image = image.reshape(1, -1, 1)
    elif image.ndim == 2:
        image = (image.T if image.shape[0] > image.shape[1] else image)[None]
    elif image.ndim == 3:
        if keras.config.image_data_format() == "channels_last":
            image = image.transpose(2, 0, 1)
    elif image.ndim == 4 and image.shape[-1] in (3, 4):
        layout = "HWC"
    else:
        return None
    pictures = []
    height = width = 0
    for one in image[:_MOST_IMAGES]:
        png, height, width, _ = _native.png(_arrays.pack(one, tag), layout)
        pictures.append(png)
    strings = [str(width).encode(), str(height).encode(), *pictures]
    return _native.strings_value(tag, strings, [len(strings)], "images")
