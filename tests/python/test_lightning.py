"""The Lightning logger, on stand-ins for the few names it takes from Lightning.

Lightning needs PyTorch, several gigabytes; `docs/writing.md` names the versions it was tried with.
"""

from __future__ import annotations

import importlib
import sys
import types
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import golden
import numpy as np
import pytest


class Logger:
    """What Lightning's base class is to ours: something to inherit from."""


@pytest.fixture
def logger_class(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Our class, imported with the stand-ins in place."""
    names = [
        "lightning",
        "lightning.pytorch",
        "lightning.pytorch.loggers",
        "lightning.pytorch.loggers.logger",
        "lightning.pytorch.utilities",
    ]
    for name in names:
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    base = sys.modules["lightning.pytorch.loggers.logger"]
    base.Logger = Logger  # type: ignore[attr-defined]
    base.rank_zero_experiment = lambda function: function  # type: ignore[attr-defined]
    utilities = sys.modules["lightning.pytorch.utilities"]
    utilities.rank_zero_only = lambda function: function  # type: ignore[attr-defined]
    module = importlib.import_module("tfevents.integrations.lightning")
    yield module.TensorBoardLogger
    del sys.modules["tfevents.integrations.lightning"]


def tags(directory: Path) -> dict[str, list[tuple[int, Any]]]:
    return golden.by_tag(golden.run(directory))


def test_metrics_of_a_step_are_one_event(tmp_path: Path, logger_class: Any) -> None:
    logger = logger_class(tmp_path, prefix="p")
    logger.log_metrics({"loss": np.float32(0.5), "acc": 1, "pair": {"a": 1.0, "b": 2.0}}, 3)
    logger.finalize("success")
    run = tmp_path / "lightning_logs" / "version_0"
    assert logger.log_dir == str(run)
    (event,) = [event for event in golden.run(run) if event.summary.value]
    assert event.step == 3
    assert {v.tag: v.simple_value for v in event.summary.value} == {"p-loss": 0.5, "p-acc": 1}
    assert tags(run / "p-pair_a")["p-pair"][0][1].simple_value == 1


def test_versions_count_up(tmp_path: Path, logger_class: Any) -> None:
    for number in range(3):
        logger = logger_class(tmp_path, name="x")
        assert logger.version == number
        logger.experiment.close()
    (tmp_path / "x" / "version_10").mkdir()
    assert logger_class(tmp_path, name="x").version == 11
    assert logger_class(tmp_path, name=None, version="v", sub_dir="s").log_dir == str(
        tmp_path / "v" / "s"
    )


def test_hyperparameters_stand_in_the_own_file_and_as_yaml(
    tmp_path: Path, logger_class: Any
) -> None:
    logger = logger_class(tmp_path)
    logger.log_hyperparams(Namespace(lr=0.1, model={"deep": True}), {"hp/acc": 0.9})
    logger.save()
    logger.finalize("success")
    run = Path(logger.log_dir)
    found = tags(run)
    assert found["hp/acc"][0][1].simple_value == pytest.approx(0.9)
    content = found["_hparams_/session_start_info"][0][1].metadata.plugin_data.content
    assert b"model/deep" in content
    assert (run / "hparams.yaml").read_text() == "lr: 0.1\nmodel:\n  deep: true\n"


def test_a_graph_needs_an_input(tmp_path: Path, logger_class: Any) -> None:
    logger_class(tmp_path).log_graph(object())  # was not asked for
    with pytest.raises(ValueError, match="input_array"):
        logger_class(tmp_path, log_graph=True).log_graph(object())
