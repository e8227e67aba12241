"""Scalars: one, many at one step, one series at many steps."""

from __future__ import annotations

import json
from array import array
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfevents import _arrays, _checks
from tfevents._summary.base import Base


class Scalars(Base):
    """The scalar methods of `SummaryWriter`."""

    _exported: dict[str, array[float]]
    _keep_scalars: bool
    _context: tuple[int | None, float | None] | None

    def add_scalars(
        self,
        main_tag: str,
        tag_scalar_dict: Mapping[str, Any],
        global_step: Any = None,
        walltime: Any = None,
    ) -> None:
        """Adds scalars that are to share a chart, each to a run of its own.

        As torch does, the run of a key is ``<log_dir>/<main_tag>_<key>``, with ``/`` in the tag
        replaced by ``_``. All get the same wall time.

        Args:
            main_tag: The tag, in all the runs.
            tag_scalar_dict: A number for each key.
            global_step: The step, an integer.
            walltime: Seconds since 1970; now, if None.
        """
        _checks.tag(main_tag, "main_tag")
        step, wall_time = self._defaults(global_step, walltime)
        values = {
            _checks.tag(key, "a key of tag_scalar_dict"): _checks.scalar(
                value, f"tag_scalar_dict[{key!r}]"
            )
            for key, value in _mapping(tag_scalar_dict, "tag_scalar_dict").items()
        }
        for key, value in values.items():
            writer = self._sub_writer(main_tag.replace("/", "_") + "_" + key)
            time = writer.add_scalar(main_tag, value, step, wall_time)
            wall_time = time if wall_time is None else wall_time
            if self._keep_scalars:
                points = self._exported.setdefault(writer.get_logdir(), array("d"))
                points.extend((time, float(step or 0), value))

    def log(self, values: Mapping[str, Any], step: Any = None, walltime: Any = None) -> None:
        """Adds all scalars of a step as one event.

        Args:
            values: A number for each tag.
            step: The step, an integer.
            walltime: Seconds since 1970; now, if None.
        """
        if type(step) is not int or walltime is not None or self._context is not None:
            step, walltime = self._defaults(step, walltime)
        native = self._get_file_writer().native
        if type(values) is dict:
            try:
                return native.log(values, step, walltime)
            except (TypeError, ValueError, OverflowError):
                step = _checks.step(step, "step")
                # What is wrong with a value is found again below, where it gets a name.
        plain = {
            _checks.tag(tag, "a key of values"): _checks.scalar(value, f"values[{tag!r}]")
            for tag, value in _mapping(values, "values").items()
        }
        return native.log(plain, step, walltime)

    def add_scalar_batch(self, tag: str, values: Any, steps: Any, wall_times: Any = None) -> None:
        """Adds many points of one series, without a Python loop.

        Args:
            tag: The tag.
            values: One number a point.
            steps: One integer a point, or the step of the first, if a single one.
            wall_times: Seconds since 1970, one a point or one for all; now, if None.

        Raises:
            ValueError: If the lengths differ.
        """
        _checks.tag(tag)
        numbers = _vector(values, "values", (np.float64, np.float32))
        count = len(numbers)
        at = _arrays.as_array(steps, "steps")
        if at.size == 0:
            at = at.astype(np.int64)  # an empty list has no dtype of its own
        if at.dtype.kind not in "iu":
            message = f"`steps` must be integers, not an array of dtype {at.dtype}"
            raise TypeError(message)
        if at.dtype.kind == "u" and at.size and int(at.max()) >= 2**63:
            message = "`steps` must fit signed 64-bit integers"
            raise ValueError(message)
        at = at.astype(np.int64, copy=False)
        if at.ndim == 0 and int(at) + count > 2**63:
            message = f"`steps` must leave room for {count} steps below 2**63, not {int(at)}"
            raise ValueError(message)
        at = np.arange(count, dtype=np.int64) + at if at.ndim == 0 else _flat(at, "steps")
        times = None if wall_times is None else _vector(wall_times, "wall_times", (np.float64,))
        if times is not None and times.size == 1 != count:
            times = np.full(count, times[0])
        if len(at) != count or (times is not None and len(times) != count):
            message = (
                "`values`, `steps` and `wall_times` must have the same length, not "
                f"{count}, {len(at)} and {count if times is None else len(times)}"
            )
            raise ValueError(message)
        if times is not None and not np.isfinite(times).all():
            message = "`wall_times` must be finite seconds since 1970"
            raise ValueError(message)
        self._get_file_writer().add_scalar_batch(tag, numbers, at, times)

    def export_scalars_to_json(self, path: str | Path) -> None:
        """Writes what `add_scalars` was given since the last export as JSON, and forgets it.

        Args:
            path: The file. It becomes ``{run directory: [[wall time, step, value], …]}``.

        Raises:
            ValueError: If the writer was not made with ``keep_scalars=True``.
        """
        if not self._keep_scalars:
            message = (
                "`keep_scalars` must be True for `export_scalars_to_json`: "
                "SummaryWriter(..., keep_scalars=True); the points can also be read from the log"
            )
            raise ValueError(message)
        exported = {
            run: [
                [time, int(step), value]
                for time, step, value in zip(*[iter(points)] * 3, strict=True)
            ]
            for run, points in self._exported.items()
        }
        with Path(path).open("w", encoding="utf-8") as file:
            json.dump(exported, file)
        self._exported.clear()


def _mapping(value: Any, name: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        message = f"`{name}` must be a dict of tags and numbers, not {_checks.shown(value)}"
        raise TypeError(message)
    return value


def _vector(value: Any, name: str, kept: tuple[type, ...]) -> np.ndarray[Any, Any]:
    """Numbers of one axis; of another dtype than those of ``kept`` they become float64."""
    numbers = _arrays.as_array(value, name)
    if numbers.dtype.kind not in "biuf" and numbers.dtype.type.__module__ != "ml_dtypes":
        message = f"`{name}` must be real numbers, not an array of dtype {numbers.dtype}"
        raise TypeError(message)
    if numbers.dtype.type not in kept:
        numbers = numbers.astype(np.float64)
    return _flat(np.atleast_1d(numbers), name)


def _flat(numbers: np.ndarray[Any, Any], name: str) -> np.ndarray[Any, Any]:
    if numbers.ndim != 1:
        message = f"`{name}` must have one axis, not shape {list(numbers.shape)}"
        raise ValueError(message)
    return np.ascontiguousarray(numbers)
