"""The writer people use: `SummaryWriter`."""

from __future__ import annotations

import os
import socket
from array import array
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from tfevents import _checks, _native
from tfevents._beside import Beside
from tfevents._file_writer import FileWriter, close_all, flush_all
from tfevents._local import local_path
from tfevents._locks import Lock
from tfevents._null import NullWriter
from tfevents._summary.curves import Curves
from tfevents._summary.embeddings import Embeddings
from tfevents._summary.graphs import Graphs
from tfevents._summary.histograms import Histograms
from tfevents._summary.hparams import Hparams
from tfevents._summary.images import Images
from tfevents._summary.media import Media
from tfevents._summary.scalars import Scalars

OnError = Literal["warn", "raise", "drop"]
OnFull = Literal["block", "drop"]
Durability = Literal["buffered", "flush", "fsync"]


class SummaryWriter(
    _native.SummaryBase,
    Scalars,
    Histograms,
    Images,
    Media,
    Curves,
    Graphs,
    Embeddings,
    Hparams,
):
    """Writes event files for TensorBoard, with the methods of torch's and tensorboardX's writers.

    Values are encoded where a method is called and put into a buffer; a thread writes it. The
    object may be shared between threads, and pickled: the copy opens a file of its own in the
    same directory, as the child of a fork does, and has the attributes a subclass added.

    Args:
        log_dir: The run directory, or a ``file://`` URL of it; ``runs/<date>_<host><comment>``, if
            None or empty.
        comment: Appended to that default.
        purge_step: Steps at or after this one, written before, are void: a training that crashed
            goes on here.
        max_queue: For compatibility. What waits is limited in bytes, not in number.
        flush_secs: How long a value waits at most before it is written, in seconds; if None, 2,
            and 0.02 in a child of ``multiprocessing``, which may be ended at any moment.
        filename_suffix: Appended to the names of the files.
        write_to_disk: False for a writer that checks its arguments and writes nothing.
        logdir: The same as ``log_dir``, as tensorboardX calls it.
        comet_config: Of tensorboardX; only None and ``{"disabled": True}`` are understood.
        on_error: What a disk that refuses does: ``"warn"`` once and go on, ``"raise"`` at the next
            call, or ``"drop"`` silently. It holds for everything this writer writes, sub-runs and
            embeddings included, and for numbers that cannot be written as they are, NaN in an
            image, say; `stats` counts what was lost.
        on_full: What a full buffer does: ``"block"`` the caller, or ``"drop"`` the value.
        durability: What `flush` promises: nothing waits in this object (``"buffered"``), other
            processes can read it (``"flush"``), or it outlives the machine (``"fsync"``).
        rotate_bytes: Go on in a new file when this one has so many bytes.
        rotate_secs: Go on in a new file when this one is so old, in seconds.
        max_buffer_bytes: How much waits in memory at most, for each file, in bytes; 64 MiB, if
            None. A record larger than that waits alone.
        close_timeout: How long `close` waits for a disk that hangs, in seconds; 30, if None. What
            was not written by then is lost, and counted in `stats`. Opening the first file waits
            as long.
        keep_scalars: Keep what `add_scalars` is given, for `export_scalars_to_json`.

    Raises:
        ValueError: If an argument is none of what is allowed, such as a URL of an object store.
        OSError: If the directory cannot be made.

    Attributes:
        log_dir: The run directory.
        purge_step: As given.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] | None = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: float | None = None,
        filename_suffix: str = "",
        write_to_disk: bool = True,
        logdir: str | os.PathLike[str] | None = None,
        comet_config: Mapping[str, Any] | None = None,
        *,
        on_error: OnError = "warn",
        on_full: OnFull = "block",
        durability: Durability = "flush",
        rotate_bytes: int | None = None,
        rotate_secs: float | None = None,
        max_buffer_bytes: int | None = None,
        close_timeout: float | None = None,
        keep_scalars: bool = False,
    ) -> None:
        # Empty is not given, as for torch and tensorboardX.
        named = local_path(log_dir, "log_dir") if log_dir is not None else ""
        alias = local_path(logdir, "logdir") if logdir is not None else ""
        if named and alias and named != alias:
            message = f"`log_dir` and `logdir` must be the same, not {named!r} and {alias!r}"
            raise ValueError(message)
        if comet_config is not None and not comet_config.get("disabled", False):
            message = 'comet_config must be None or {"disabled": True}: nothing is sent to Comet'
            raise ValueError(message)
        self.purge_step = _checks.step(purge_step, "purge_step")
        self.log_dir = named or alias or _default_log_dir(comment)
        _checks.step(max_queue, "max_queue")
        self._write_to_disk = bool(write_to_disk)
        self._keep_scalars = bool(keep_scalars)
        self._options: dict[str, Any] = {
            "flush_secs": _checks.seconds_or_none(flush_secs, "flush_secs", least=_checks.SOON),
            "filename_suffix": _checks.tag(filename_suffix, "filename_suffix"),
            "on_error": _checks.one_of(on_error, "on_error", ("warn", "raise", "drop")),
            "on_full": _checks.one_of(on_full, "on_full", ("block", "drop")),
            "durability": _checks.one_of(durability, "durability", ("buffered", "flush", "fsync")),
            "rotate_bytes": _checks.size_or_none(rotate_bytes, "rotate_bytes"),
            "rotate_secs": _checks.seconds_or_none(rotate_secs, "rotate_secs"),
            "max_buffer_bytes": _checks.size_or_none(max_buffer_bytes, "max_buffer_bytes"),
            "close_timeout": _checks.seconds_or_none(close_timeout, "close_timeout"),
        }
        self._start()

    def _start(self) -> None:
        given = set(self.__dict__)
        self._main = self._make(self.log_dir, purge_step=self.purge_step)
        self._writers = {self.log_dir: self._main}
        self._beside = Beside(self._options["on_error"], self._options["durability"])
        # The counters of writers that were closed and forgotten.
        self._finished: dict[str, Any] = {}
        self._exported: dict[str, array[float]] = {}
        self._context: tuple[int | None, float | None] | None = None
        self._lock = Lock()
        # What `_added` said when this was closed.
        self._closed_at: int | None = None
        self._direct(self._main.native if self._write_to_disk else None)
        # What a pickled copy makes for itself.
        self._own = frozenset(self.__dict__) - given | {"_own"}

    def _make(self, path: str, **more: Any) -> FileWriter:
        kind = FileWriter if self._write_to_disk else NullWriter
        return kind(path, **self._options, **more)

    def _add_scalar(
        self,
        tag: Any,
        scalar_value: Any,
        global_step: Any,
        walltime: Any,
        new_style: Any,
        double_precision: Any,
        display_name: Any,
        summary_description: Any,
    ) -> None:
        """What `add_scalar` of the base does not do itself."""
        _checks.tag(tag)
        number = _checks.scalar(scalar_value, "scalar_value")
        step, wall_time = self._defaults(global_step, walltime)
        # tensorboardX has its two texts where torch has its two flags.
        new_style, display_name = _flag_or_text(
            new_style, "new_style", display_name, "display_name"
        )
        double_precision, summary_description = _flag_or_text(
            double_precision, "double_precision", summary_description, "summary_description"
        )
        self._main.native.add_scalar(
            tag,
            number,
            step,
            wall_time,
            new_style=new_style,
            double_precision=double_precision,
            display_name=display_name,
            description=summary_description,
        )

    @contextmanager
    def use_metadata(self, *, global_step: Any = None, walltime: Any = None) -> Iterator[None]:
        """What is written in this context gets this step and wall time, unless it has its own.

        Args:
            global_step: The step, an integer.
            walltime: Seconds since 1970.
        """
        before = self._context
        self._context = (_checks.step(global_step), _checks.wall_time(walltime))
        self._direct(None)
        try:
            yield
        finally:
            self._context = before
            if before is None and self._write_to_disk:
                self._direct(self._main.native)

    def _defaults(self, step: Any, wall_time: Any) -> tuple[int | None, float | None]:
        step, wall_time = _checks.step(step), _checks.wall_time(wall_time)
        if self._context is not None:
            step = self._context[0] if step is None else step
            wall_time = self._context[1] if wall_time is None else wall_time
        return step, wall_time

    @property
    def logdir(self) -> str:
        """The run directory, as tensorboardX calls it."""
        return self.log_dir

    def _get_file_writer(self) -> FileWriter:
        return self._main

    def _sub_writer(self, name: str) -> FileWriter:
        path = str(Path(self.log_dir) / name)
        with self._lock:
            if path not in self._writers:
                self._writers[path] = self._make(path)
            return self._writers[path]

    @contextmanager
    def _one_time_writer(self, name: str) -> Iterator[FileWriter]:
        writer = self._make(str(Path(self.log_dir) / name))
        try:
            yield writer
        finally:
            try:
                writer.close()
            finally:
                with self._lock:
                    _add(self._finished, writer.stats)

    @property
    def file_writer(self) -> FileWriter | None:
        """The writer of the run itself; None after `close`, until something is added."""
        return None if self._is_closed() else self._main

    @property
    def all_writers(self) -> dict[str, FileWriter] | None:
        """The writers of the run and of those below it, by directory; None after `close`."""
        return None if self._is_closed() else dict(self._writers)

    def _added(self) -> int:
        """How many records were added so far."""
        stats = [writer.stats for writer in list(self._writers.values())]
        names = ("written", "dropped", "pending")
        return sum(one.get(name, 0) for one in stats for name in names)

    def _is_closed(self) -> bool:
        return self._closed_at is not None and self._closed_at == self._added()

    def get_logdir(self) -> str:
        """The run directory."""
        return self.log_dir

    @property
    def stats(self) -> dict[str, Any]:
        """What became of the records: counters by name.

        They cover all that this writer wrote, in sub-runs too. An embedding counts as one record,
        of the bytes of its files.
        """
        total = dict(self._main.stats)
        others = [w.stats for w in list(self._writers.values()) if w is not self._main]
        for stats in (*others, self._finished, self._beside.stats):
            _add(total, stats)
        return total

    def flush(self, timeout: float | None = None) -> None:
        """Writes what waits; ``durability`` says what that promises.

        Args:
            timeout: How long to wait for a disk that hangs, in seconds, all files together; for
                ever, if None. When the time is over, ``on_error`` says what happens, and what was
                not written yet still will be.
        """
        flush_all(self._writers.values(), timeout)

    def close(self) -> None:
        """Writes what waits and closes the files. Adding afterwards opens new ones.

        Waits for ``close_timeout`` seconds at most, all files together.
        """
        try:
            close_all(self._writers.values())
        finally:
            self._closed_at = self._added()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        """What a copy needs: everything but the open files and the values that are kept."""
        return {name: value for name, value in self.__dict__.items() if name not in self._own}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.purge_step = None  # the original has written it
        self._start()

    def __repr__(self) -> str:
        return f"SummaryWriter({self.log_dir!r})"


def _add(total: dict[str, Any], stats: Mapping[str, Any]) -> None:
    for name, count in stats.items():
        if isinstance(count, int):
            total[name] = total.get(name, 0) + count
        elif count is not None or name not in total:
            total[name] = count


def _flag_or_text(flag: Any, flag_name: str, text: Any, text_name: str) -> tuple[bool, str]:
    """A flag and a text, where the text may stand in the place of the flag."""
    if isinstance(flag, str):
        if text is not None:
            message = (
                f"`{flag_name}` must be a bool, not {_checks.shown(flag)}: `{text_name}` is given "
                "by name already"
            )
            raise TypeError(message)
        flag, text = None, flag
    if flag is not None and type(flag).__name__ not in ("bool", "bool_") and flag not in (0, 1):
        message = (
            f"`{flag_name}` must be a bool, not {_checks.shown(flag)}; pass `{text_name}` by name"
        )
        raise TypeError(message)
    return bool(flag), "" if text is None else _checks.tag(text, text_name)


def _default_log_dir(comment: str) -> str:
    now = datetime.now().strftime("%b%d_%H-%M-%S")
    return str(Path("runs") / f"{now}_{socket.gethostname()}{comment}")
