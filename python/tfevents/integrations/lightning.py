"""The TensorBoard logger of Lightning, with this writer."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfevents._writer import SummaryWriter

try:
    from lightning.pytorch.loggers.logger import Logger, rank_zero_experiment
    from lightning.pytorch.utilities import rank_zero_only
except ImportError:
    from pytorch_lightning.loggers.logger import Logger, rank_zero_experiment
    from pytorch_lightning.utilities import rank_zero_only

_HPARAMS_FILE = "hparams.yaml"


class TensorBoardLogger(Logger):  # type: ignore[misc]
    """Logs to ``<save_dir>/<name>/<version>/<sub_dir>``, as Lightning's own logger does.

    Args:
        save_dir: The directory of all experiments.
        name: The experiment; ``""`` for none.
        version: The run: a number, which becomes ``version_<number>``, or a name; the next free
            number, if None.
        log_graph: Whether to write the graph of the model, which needs its example input.
        default_hp_metric: Whether hyperparameters without a metric get ``hp_metric`` of -1.
        prefix: Put before the names of metrics, with a ``-``.
        sub_dir: A directory below the version; ``~`` and environment variables are expanded.
        kwargs: Arguments of `tfevents.SummaryWriter`.
    """

    LOGGER_JOIN_CHAR = "-"

    def __init__(
        self,
        save_dir: str | os.PathLike[str],
        name: str | None = "lightning_logs",
        version: int | str | None = None,
        log_graph: bool = False,
        default_hp_metric: bool = True,
        prefix: str = "",
        sub_dir: str | os.PathLike[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        self._save_dir = os.fspath(save_dir)
        self._name = name or ""
        self._version = version
        self._log_graph = log_graph
        self._default_hp_metric = default_hp_metric
        self._prefix = prefix
        self._sub_dir = None if sub_dir is None else os.fspath(sub_dir)
        self._kwargs = kwargs
        self._experiment: SummaryWriter | None = None
        self.hparams: dict[str, Any] = {}

    @property
    def name(self) -> str:
        """The experiment."""
        return self._name

    @property
    def version(self) -> int | str:
        """The run."""
        if self._version is None:
            self._version = self._next_version()
        return self._version

    @property
    def save_dir(self) -> str:
        """The directory of all experiments."""
        return self._save_dir

    @property
    def root_dir(self) -> str:
        """The directory of the experiment."""
        return str(Path(self._save_dir) / self._name)

    @property
    def sub_dir(self) -> str | None:
        """The directory below the version."""
        return self._sub_dir

    @property
    def log_dir(self) -> str:
        """The run directory."""
        version = self.version if isinstance(self.version, str) else f"version_{self.version}"
        path = Path(self.root_dir) / version
        if self._sub_dir is not None:
            path = path / self._sub_dir
        return os.path.expandvars(path.expanduser())

    @property
    @rank_zero_experiment  # type: ignore[untyped-decorator]
    def experiment(self) -> SummaryWriter:
        """The writer, for whatever the logger has no method for."""
        if self._experiment is None:
            self._experiment = SummaryWriter(self.log_dir, **self._kwargs)
        return self._experiment

    @rank_zero_only  # type: ignore[untyped-decorator]
    def log_hyperparams(
        self,
        params: Mapping[str, Any] | argparse.Namespace,
        metrics: Mapping[str, Any] | float | None = None,
        step: int | None = None,
    ) -> None:
        """Logs hyperparameters, into the run's own file.

        Args:
            params: By name; nested ones become ``a/b``.
            metrics: The metrics they are shown with, by tag, or one number: ``hp_metric``.
            step: The step, an integer.
        """
        values = vars(params) if isinstance(params, argparse.Namespace) else dict(params)
        self.hparams.update(values)
        if metrics is None:
            metrics = {"hp_metric": -1} if self._default_hp_metric else {}
        elif not isinstance(metrics, Mapping):
            metrics = {"hp_metric": metrics}
        if metrics:
            self.experiment.add_hparams(_flat(values), metrics, global_step=step)

    @rank_zero_only  # type: ignore[untyped-decorator]
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Logs metrics as one event.

        Args:
            metrics: Numbers by name; a dict of numbers becomes scalars of one chart.
            step: The step, an integer.
        """
        before = self._prefix + self.LOGGER_JOIN_CHAR if self._prefix else ""
        plain = {}
        for name, value in metrics.items():
            if isinstance(value, Mapping):
                self.experiment.add_scalars(before + name, value, step)
            else:
                plain[before + name] = value
        if plain:
            self.experiment.log(plain, step)

    @rank_zero_only  # type: ignore[untyped-decorator]
    def log_graph(self, model: Any, input_array: Any = None) -> None:
        """Logs the graph of a model, if the logger was told to.

        Args:
            model: A ``LightningModule``.
            input_array: What to trace it with; its ``example_input_array``, if None.
        """
        if not self._log_graph:
            return
        example = getattr(model, "example_input_array", None)
        example = example if input_array is None else input_array
        if example is None:
            message = "log_graph needs input_array, or a model with example_input_array"
            raise ValueError(message)
        if hasattr(model, "_on_before_batch_transfer"):
            example = model._apply_batch_transfer_handler(model._on_before_batch_transfer(example))
        self.experiment.add_graph(model, example)

    @rank_zero_only  # type: ignore[untyped-decorator]
    def save(self) -> None:
        """Writes what waits, and ``hparams.yaml`` if it is not there yet."""
        self.experiment.flush()
        path = Path(self.log_dir) / _HPARAMS_FILE
        if self.hparams and not path.exists():
            import yaml

            plain = {name: _plain(value) for name, value in self.hparams.items()}
            path.write_text(yaml.safe_dump(plain), encoding="utf-8")

    @rank_zero_only  # type: ignore[untyped-decorator]
    def finalize(self, status: str) -> None:
        """Closes the files.

        Args:
            status: How the training ended.
        """
        del status
        if self._experiment is not None:
            self.save()
            self._experiment.close()

    def after_save_checkpoint(self, checkpoint_callback: Any) -> None:
        """Nothing is to be done for a checkpoint."""

    def _next_version(self) -> int:
        root = Path(self.root_dir)
        folders = root.iterdir() if root.is_dir() else ()
        numbers = [folder.name.removeprefix("version_") for folder in folders if folder.is_dir()]
        return max((int(number) for number in numbers if number.isdecimal()), default=-1) + 1


def _flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, argparse.Namespace):
            value = vars(value)
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{before}{name}/")
        else:
            flat[f"{before}{name}"] = value
    return flat


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
