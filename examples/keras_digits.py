"""Keras on JAX, without TensorFlow: the callback is the only line that differs."""

import os
import sys

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
from tfevents.integrations.keras import TensorBoard  # was: keras.callbacks.TensorBoard


def digits(count: int = 256) -> tuple[np.ndarray, np.ndarray]:
    """Noisy 8x8 pictures of four shapes, and which shape each is."""
    rng = np.random.default_rng(0)
    shapes = np.stack([np.eye(8), np.fliplr(np.eye(8)), np.tri(8), 1 - np.tri(8)])
    labels = rng.integers(0, len(shapes), count)
    pictures = shapes[labels] + 0.3 * rng.normal(size=(count, 8, 8))
    return pictures[..., None].astype(np.float32), labels


def main(log_dir: str = "runs/keras") -> float:
    """Trains, logs to ``log_dir`` and gives the last accuracy."""
    keras.utils.set_random_seed(0)
    pictures, labels = digits()
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(4, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    board = TensorBoard(log_dir, histogram_freq=1, write_images=True, write_steps_per_second=True)
    history = model.fit(
        pictures, labels, epochs=3, validation_split=0.25, verbose=0, callbacks=[board]
    )
    return float(history.history["accuracy"][-1])


if __name__ == "__main__":
    print(main(*sys.argv[1:]))
