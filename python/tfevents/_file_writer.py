"""One run's event files, with the methods torch's ``FileWriter`` has."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tfevents import _checks, _native
from tfevents._local import local_path
from tfevents._protos import event_at, serialized, summary_event


class EventFileWriter:
    """What torch's ``FileWriter`` calls its ``event_writer``: it takes events as they are."""

    def __init__(self, log_dir: str, native: _native.Writer) -> None:
        self._log_dir = log_dir
        self._native = native

    def get_logdir(self) -> str:
        """The run directory."""
        return self._log_dir

    def add_event(self, event: Any) -> None:
        """Adds an ``Event`` message of any protobuf library, or its bytes, wall time included."""
        self._native.add_event(serialized(event, "event"))

    def flush(self) -> None:
        """Writes what waits."""
        self._native.flush()

    def close(self) -> None:
        """Writes what waits and closes the file."""
        self._native.close()

    def reopen(self) -> None:
        """Nothing: the next event opens a file."""


class FileWriter:
    """Writes events into a directory. After `close` the next event opens a new file.

    Args:
        log_dir: The run directory, made if it is not there; or a ``file://`` URL of it.
        max_queue: For compatibility, as of `SummaryWriter`.
        flush_secs: As of `SummaryWriter`.
        filename_suffix: Appended to the names of the files.
        options: ``on_error``, ``on_full``, ``durability``, ``rotate_bytes``, ``rotate_secs``,
            ``max_buffer_bytes`` and ``close_timeout``, as of `SummaryWriter`.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str],
        max_queue: int = 10,
        flush_secs: float | None = None,
        filename_suffix: str = "",
        **options: Any,
    ) -> None:
        self._log_dir = local_path(log_dir, "log_dir")
        _checks.step(max_queue, "max_queue")
        options |= {
            "flush_secs": _checks.seconds_or_none(flush_secs, "flush_secs", least=_checks.SOON),
            "filename_suffix": _checks.tag(filename_suffix, "filename_suffix"),
        }
        self.native = self._open(options)

    @property
    def event_writer(self) -> EventFileWriter:
        """The same file, for events as they are."""
        return EventFileWriter(self._log_dir, self.native)

    def _open(self, options: dict[str, Any]) -> _native.Writer:
        return _native.Writer(self._log_dir, **options)

    def get_logdir(self) -> str:
        """The run directory."""
        return self._log_dir

    def add_scalar(
        self, tag: str, value: float, step: int | None, wall_time: float | None
    ) -> float:
        """Adds a scalar; gives its wall time, seconds since 1970."""
        seconds = time.time() if wall_time is None else wall_time
        self.native.add_scalar(tag, value, step, seconds)
        return seconds

    def add_scalar_batch(self, tag: str, values: Any, steps: Any, wall_times: Any) -> None:
        """Adds points of one series; float64, int64 and float64 arrays of one length."""
        self.native.add_scalar_batch(tag, values, steps, wall_times)

    def add_values(
        self, values: list[_native.Value], step: int | None, wall_time: float | None
    ) -> None:
        """Adds encoded ``Summary.Value`` messages as one event."""
        self.native.add_values(values, step, wall_time)

    def add_graph_def(self, graph_def: bytes, wall_time: float | None) -> None:
        """Adds an encoded ``GraphDef``."""
        self.native.add_graph_def(graph_def, wall_time)

    def add_run_metadata(
        self, tag: str, run_metadata: bytes, step: int | None, wall_time: float | None
    ) -> None:
        """Adds an encoded ``RunMetadata``."""
        self.native.add_run_metadata(tag, run_metadata, step, wall_time)

    def add_event(self, event: Any, step: Any = None, walltime: Any = None) -> None:
        """Adds an event.

        Args:
            event: An ``Event`` message of any protobuf library, or its bytes.
            step: The step, an integer; the event's own, if None.
            walltime: Seconds since 1970; now, if None, whatever the event says.
        """
        seconds = _checks.wall_time(walltime)
        seconds = time.time() if seconds is None else seconds
        self.native.add_event(event_at(event, _checks.step(step, "step"), seconds))

    def add_summary(self, summary: Any, global_step: Any = None, walltime: Any = None) -> None:
        """Adds a summary.

        Args:
            summary: A ``Summary`` message of any protobuf library, or its bytes.
            global_step: The step, an integer.
            walltime: Seconds since 1970; now, if None.
        """
        seconds = _checks.wall_time(walltime)
        seconds = time.time() if seconds is None else seconds
        self.native.add_event(summary_event(summary, _checks.step(global_step), seconds))

    def add_graph(self, graph_profile: Any, walltime: Any = None) -> None:
        """Adds a graph.

        Args:
            graph_profile: A ``GraphDef`` and a ``RunMetadata``: messages, or their bytes.
            walltime: Seconds since 1970; now, if None.
        """
        graph, run_metadata = graph_profile
        seconds = _checks.wall_time(walltime)
        graph_def, stats = serialized(graph, "graph"), serialized(run_metadata, "run_metadata")
        self.native.add_graph_def(graph_def, seconds)
        self.native.add_run_metadata("step1", stats, None, seconds)

    def add_onnx_graph(self, graph: Any, walltime: Any = None) -> None:
        """Adds a ``GraphDef`` message, or its bytes."""
        self.native.add_graph_def(serialized(graph, "graph"), _checks.wall_time(walltime))

    @property
    def stats(self) -> dict[str, Any]:
        """What became of the records: counters by name."""
        return dict(self.native.stats)

    @property
    def path(self) -> Path | None:
        """The file that is open; None if there is none at the moment."""
        path = self.native.path
        return None if path is None else Path(path)

    def flush(self, timeout: float | None = None) -> None:
        """Writes what waits; what that promises is the writer's ``durability``.

        Args:
            timeout: How long to wait for a disk that hangs, in seconds; for ever, if None.
        """
        flush_all([self], timeout)

    def close(self) -> None:
        """Writes what waits and closes the file."""
        close_all([self])

    def reopen(self) -> None:
        """Nothing: the next event opens a file."""


def flush_all(writers: Iterable[FileWriter], timeout: float | None = None) -> None:
    """Flushes ``writers`` with one deadline for all of them, in seconds."""
    limit = None if timeout is None else _checks.scalar(timeout, "timeout")
    if limit is not None and not limit >= 0:
        message = f"`timeout` must be a number of seconds or None, not {timeout}"
        raise ValueError(message)
    _native.flush_writers(_natives(writers), limit)


def close_all(writers: Iterable[FileWriter]) -> None:
    """Closes ``writers`` with one deadline for all of them, the longest of theirs."""
    _native.close_writers(_natives(writers))


def _natives(writers: Iterable[FileWriter]) -> list[_native.Writer]:
    natives = [writer.native for writer in list(writers)]
    return [native for native in natives if isinstance(native, _native.Writer)]
