"""`LogDir`: event files as one log."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from tfevents import _filters, _follow, _html
from tfevents._follow import Follower
from tfevents._log import warn_replaced
from tfevents._readers import Readers

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from tfevents._changes import Changes
    from tfevents._filters import NameFilter, StepFilter

    WallTime = Sequence[float | None] | None

#: Runs that `repr` names, and that notebooks show.
_NAMED_RUNS, _SHOWN_RUNS = 5, 20
#: Logs of so many files and bytes are read for their `repr`: in milliseconds.
_SMALL_FILES, _SMALL_BYTES = 100, 8 << 20


class LogDir(Readers):
    """Event files as one log: what is in them, and readers for every kind of data.

    Made by `open`. All scans until the next `refresh` see the same bytes. May be used from many
    threads at once.

    Readers take the same filters, which act before payloads are decoded:

    * `runs`, `tags`: a glob (``*`` matches ``/``, too), a list of globs, or a compiled ``re``.
    * `steps`: a slice, range or list of steps, as values.
    * `wall_time`: ``(low, high)`` in seconds since the epoch, ends included.
    * `plugin`: the plugin's name, exactly.
    * `columns`: names of columns, also of ``file``, ``offset`` and ``attempt``.
    """

    # What is there

    @property
    def runs(self) -> list[str]:
        """Names of the runs, in natural order: ``run_2`` before ``run_10``."""
        return self._open().native.runs

    # Life

    def follow(
        self,
        cursor: str | None = None,
        poll: float = 0.5,
        timeout: float | None = None,
        *,
        kinds: Iterable[str] | None = None,
        runs: NameFilter | None = None,
        tags: NameFilter | None = None,
        steps: StepFilter | None = None,
        wall_time: WallTime = None,
        plugin: str | None = None,
        settle: float = _follow.SETTLE,
    ) -> Follower[tuple[str, pa.RecordBatch]]:
        """New rows of every kind in one pass, as pairs of kind and batch; see `Scan.follow`.

        `kinds` are the names of readers, ``scalars``, ``images``, ...: all whose rows are those of
        events by default, and ``hparams``. The filters are those of the readers, the other
        arguments those of `Scan.follow`.

        A batch of ``hparams`` tells what was written of hyperparameters, one row for each value:
        `run`, `tag`, `step`, `wall_time`. For the table itself, call `refresh()` and then
        ``hparams(runs=...)`` with these runs.

        Raises:
            TypeError: An argument is of a wrong type.
            ValueError: As for `Scan.follow`; or something in `kinds` is no kind that can be
                followed.
        """
        log = self._open()
        wanted = _follow.kinds(kinds)
        filters = _filters.build(
            runs=runs,
            tags=tags,
            step_filter=steps,
            time_filter=wall_time,
            plugin=plugin,
            column_names=None,
        )
        return _follow.begin(
            log,
            wanted,
            filters,
            {},
            cursor=cursor,
            poll=poll,
            timeout=timeout,
            settle=settle,
            kinds=True,
        )

    def refresh(self) -> Changes:
        """Takes in new files and new bytes; what changed. Reads nothing, and lists what changed.

        Files that are other files now, or shorter, are read from their beginning, with a
        `ReplacedFileWarning`. Globs are matched again.

        Raises:
            OSError: A named directory cannot be listed. The log remains as it was.
        """
        self._log, changes = self._open().refreshed()
        self._log.report()
        if changes.replaced:
            warn_replaced(changes.replaced)
        return changes

    def close(self) -> None:
        """Lets go of the file list. Scans made before remain valid."""
        self._log = None

    def __enter__(self) -> LogDir:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return LogDir, (self._log,)

    def __repr__(self) -> str:
        if self._log is None:
            return "<tfevents.LogDir, closed>"
        runs, paths = self._log.native.runs, self._log.native.paths
        names = [run if run.isprintable() else repr(run) for run in runs[:_NAMED_RUNS]]
        shown = ", ".join(names) + (", …" if len(runs) > _NAMED_RUNS else "")
        kinds = self._log.kinds() if _is_small(paths) else {}
        counted = ", ".join(f"{count} of {kind}" for kind, count in kinds.items())
        series = f"; series: {counted}" if counted else ""
        size = f"{_counted(len(runs), 'run')}, {_counted(len(paths), 'file')}"
        named = f": {shown}" if shown else ""
        return f"<tfevents.LogDir of {size}{named}{series}>"

    def _repr_html_(self) -> str:
        """Series of each kind by run, as a table; reads."""
        log = self._open()
        kinds = list(log.kinds())
        table: dict[str, dict[str, int]] = {run: {} for run in log.native.runs[:_SHOWN_RUNS]}
        for run, kind, count in log.kinds_of_runs():
            if run in table:
                table[run][kind] = count
        body = [[run, *(counts.get(kind, "") for kind in kinds)] for run, counts in table.items()]
        more = len(log.native.runs) - _SHOWN_RUNS
        caption = f"and {_counted(more, 'more run')}" if more > 0 else ""
        return _html.table(["series", *kinds], body, caption)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _is_small(paths: list[Path]) -> bool:
    with contextlib.suppress(OSError):
        return len(paths) <= _SMALL_FILES and sum(p.stat().st_size for p in paths) <= _SMALL_BYTES
    return False
