"""Hyperparameters."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
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
        run_name: str | Any = None,
        global_step: Any = None,
        *,
        name: str | None = None,
    ) -> None:
        """Adds the hyperparameters of a trial and its final metrics, as a run below this one.

        Every call is one trial, in TensorBoard and in `LogDir.hparams`, so that one writer can log
        a whole sweep. As torch's, the run is named by the time if it gets no name. With
        ``run_name="."`` the trial goes into this run's own file instead.

        Args:
            hparam_dict: Booleans, numbers and texts by name. None is left out, one-element arrays
                are numbers, callables are their names, and anything else is its `str`.
            metric_dict: Final numbers by tag; they are added as scalars.
            hparam_domain_discrete: The values each hyperparameter may take, for those that say.
            run_name: The name of the run, relative to this one's directory. Trials need names of
                their own: a name that is used again continues the same run.
            global_step: The step of all of it, an integer.
            name: The same as ``run_name``, as tensorboardX calls it. tensorboardX's positional
                arguments, a name in third place and a step in fourth, are accepted too.

        Raises:
            TypeError: If an argument has the wrong type, or the positions of torch and of
                tensorboardX are mixed.
        """
        domains, name, global_step = _positions(hparam_domain_discrete, run_name, global_step, name)
        rows = _rows(hparam_dict, domains)
        metrics = {
            _checks.tag(tag, "a key of metric_dict"): _checks.scalar(value, f"metric_dict[{tag!r}]")
            for tag, value in _mapping(metric_dict, "metric_dict").items()
        }
        step, wall_time = self._defaults(global_step, None)
        root = self.get_logdir()
        if name and os.path.normpath(Path(root) / name) == os.path.normpath(root):
            _write(self._get_file_writer(), rows, metrics, step, wall_time)
            return
        if not name:
            name = _unused_name(root) if self._write_to_disk else str(time.time())
        # Closed at once: a sweep may name thousands.
        with self._one_time_writer(name) as writer:
            _write(writer, rows, metrics, step, wall_time)


def _positions(
    third: Any, fourth: Any, step: Any, name: Any
) -> tuple[Mapping[Any, Any], str | None, Any]:
    """Domains, name and step.

    They come as torch's ``(…, domains, run_name, global_step)`` or as tensorboardX's
    ``(…, name, global_step)``; the types tell which.
    """
    torch = "(hparam_dict, metric_dict, hparam_domain_discrete, run_name, global_step)"
    tensorboardx = "(hparam_dict, metric_dict, name, global_step)"
    domains: Mapping[Any, Any] = {}
    names = {"`name`": name}
    if isinstance(third, str):
        names["a name in third place"] = third
    elif third is not None:
        domains = _mapping(third, "hparam_domain_discrete")
    if fourth is None or isinstance(fourth, str):
        names["`run_name`"] = fourth
    elif domains or step is not None:
        message = (
            f"`run_name` must be a str, not {fourth!r}; the arguments are {torch} as torch's or "
            f"{tensorboardx} as tensorboardX's: give run_name= and global_step= by keyword"
        )
        raise TypeError(message)
    else:
        step = _checks.step(fourth)
    given = {where: one for where, one in names.items() if one is not None}
    if len(given) > 1:
        message = f"{' and '.join(given)} must not both be given; use run_name= alone"
        raise TypeError(message)
    for where, one in given.items():
        _checks.tag(one, where)
    return domains, next(iter(given.values()), None), step


def _unused_name(root: str) -> str:
    """A directory below ``root`` that did not exist, named by the time as torch's is.

    The directory is made: of two trials at the same instant, each gets its own.
    """
    seconds = time.time()
    with suppress(OSError):  # the writer meets the same error, and its `on_error` decides
        Path(root).mkdir(parents=True, exist_ok=True)
        while True:
            try:
                (Path(root) / str(seconds)).mkdir()
            except FileExistsError:
                seconds += 1e-6
            else:
                break
    return str(seconds)


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


def _rows(hparams: Any, domains: Mapping[Any, Any]) -> list[_Row]:
    rows: list[_Row] = []
    for name, value in _mapping(hparams, "hparam_dict").items():
        _checks.tag(name, "a key of hparam_dict")
        setting = _setting(value, f"hparam_dict[{name!r}]")
        if setting is None:
            continue
        domain = None
        if name in domains:
            where = f"hparam_domain_discrete[{name!r}]"
            if isinstance(domains[name], str) or not isinstance(domains[name], Sequence):
                message = f"`{where}` must be a list of values, not {domains[name]!r}"
                raise TypeError(message)
            settings = [_setting(item, where) for item in domains[name]]
            kinds = {float if type(item) is int else type(item) for item in [setting, *settings]}
            if len(kinds) > 1:
                message = f"`{where}` must hold values of the type of {value!r}"
                raise TypeError(message)
            domain = [item for item in settings if item is not None]
        rows.append((name, setting, domain))
    return rows


def _setting(value: Any, where: str) -> _Setting | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _checks.tag(value, where)
    if isinstance(value, int | float):
        return _checks.scalar(value, where)
    if isinstance(value, np.bool_):
        return bool(value)
    if hasattr(value, "__array__") or hasattr(value, "__dlpack__"):
        array = _arrays.as_array(value, where)
        if array.size == 1:
            item = array.item()
            return item if isinstance(item, bool) else float(item)
    if callable(value):
        return _checks.tag(str(getattr(value, "__name__", value)), where)
    return _checks.tag(str(value), where)


def _mapping(value: Any, name: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        message = f"`{name}` must be a dict, not {_checks.shown(value)}"
        raise TypeError(message)
    return value
