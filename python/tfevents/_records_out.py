"""Below summaries: events as they are, and records of any bytes."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tfevents import _checks, _native
from tfevents._local import local_path
from tfevents._protos import serialized

_CHECKS: dict[str, Callable[[Any, str], Any]] = {
    "on_error": partial(_checks.one_of, allowed=("warn", "raise", "drop")),
    "on_full": partial(_checks.one_of, allowed=("block", "drop")),
    "durability": partial(_checks.one_of, allowed=("buffered", "flush", "fsync")),
    "rotate_bytes": _checks.size_or_none,
    "rotate_secs": _checks.seconds_or_none,
    "flush_secs": partial(_checks.seconds_or_none, least=_checks.SOON),
    "filename_suffix": _checks.tag,
}


def _checked(options: dict[str, Any]) -> dict[str, Any]:
    """`options`, those of writers as they take them."""
    return {
        name: _CHECKS[name](value, name) if name in _CHECKS else value
        for name, value in options.items()
    }


class EventWriter:
    """Writes ``Event`` messages, as they are.

    Args:
        path: A directory, made if it is not there, which gets a file with a name of its own; or
            the file itself, if its name has ``.tfevents`` as one of its endings, such as
            ``events.out.tfevents.1``. A ``file://`` URL is the path in it.
        options: ``on_error``, ``on_full``, ``durability``, ``rotate_bytes``, ``rotate_secs``,
            ``flush_secs`` and ``filename_suffix``, as of `SummaryWriter`.

    Raises:
        FileExistsError: If the file is there already and not empty: events are not replaced.
    """

    def __init__(self, path: str | os.PathLike[str], **options: Any) -> None:
        self._native = _native.EventWriter(local_path(path, "path"), **_checked(options))

    @property
    def path(self) -> Path | None:
        """The file; None when there is none at the moment."""
        path = self._native.path
        return None if path is None else Path(path)

    @property
    def stats(self) -> dict[str, Any]:
        """What became of the records: counters by name."""
        return dict(self._native.stats)

    def write(self, event: Any) -> None:
        """Writes an event.

        Args:
            event: An ``Event`` message of any protobuf library, or its bytes.
        """
        self._native.write(serialized(event, "event"))

    def flush(self, timeout: float | None = None) -> None:
        """Writes what waits.

        Args:
            timeout: How long to wait for a disk that hangs, in seconds; for ever, if None.
        """
        self._native.flush(timeout)

    def close(self) -> None:
        """Writes what waits and closes the file."""
        self._native.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class RecordWriter:
    """Frames bytes as TFRecords.

    Args:
        path: The file; what it held is replaced. Its directory is made if it is not there.
        options: ``on_error``, ``on_full``, ``durability`` and ``flush_secs``, as of
            `SummaryWriter`.
    """

    def __init__(self, path: str | os.PathLike[str], **options: Any) -> None:
        self._native = _native.RecordWriter(local_path(path, "path"), **_checked(options))

    @property
    def path(self) -> Path | None:
        """The file; None when there is none at the moment."""
        path = self._native.path
        return None if path is None else Path(path)

    @property
    def stats(self) -> dict[str, Any]:
        """What became of the records: counters by name."""
        return dict(self._native.stats)

    def write(self, record: bytes | bytearray | memoryview) -> None:
        """Writes a record.

        Args:
            record: Its bytes.
        """
        if not isinstance(record, bytes | bytearray | memoryview):
            message = f"`record` must be bytes, not {_checks.shown(record)}"
            raise TypeError(message)
        self._native.write(bytes(record))

    def flush(self, timeout: float | None = None) -> None:
        """Writes what waits.

        Args:
            timeout: How long to wait for a disk that hangs, in seconds; for ever, if None.
        """
        self._native.flush(timeout)

    def close(self) -> None:
        """Writes what waits and closes the file."""
        self._native.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
