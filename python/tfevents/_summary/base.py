"""What the methods of each kind stand on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from tfevents._file_writer import FileWriter


class Base(ABC):
    """Where values go."""

    _write_to_disk: bool

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

    def _emit(self, values: Sequence[bytes], step: Any, wall_time: Any) -> None:
        """Writes one event of encoded ``Summary.Value`` messages."""
        self._get_file_writer().add_values(list(values), *self._defaults(step, wall_time))
