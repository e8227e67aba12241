"""`Log`: the files of a log at one time, which a `LogDir` and its scans share and pickle."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

from tfevents import _bounds, _matches, _native
from tfevents._changes import Changes
from tfevents._errors import (
    CastWarning,
    DamageWarning,
    NoMatchWarning,
    ReplacedFileWarning,
    TfeventsError,
    warn,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tfevents._filters import Filters, Names
    from tfevents._roots import Places, Root

#: restarts, on_damage, checksum, mmap, threads, missing_ok: as `open` has them.
Options: TypeAlias = tuple[str, str, bool, str, int | None, bool]
#: Runs, roots, what these are found by, options, and where relative paths start from.
Portable: TypeAlias = tuple[list["_native.Run"], list["Root"], "Places", Options, str]

_DAMAGE = "damage() lists them, on_damage='raise' stops at the first"

_ANY: Filters = {
    "runs": None,
    "tags": None,
    "steps": None,
    "wall_time": None,
    "plugin": None,
    "columns": None,
}


class Log:
    """The files of a log, their lengths, and how they are read. It does not change."""

    def __init__(
        self, native: _native.LogDir, roots: list[Root], places: Places, options: Options
    ) -> None:
        self.native = native
        self._roots = roots
        self._places = places
        self._options = options
        self._kinds: list[tuple[str, str, int]] | None = None
        #: Streams that other libraries read, and who is told when one ends without rows.
        self._watched: list[tuple[_native.Scan, Callable[[int], None]]] = []

    @classmethod
    def open(cls, places: Places, options: Options) -> Log:
        """The files under `places`, as of now."""
        roots = places.roots()
        return cls(_native.LogDir(roots, options), roots, places, options)

    def refreshed(self) -> tuple[Log, Changes]:
        """The log as of now, and how it differs from this one."""
        roots = self._places.roots() if self._places.has_globs else self._roots
        native = self.native.frozen(roots)
        changes = Changes(*native.refresh())
        log = Log(native, roots, self._places, self._options)
        log._watched = self._watched
        return log, changes

    def scan(self, table: str, filters: Filters, options: dict[str, Any]) -> _native.Scan:
        """The rows of `table` that meet the filters."""
        return self.native.scan(table, self._named(filters), **options)

    def follow(
        self,
        kinds: list[str],
        filters: Filters,
        options: dict[str, Any],
        question: str,
        cursor: str | None,
        *,
        poll: float,
        settle: float,
    ) -> _native.Follower:
        """New rows of these kinds that meet the filters, of runs and tags to come, too."""
        runs = filters["runs"]
        chooses = isinstance(runs, re.Pattern)
        live: Any = {
            "filter": {
                **filters,
                "runs": None if chooses else runs,
                "tags": _chooser(filters["tags"]),
            },
            "choose_runs": _chooser(runs) if chooses else None,
            "find_roots": self._places.roots if self._places.has_globs else None,
        }
        return self.native.follow(kinds, live, question, cursor, poll, settle, **options)

    @property
    def options(self) -> Options:
        """How the files are read."""
        return self._options

    def _named(self, filters: Filters) -> _native.Filter:
        """The filters as the compiled module takes them."""
        return {
            **filters,
            "runs": self._runs(filters["runs"]),
            "tags": _chooser(filters["tags"]),
        }

    def _runs(self, given: Names | None) -> _native.Names | None:
        return _matching(given, self.native.runs) if isinstance(given, re.Pattern) else given

    def kinds_of_runs(self) -> list[tuple[str, str, int]]:
        """Run, kind and how many series of it there are; reads, once."""
        if self._kinds is None:
            found = self._series(_ANY).group_by(["run", "kind"], use_threads=False)
            counted = found.aggregate([([], "count_all")])
            columns = (counted[name].to_pylist() for name in ("run", "kind", "count_all"))
            self._kinds = [(r, k or "empty", n) for r, k, n in zip(*columns, strict=True)]
        return self._kinds

    def kinds(self) -> dict[str, int]:
        """How many series of each kind there are; none if the log cannot be read."""
        counts: dict[str, int] = {}
        with contextlib.suppress(OSError, TfeventsError):
            for _, kind, count in self.kinds_of_runs():
                counts[kind] = counts.get(kind, 0) + count
        return counts

    def watch(self, scan: _native.Scan, ended: Callable[[int], None]) -> None:
        """Has `report` call `ended` once a stream of `scan` has ended without rows."""
        self._watched.append((scan, ended))

    def _settle(self) -> None:
        """Looks after the streams that have ended."""
        watched, self._watched[:] = self._watched[:], []
        for scan, ended in watched:
            empty = scan.ended_empty()
            if empty is None:
                self._watched.append((scan, ended))
            elif empty:
                ended(0)

    def check_runs(self, filters: Filters) -> None:
        """Warns if no run meets the filter."""
        given = filters["runs"]
        if given is not None and not self._meets(given):
            warn(_matches.of_runs(given, self.native.runs), NoMatchWarning)

    def _meets(self, runs: Names) -> bool:
        return bool(self.runs(runs))

    def runs(self, given: Names | None) -> list[str]:
        """The runs that meet the filter, in order."""
        named = self._runs(given)
        return self.native.runs if named is None else self.native.matching(named)

    def reads(self, given: Names | None) -> list[tuple[str, Path, int]]:
        """Run, path and length of the files that a scan of these runs reads, in its order."""
        return self.native.reads(self._runs(given))

    def explain(self, table: str, filters: Filters) -> None:
        """Warns if a scan has no rows because nothing meets its tags or plugin. Reads."""
        given = filters["tags"] is not None or filters["plugin"] is not None
        if given and (filters["runs"] is None or self._meets(filters["runs"])):
            message = _matches.of_rows(table, filters, self._survey)
            if message is not None:
                warn(message, NoMatchWarning)

    def _survey(
        self, runs: Names | None, tags: Names | None, plugin: str | None = None
    ) -> pa.Table:
        """Run, tag, kind and plugin of the series and embeddings that meet these conditions."""
        wanted: Filters = {**_ANY, "runs": runs, "tags": tags, "plugin": plugin}
        found = self._series(wanted)
        if plugin is not None:
            return found
        plain = pa.schema([(name, pa.string()) for name in found.column_names])
        embeddings = self.native.embedding_names(self._named(wanted))
        rows = [(run, tag, "embeddings", None) for run, tag in embeddings]
        listed = [dict(zip(plain.names, row, strict=True)) for row in rows]
        return pa.concat_tables([found.cast(plain), pa.Table.from_pylist(listed, plain)])

    def _series(self, filters: Filters) -> pa.Table:
        wanted: Filters = {**filters, "columns": ["run", "tag", "kind", "plugin"]}
        return pa.table(self.scan("series", wanted, {}).collect())

    def report(self) -> None:
        """Warns of what scans have met by now: of each thing once."""
        if self._watched:
            self._settle()
        if replaced := self.native.replaced():
            warn_replaced(replaced)
        unlisted = self.native.unlisted_news()
        if unlisted is not None:
            count, path, reason = unlisted
            warn(
                f"{count} entries cannot be listed and are passed over; the first is {path}: "
                f"{reason}",
                DamageWarning,
                hint=_DAMAGE,
            )
        news = self.native.news()
        if news is not None:
            places, lost, path, offset, reason = news
            warn(
                f"{places} damaged place(s), {lost} bytes skipped; the first in {path} at offset "
                f"{offset}: {reason}",
                DamageWarning,
                hint=_DAMAGE,
            )
        nulled = self.native.nulled()
        if nulled is not None:
            dtype, elements, tensors, first = nulled
            warn(
                f"{elements} element(s) of {tensors} tensor(s) are no {dtype} and were made null; "
                f"the first in {first}",
                CastWarning,
                hint="on_cast='raise' stops there",
            )

    def portable(self, runs: Names | None = None) -> Portable:
        """What `restore` makes the log from in another process; of all runs, or of `runs`."""
        files = self.native.portable(self._runs(runs))
        return files, self._roots, self._places, self._options, os.getcwd()  # noqa: PTH109  (it is pickled)

    @classmethod
    def restore(
        cls,
        files: list[_native.Run],
        roots: list[Root],
        places: Places,
        options: Options,
        at: str,
    ) -> Log:
        """The log that `portable` described.

        No file is looked at until a scan needs it.
        """
        if os.getcwd() != at:  # noqa: PTH109
            files = [
                (run, [(os.path.join(at, path), version) for path, version in of_run])  # noqa: PTH118
                for run, of_run in files
            ]
            roots = [(kind, name, os.path.join(at, path)) for kind, name, path in roots]  # noqa: PTH118
            places = places.seen_from(at)
        return cls(_native.LogDir.restore(files, roots, options), roots, places, options)

    def __reduce__(self) -> tuple[Any, ...]:
        return Log.restore, self.portable()

    def __copy__(self) -> Log:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Log:
        return self


def _chooser(given: Any) -> _native.Names | Callable[[list[str]], list[str]] | None:
    """Tags are listed when a scan is first used; what a pattern matches is chosen then."""
    within: list[str] | None = None
    pattern: Any = given
    if isinstance(given, dict) and isinstance(given.get("given"), re.Pattern):
        pattern, within = given["given"], given["within"]
    if not isinstance(pattern, re.Pattern):
        names: _native.Names | None = pattern
        return names
    search = pattern.search
    if within is None:
        return lambda known: [name for name in known if search(name)]
    ranges = _bounds.Names(tuple(within))
    return lambda known: [name for name in known if search(name) and ranges.holds(name)]


def _matching(pattern: re.Pattern[str], known: list[str]) -> _native.Names:
    return {"exactly": [name for name in known if pattern.search(name)]}


def warn_replaced(paths: list[Path]) -> None:
    """Says which files are others now."""
    shown = ", ".join(map(str, paths))
    warn(f"replaced or shortened: {shown}", ReplacedFileWarning)
