"""`Log`: the files of a log at one time, which a `LogDir` and its scans share and pickle."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, TypeAlias

from tfevents import _native
from tfevents._errors import DamageWarning, ReplacedFileWarning, warn

if TYPE_CHECKING:
    from pathlib import Path

    from tfevents._filters import Filters, Names
    from tfevents._roots import Root

#: restarts, on_damage, checksum, mmap, threads: as `open` has them.
Options: TypeAlias = tuple[str, str, bool, str, int | None]
#: Runs, roots, options, and the directory that relative paths start from.
Portable: TypeAlias = tuple[list["_native.Run"], list["Root"], Options, str]


class Log:
    """The files of a log, their lengths, and how they are read. It does not change."""

    def __init__(self, native: _native.LogDir, roots: list[Root], options: Options) -> None:
        self.native = native
        self._roots = roots
        self._options = options

    @classmethod
    def open(cls, roots: list[Root], options: Options) -> Log:
        """The files under `roots`, as of now."""
        return cls(_native.LogDir(roots, *options), roots, options)

    def refreshed(self) -> tuple[Log, int, list[Path]]:
        """The log as of now, how many new records it has, and the files that were replaced."""
        native = self.native.frozen()
        came, replaced = native.refresh()
        return Log(native, self._roots, self._options), came, replaced

    def scan(self, table: str, filters: Filters, options: dict[str, Any]) -> _native.Scan:
        """The rows of `table` that meet the filters."""
        named: _native.Filter = {
            **filters,
            "runs": self._runs(filters["runs"]),
            "tags": _chooser(filters["tags"]),
        }
        return self.native.scan(table, named, **options)

    def _runs(self, given: Names | None) -> _native.Names | None:
        return _matching(given, self.native.runs) if isinstance(given, re.Pattern) else given

    def report(self) -> None:
        """Warns of what scans have met by now: of each thing once."""
        if replaced := self.native.replaced():
            warn_replaced(replaced)
        news = self.native.news()
        if news is not None:
            places, lost, path, offset, reason = news
            warn(
                f"{places} damaged place(s), {lost} bytes skipped; the first in {path} at offset "
                f"{offset}: {reason}. damage() lists them, on_damage='raise' stops at the first",
                DamageWarning,
            )

    def portable(self, runs: Names | None = None) -> Portable:
        """What `restore` makes the log from in another process; of all runs, or of `runs`."""
        files = self.native.portable(self._runs(runs))
        return files, self._roots, self._options, os.getcwd()  # noqa: PTH109  (it is pickled)

    @classmethod
    def restore(cls, files: list[_native.Run], roots: list[Root], options: Options, at: str) -> Log:
        """The log that `portable` described.

        No file is looked at until a scan needs it.
        """
        if os.getcwd() != at:  # noqa: PTH109
            files = [
                (run, [(os.path.join(at, path), version) for path, version in of_run])  # noqa: PTH118
                for run, of_run in files
            ]
            roots = [(kind, name, os.path.join(at, path)) for kind, name, path in roots]  # noqa: PTH118
        return cls(_native.LogDir.restore(files, roots, *options), roots, options)

    def __reduce__(self) -> tuple[Any, ...]:
        return Log.restore, self.portable()

    def __copy__(self) -> Log:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Log:
        return self


def _chooser(given: Names | None) -> _native.Names | _native.Choose | None:
    """Tags are listed when a scan is first used; what a pattern matches is chosen then."""
    if not isinstance(given, re.Pattern):
        return given
    search = given.search
    return lambda known: [name for name in known if search(name)]


def _matching(pattern: re.Pattern[str], known: list[str]) -> _native.Names:
    return {"exactly": [name for name in known if pattern.search(name)]}


def warn_replaced(paths: list[Path]) -> None:
    """Says which files are others now."""
    shown = ", ".join(map(str, paths))
    warn(f"replaced or shortened: {shown}", ReplacedFileWarning)
