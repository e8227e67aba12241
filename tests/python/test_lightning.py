"""The Lightning logger, on a stand-in for Lightning's own, which it is a subclass of.

Lightning needs PyTorch, several gigabytes; `make test-torch` runs the logger in Lightning itself.
"""

from __future__ import annotations

import importlib
import os
import pickle
import sys
import types
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import golden
import numpy as np
import pytest
import tfevents


class StandIn:
    """What the tests need of Lightning's TensorBoardLogger."""

    LOGGER_JOIN_CHAR = "-"

    def __init__(self, save_dir: str, name: Any, version: Any, **options: Any) -> None:
        self.save_dir, self.name, self._version = save_dir, name or "", version
        self._default_hp_metric = options.pop("default_hp_metric")
        self._prefix, self._sub_dir = options.pop("prefix"), options.pop("sub_dir")
        self._kwargs, self._experiment = options, None
        self.hparams: dict[str, Any] = {}

    @property
    def log_dir(self) -> str:
        version = self._version or "version_0"
        return os.path.join(self.save_dir, self.name, version, self._sub_dir or "")  # noqa: PTH118

    @staticmethod
    def _sanitize_params(params: dict[str, Any]) -> dict[str, Any]:
        return params

    def finalize(self, status: str) -> None:
        assert status
        if self._experiment is not None:
            self._experiment.close()


@pytest.fixture(params=["lightning.pytorch", "pytorch_lightning"])
def logger_class(monkeypatch: pytest.MonkeyPatch, request: Any) -> Iterator[Any]:
    """Our class, imported with the stand-ins in place of one of the two packages."""
    above = [None, "lightning"] if request.param == "lightning.pytorch" else [None]
    names = [request.param + part for part in ("", ".loggers", ".loggers.logger", ".utilities")]
    for name in [*above[1:], *names]:
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    sys.modules[names[1]].TensorBoardLogger = StandIn  # type: ignore[attr-defined]
    sys.modules[names[2]].rank_zero_experiment = lambda function: function  # type: ignore[attr-defined]
    sys.modules[names[3]].rank_zero_only = lambda function: function  # type: ignore[attr-defined]
    module = importlib.import_module("tfevents.integrations.lightning")
    yield module.TensorBoardLogger
    del sys.modules["tfevents.integrations.lightning"]


def tags(directory: Any) -> dict[str, list[tuple[int, Any]]]:
    return golden.by_tag(golden.run(Path(directory)))


def test_it_is_lightnings_own_logger(tmp_path: Path, logger_class: Any) -> None:
    assert isinstance(logger_class(tmp_path), StandIn)


def test_metrics_of_a_step_are_one_event(tmp_path: Path, logger_class: Any) -> None:
    logger = logger_class(tmp_path, prefix="p", version="v")
    logger.log_metrics({"loss": np.float32(0.5), "acc": 1, "pair": {"a": 1.0, "b": 2.0}}, 3)
    logger.finalize("success")
    run = tmp_path / "lightning_logs" / "v"
    (event,) = [event for event in golden.run(run) if event.summary.value]
    assert event.step == 3
    assert {v.tag: v.simple_value for v in event.summary.value} == {"p-loss": 0.5, "p-acc": 1}
    assert tags(run / "p-pair_a")["p-pair"][0][1].simple_value == 1


def test_a_metric_that_is_no_number_is_refused(tmp_path: Path, logger_class: Any) -> None:
    with pytest.raises(ValueError, match="metric"):
        logger_class(tmp_path).log_metrics({"loss": object()})


@dataclass
class Model:
    """Hyperparameters as a dataclass."""

    deep: bool = True


def test_hyperparameters_stand_in_the_own_file(tmp_path: Path, logger_class: Any) -> None:
    logger = logger_class(tmp_path, prefix="p")
    given = Namespace(lr=0.1, model=Model(), layers=[{"n": 1}, {"n": 2}], sizes=[1, 2], none={})
    logger.log_hyperparams(given, {"hp/acc": 0.9}, step=2)
    logger.finalize("success")
    found = tags(logger.log_dir)
    ((step, metric),) = found["p-hp/acc"]
    assert (step, metric.simple_value) == (2, pytest.approx(0.9))
    (row,) = tfevents.open(logger.log_dir).hparams().to_arrow().to_pylist()
    assert {name: row[name] for name in row if name not in ("run", "group", "status")} == {
        "start_time": None,
        "end_time": None,
        "lr": 0.1,
        "model/deep": True,
        "layers/0/n": 1,
        "layers/1/n": 2,
        "sizes": "[1, 2]",
        "p-hp/acc": pytest.approx(0.9),
    }
    assert logger.hparams["lr"] == 0.1


@pytest.mark.parametrize("params", [None, {}, Namespace()])
def test_no_hyperparameters_are_none(tmp_path: Path, logger_class: Any, params: Any) -> None:
    logger = logger_class(tmp_path)
    logger.log_hyperparams(params)
    logger.finalize("success")
    assert tags(logger.log_dir)["hp_metric"][0][1].simple_value == -1


@pytest.mark.parametrize("metrics", [None, {}])
def test_without_a_metric_nothing_is_written(
    tmp_path: Path, logger_class: Any, metrics: Any
) -> None:
    logger = logger_class(tmp_path, default_hp_metric=False)
    logger.log_hyperparams({"lr": 1}, metrics)
    assert logger.hparams == {"lr": 1}
    assert not Path(logger.log_dir).exists()


def test_a_number_is_hp_metric(tmp_path: Path, logger_class: Any) -> None:
    logger = logger_class(tmp_path)
    logger.log_hyperparams({"lr": 1}, 0.0)
    logger.finalize("success")
    assert tags(logger.log_dir)["hp_metric"][0][1].simple_value == 0


def test_arguments_of_the_writer_are_passed_on(tmp_path: Path, logger_class: Any) -> None:
    logger = logger_class(tmp_path, filename_suffix=".mine", on_error="raise")
    logger.log_metrics({"a": 1.0}, 0)
    logger.finalize("success")
    (file,) = Path(logger.log_dir).iterdir()
    assert file.name.endswith(".mine")


def test_a_url_of_an_object_store_is_refused(tmp_path: Path, logger_class: Any) -> None:
    with pytest.raises(ValueError, match="`save_dir` must be a local path"):
        logger_class("s3://bucket/logs")
    assert logger_class(tmp_path.as_uri()).save_dir == str(tmp_path)


def test_tensorboard_need_not_be_installed(
    tmp_path: Path, logger_class: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsspec = types.ModuleType("fsspec")
    fsspec.filesystem = lambda name: name  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "fsspec", fsspec)

    def refuse(*_: Any, **__: Any) -> None:
        raise ModuleNotFoundError("Neither `tensorboard` nor `tensorboardX` is available")

    monkeypatch.setattr(StandIn, "__init__", refuse)
    logger = logger_class(tmp_path, name=None, flush_secs=1)
    state = {name: value for name, value in vars(logger).items() if name != "_log_graph"}
    assert state == {
        "_root_dir": str(tmp_path),
        "_name": "",
        "_version": None,
        "_default_hp_metric": True,
        "_prefix": "",
        "_sub_dir": None,
        "_fs": "file",
        "_experiment": None,
        "_kwargs": {"flush_secs": 1},
        "hparams": {},
    }
    assert pickle.loads(pickle.dumps(state)) == state
