"""The examples run, and what they say is in the files."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import golden
import pytest

# Keras' variables are not ready for NumPy 2, and say so.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

EXAMPLES = Path(__file__).parents[2] / "examples"


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def scalars(directory: Path) -> dict[str, list[float]]:
    tags = golden.by_tag(golden.run(directory))
    return {tag: [value.simple_value for _, value in found] for tag, found in tags.items()}


def test_pytorch_style_loop(tmp_path: Path) -> None:
    loss = example("pytorch_style_loop").main(str(tmp_path))
    assert loss < 1e-6
    assert len(scalars(tmp_path)["loss/train"]) == 100
    assert len(scalars(tmp_path / "norm_w")["norm"]) == 10


def test_numpy_loop(tmp_path: Path) -> None:
    assert example("numpy_loop").main(str(tmp_path)) == 10_000
    found = scalars(tmp_path)
    assert len(found["walk/x"]) == 10_000
    assert len(found["visits"]) == len(found["walk/mean"]) == 10


def test_hparam_sweep(tmp_path: Path) -> None:
    losses = example("hparam_sweep").main(str(tmp_path))
    assert len(losses) == 4
    for run, loss in losses.items():
        found = scalars(tmp_path / run)
        assert found["loss/last"][0] == loss or abs(found["loss/last"][0] / loss - 1) < 1e-6
        assert "_hparams_/session_start_info" in found


def test_keras_digits(tmp_path: Path) -> None:
    assert example("keras_digits").main(str(tmp_path)) > 0.25
    for run in ("train", "validation"):
        assert len(scalars(tmp_path / run)["epoch_loss"]) == 3
