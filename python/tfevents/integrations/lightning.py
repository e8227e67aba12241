"""The TensorBoard logger of Lightning, with this writer.

Lightning looks for its own class in places: `Trainer.log_dir` and what `LightningCLI` writes depend
on it. So this logger is a subclass of it: of the one in `lightning`, or of the one in
`pytorch_lightning` where only that package is installed or, of the two, imported already.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from collections.abc import Mapping
from typing import Any

from tfevents._local import local_path
from tfevents._writer import SummaryWriter


def _prefers_standalone() -> bool:
    return "pytorch_lightning" in sys.modules and "lightning.pytorch" not in sys.modules


try:
    if _prefers_standalone():
        raise ImportError
    from lightning.pytorch.loggers import TensorBoardLogger as _Logger
    from lightning.pytorch.loggers.logger import rank_zero_experiment
    from lightning.pytorch.utilities import rank_zero_only
except ImportError:
    from pytorch_lightning.loggers import TensorBoardLogger as _Logger
    from pytorch_lightning.loggers.logger import rank_zero_experiment
    from pytorch_lightning.utilities import rank_zero_only


class TensorBoardLogger(_Logger):  # type: ignore[misc]
    """Logs to ``<save_dir>/<name>/<version>/<sub_dir>``, as Lightning's own logger does.

    It is an instance of Lightning's `TensorBoardLogger`. TensorBoard and tensorboardX need not be
    installed.

    Args:
        save_dir: The directory of all experiments: a local path, or a ``file://`` URL.
        name: The experiment; ``""`` for none.
        version: The run: a number, which becomes ``version_<number>``, or a name; the next free
            number, if None.
        log_graph: Whether to write the graph of the model, which needs its example input.
        default_hp_metric: Whether hyperparameters without a metric get ``hp_metric`` of -1.
        prefix: Put before the names of metrics, with a ``-``.
        sub_dir: A directory below the version; ``~`` and environment variables are expanded.
        kwargs: Arguments of `tfevents.SummaryWriter`.

    Raises:
        ValueError: If ``save_dir`` is a URL of an object store.
    """

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
        directory = local_path(save_dir, "save_dir")
        try:
            super().__init__(
                directory,
                name=name,
                version=version,
                default_hp_metric=default_hp_metric,
                prefix=prefix,
                sub_dir=sub_dir,
                **kwargs,
            )
        except ModuleNotFoundError:
            # Lightning's constructor begins by asking for a writer that is not needed here.
            self._set_up(directory, name, version, default_hp_metric, prefix, sub_dir, kwargs)
        self._log_graph = log_graph

    def _set_up(
        self,
        directory: str,
        name: str | None,
        version: int | str | None,
        default_hp_metric: bool,
        prefix: str,
        sub_dir: str | os.PathLike[str] | None,
        kwargs: dict[str, Any],
    ) -> None:
        """What Lightning's constructor does where it finds TensorBoard."""
        import fsspec

        self._root_dir = directory
        self._name = name or ""
        self._version = version
        self._default_hp_metric = default_hp_metric
        self._prefix = prefix
        self._sub_dir = None if sub_dir is None else os.fspath(sub_dir)
        self._fs = fsspec.filesystem("file")
        self._experiment: SummaryWriter | None = None
        self._kwargs = kwargs
        self.hparams: Any = {}

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
        params: Mapping[str, Any] | argparse.Namespace | None = None,
        metrics: Mapping[str, Any] | float | None = None,
        step: int | None = None,
    ) -> None:
        """Logs hyperparameters, into the run's own file.

        Args:
            params: By name; nested ones become ``a/b``. None is none at all.
            metrics: The metrics they are shown with, by tag, or one number: ``hp_metric``.
            step: The step, an integer.
        """
        given = vars(params) if isinstance(params, argparse.Namespace) else params
        given = {} if given is None else given
        self._remember(given)
        if metrics is None:
            metrics = {"hp_metric": -1} if self._default_hp_metric else {}
        elif not isinstance(metrics, Mapping):
            metrics = {"hp_metric": metrics}
        if metrics:
            # Under the names that the metrics have as scalars: TensorBoard shows no others.
            named = {self._prefixed(tag): value for tag, value in metrics.items()}
            settings = self._sanitize_params(_flat(given))
            self.experiment.add_hparams(settings, named, run_name=".", global_step=step)

    def _remember(self, params: Any) -> None:
        omegaconf = sys.modules.get("omegaconf")
        if omegaconf is not None and isinstance(params, omegaconf.Container):
            self.hparams = omegaconf.OmegaConf.merge(self.hparams, params)
        else:
            self.hparams.update(params)

    @rank_zero_only  # type: ignore[untyped-decorator]
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Logs metrics as one event.

        Args:
            metrics: Numbers by name; a dict of numbers becomes scalars of one chart.
            step: The step, an integer.

        Raises:
            ValueError: If a metric is neither.
        """
        plain = {}
        for name, value in metrics.items():
            if isinstance(value, Mapping):
                self.experiment.add_scalars(self._prefixed(name), value, step)
            else:
                plain[self._prefixed(name)] = value
        if plain:
            try:
                self.experiment.log(plain, step)
            except TypeError as error:
                message = f"`metrics` must hold numbers or dicts of numbers: {error}"
                raise ValueError(message) from error

    def _prefixed(self, name: str) -> str:
        return f"{self._prefix}{self.LOGGER_JOIN_CHAR}{name}" if self._prefix else name


def _flat(values: Mapping[Any, Any], before: str = "") -> dict[str, Any]:
    """Nested hyperparameters by path, as Lightning names them."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        path = f"{before}{name}"
        nested = _nested(value)
        if nested is None:
            flat[path] = value
        else:
            flat |= _flat(nested, f"{path}/")
    return flat


def _nested(value: Any) -> Mapping[Any, Any] | None:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, argparse.Namespace):
        return vars(value)
    if isinstance(value, Mapping):
        return value
    if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        return dict(enumerate(value))
    return None
