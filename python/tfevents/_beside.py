"""Files beside the events, such as embeddings: whole or not there, under a writer's policies."""

from __future__ import annotations

import itertools
import os
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tfevents._errors import TfeventsError


class FileSet:
    """Files that appear together: written under other names, renamed by `commit`.

    What was not committed is removed when the context ends, and so are directories made for it.
    A reader sees of each file the old one or the new one, nothing between. Names change one after
    another: files that belong together need a `fresh` directory, and one that names them, written
    last.

    Args:
        fsync: Whether `commit` leaves the files on stable storage.
    """

    def __init__(self, *, fsync: bool = False) -> None:
        self._fsync = fsync
        self._written: list[tuple[Path, Path]] = []
        self._made: list[Path] = []
        #: Bytes of all files.
        self.bytes = 0

    def fresh(self, folder: Path) -> Path:
        """Makes ``folder``; if it is there already, a numbered one in it."""
        self._make(folder.parent)
        for number in itertools.count(1):
            one = folder if number == 1 else folder / str(number)
            with suppress(FileExistsError):
                one.mkdir()
                self._made.append(one)
                return one
        raise AssertionError

    def write(self, path: Path, content: Iterable[bytes]) -> None:
        """Writes the content of ``path``, piece by piece, under another name beside it."""
        self._make(path.parent)
        # As short as it can be: the name of the file itself may be as long as the disk allows.
        beside = path.with_name(f".{os.urandom(6).hex()}.tmp")
        self._written.append((beside, path))
        with beside.open("xb") as file:
            for piece in content:
                self.bytes += file.write(piece)
            if self._fsync:
                file.flush()
                os.fsync(file.fileno())

    def commit(self) -> None:
        """Gives every file its name, in the order in which they were written."""
        new = []
        try:
            for beside, path in self._written:
                if not path.exists():
                    new.append(path)
                beside.replace(path)
        except OSError:
            for path in new:
                with suppress(OSError):
                    path.unlink(missing_ok=True)
            raise
        if self._fsync and os.name == "posix":
            changed = {path.parent for _, path in self._written}
            for folder in changed | {folder.parent for folder in self._made}:
                _sync(folder)
        self._written.clear()
        self._made.clear()

    def _make(self, folder: Path) -> None:
        missing = []
        while not folder.exists():
            missing.append(folder)
            folder = folder.parent
        for one in reversed(missing):
            with suppress(FileExistsError):
                one.mkdir()
                self._made.append(one)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            for beside, _ in self._written:
                beside.unlink(missing_ok=True)
            for folder in reversed(self._made):
                folder.rmdir()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Beside:
    """Counts and reports what becomes of files beside the events.

    Args:
        on_error: As of `SummaryWriter`.
        durability: As of `SummaryWriter`.
    """

    def __init__(self, on_error: str, durability: str) -> None:
        self._on_error = on_error
        self._fsync = durability == "fsync"
        self._failing = False
        self.stats: dict[str, Any] = {
            "written": 0,
            "dropped": 0,
            "written_bytes": 0,
            "dropped_bytes": 0,
            "last_error": None,
        }

    @contextmanager
    def attempt(self, size: int, what: str) -> Iterator[FileSet]:
        """A `FileSet` that counts as one record, written or dropped.

        Args:
            size: Bytes that are lost if it fails.
            what: What is dropped then, for the warning.

        Raises:
            OSError: Under ``on_error="raise"``, if a file cannot be written.
            TfeventsError: Likewise, if a file that is to be changed cannot be read.
        """
        try:
            with FileSet(fsync=self._fsync) as files:
                yield files
        except (OSError, TfeventsError) as error:
            self.stats["dropped"] += 1
            self.stats["dropped_bytes"] += size
            self.stats["last_error"] = str(error)
            if self._on_error == "raise":
                raise
            if self._on_error == "warn" and not self._failing:
                message = f"tfevents could not write {what}, which is dropped: {error}"
                warnings.warn(message, RuntimeWarning, stacklevel=4)
            self._failing = True
        else:
            self._failing = False
            self.stats["written"] += 1
            self.stats["written_bytes"] += files.bytes
