"""What the methods of each kind stand on."""

from __future__ import annotations

import sys
import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from tfevents import _native
from tfevents._file_writer import FileWriter


class Base(ABC):
    """Where values go."""

    _write_to_disk: bool
    _options: dict[str, Any]

    @abstractmethod
    def _get_file_writer(self) -> FileWriter:
        """The writer of the run itself, opened again if it was closed."""

    @abstractmethod
    def _sub_writer(self, name: str) -> FileWriter:
        """The writer of a run below this one."""

    @abstractmethod
    def _one_time_writer(self, name: str) -> AbstractContextManager[FileWriter]:
        """A writer of a run below this one that is closed when the context ends."""

    @abstractmethod
    def _defaults(self, step: Any, wall_time: Any) -> tuple[int | None, float | None]:
        """Step and wall time, checked, those of `use_metadata` where there are none."""

    @abstractmethod
    def get_logdir(self) -> str:
        """The directory of the run."""

    def _emit(self, values: Sequence[_native.Value], step: Any, wall_time: Any) -> None:
        """Writes one event of encoded ``Summary.Value`` messages."""
        self._get_file_writer().add_values(list(values), *self._defaults(step, wall_time))

    def _emit_fitted(
        self, tag: str, made: tuple[_native.Value, str | None], step: Any, wall_time: Any
    ) -> None:
        """Writes an encoded value, of which the encoder says what it had to change, if anything."""
        value, problem = made
        step, wall_time = self._defaults(step, wall_time)
        if problem is not None:
            self._unfit(tag, problem)
        self._get_file_writer().add_values([value], step, wall_time)

    def _unfit(self, tag: str, problem: str, *, lost: bool = False) -> None:
        """Does what ``on_error`` says about numbers that cannot be written as they are.

        Args:
            tag: The tag they were given for.
            problem: What they should have been.
            lost: Whether nothing is written of them; `stats` counts it as dropped.

        Raises:
            ValueError: With ``on_error="raise"``.
        """
        message = f"{problem} (tag {tag!r})"
        if self._options["on_error"] == "raise":
            raise ValueError(message)
        if lost:
            self._get_file_writer().native.count_dropped()
        if self._options["on_error"] == "warn":
            warnings.warn(message, RuntimeWarning, stacklevel=_depth_of_caller())


def _depth_of_caller() -> int:
    """How many frames above `_unfit` the first one outside this package is."""
    frame, depth = sys._getframe(2), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("tfevents."):
        frame, depth = frame.f_back, depth + 1
    return depth
