"""Hyperparameters."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tfevents import _arrays, _checks, _native
from tfevents._file_writer import FileWriter
from tfevents._summary.base import Base

_Setting = bool | float | str
_Row = tuple[str, _Setting, list[_Setting] | None]


class Hparams(Base):
    """The hyperparameter methods of `SummaryWriter`."""

    def add_hparams(
        self,
        hparam_dict: Mapping[str, Any],
        metric_dict: Mapping[str, Any],
        hparam_domain_discrete: Mapping[str, Sequence[Any]] | str | None = None,
        run_name: str | int | None = None,
        global_step: Any = None,
        *,
        name: str | None = None,
    ) -> None:
        """Adds the hyperparameters of this run, and what came of them.

        They go into the run's own file, unless a name is given: then into a run of that name below
        this one, as torch does always.

        Args:
            hparam_dict: Booleans, numbers and texts by name. None is left out, one-element arrays
                are numbers, callables are their names, and anything else is its `str`.
            metric_dict: Final numbers by tag; they are added as scalars.
            hparam_domain_discrete: The values each hyperparameter may take, for those that say.
            run_name: The sub-run.
            global_step: The step of all of it, an integer.
            name: The same as ``run_name``, as tensorboardX calls it. Its third and fourth
                positional arguments, a name and a step, are understood too.
        """
        if isinstance(hparam_domain_discrete, str):  # tensorboardX: (…, name, global_step)
            if run_name is not None and not isinstance(run_name, str):
                global_step, run_name = run_name, None
            hparam_domain_discrete, name = None, hparam_domain_discrete
        if run_name is not None:
            name = _checks.tag(run_name, "run_name")
        rows = _rows(hparam_dict, hparam_domain_discrete or {})
        metrics = {
            _checks.tag(tag, "a key of metric_dict"): _checks.scalar(value, f"metric_dict[{tag!r}]")
            for tag, value in _mapping(metric_dict, "metric_dict").items()
        }
        step, wall_time = self._defaults(global_step, None)
        if name is None:
            _write(self._get_file_writer(), rows, metrics, step, wall_time)
            return
        # Closed at once: a sweep may name thousands.
        writer = self._one_time_writer(name)
        try:
            _write(writer, rows, metrics, step, wall_time)
        finally:
            writer.close()


def _write(
    writer: FileWriter,
    rows: list[_Row],
    metrics: Mapping[str, float],
    step: int | None,
    wall_time: float | None,
) -> None:
    wall_time = time.time() if wall_time is None else wall_time
    for value in (
        _native.hparams_experiment_value(rows, list(metrics)),
        _native.hparams_start_value(rows),
        _native.hparams_end_value(),
    ):
        writer.add_values([value], step, wall_time)
    for tag, number in metrics.items():
        writer.add_scalar(tag, number, step, wall_time)


def _rows(hparams: Any, domains: Any) -> list[_Row]:
    domains = _mapping(domains, "hparam_domain_discrete")
    rows: list[_Row] = []
    for name, value in _mapping(hparams, "hparam_dict").items():
        _checks.tag(name, "a key of hparam_dict")
        setting = _setting(value)
        if setting is None:
            continue
        domain = None
        if name in domains:
            where = f"hparam_domain_discrete[{name!r}]"
            if isinstance(domains[name], str) or not isinstance(domains[name], Sequence):
                message = f"{where} must be a list of values, not {domains[name]!r}"
                raise TypeError(message)
            settings = [_setting(item) for item in domains[name]]
            kinds = {float if type(item) is int else type(item) for item in [setting, *settings]}
            if len(kinds) > 1:
                message = f"{where} must hold values of the type of {value!r}"
                raise TypeError(message)
            domain = [item for item in settings if item is not None]
        rows.append((name, setting, domain))
    return rows


def _setting(value: Any) -> _Setting | None:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return _checks.scalar(value, "a value of hparam_dict")
    if isinstance(value, np.bool):
        return bool(value)
    if hasattr(value, "__array__") or hasattr(value, "__dlpack__"):
        array = _arrays.as_array(value, "a value of hparam_dict")
        if array.size == 1:
            item = array.item()
            return item if isinstance(item, bool) else float(item)
    if callable(value):
        return str(getattr(value, "__name__", value))
    return str(value)


def _mapping(value: Any, name: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        message = f"{name} must be a dict, not {type(value).__name__}"
        raise TypeError(message)
    return value
