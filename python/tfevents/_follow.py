"""`Follower`: the rows of a log as they come."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, NoReturn, TypeVar, cast

import pyarrow as pa

from tfevents import _arguments
from tfevents._errors import DamageWarning, TfeventsError, warn
from tfevents._log import warn_replaced

if TYPE_CHECKING:
    from pathlib import Path

    from tfevents import _native
    from tfevents._filters import Filters
    from tfevents._log import Log, Options

#: Kinds whose rows are those of events.
KINDS = (
    "scalars",
    "histograms",
    "tensors",
    "images",
    "audio",
    "text",
    "pr_curves",
    "meshes",
    "graphs",
    "layouts",
)

#: What `LogDir.follow` has in one pass.
ALL = (*KINDS, "hparams")

#: What `Scan.follow` has.
TABLES = (*KINDS, "events")

#: Seconds without a change until an end that is no whole record is judged.
SETTLE = 5.0

_Item = TypeVar("_Item")


class Pending(NamedTuple):
    """Bytes of a file that wait for more: its end, or a mesh that is not whole."""

    path: Path
    #: Where they begin.
    offset: int
    #: How many there are by now.
    length: int


class Follower(Iterator[_Item], Generic[_Item]):
    """New rows of a log, as they are written; made by `Scan.follow` and `LogDir.follow`.

    An iterator: each step waits until there are new rows. May be closed from another thread, and
    is a context manager.
    """

    def __init__(
        self, native: _native.Follower, log: Log, timeout: float | None, *, kinds: bool
    ) -> None:
        self._native = native
        self._log = log
        self._timeout = timeout
        self._kinds = kinds
        #: A batch that was not handed out, because a warning was made an error.
        self._held: tuple[str, _native.Batch] | None = None

    def __iter__(self) -> Follower[_Item]:
        return self

    def __next__(self) -> _Item:
        if self._held is None:
            self._held = self._native.next(self._timeout)
        self._report()  # a warning may be an error: the batch is then the next one
        found, self._held = self._held, None
        if found is None:
            raise StopIteration
        kind, rows = found
        batch = pa.record_batch(rows)
        item: Any = (kind, batch) if self._kinds else batch
        return cast("_Item", item)

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a Follower cannot be pickled or copied: hand on its cursor, and call "
            "follow(cursor) of the pickled Scan or LogDir"
        )

    def _report(self) -> None:
        self._log.report()
        replaced, gone = self._native.notices()
        if replaced:
            warn_replaced(replaced)
        for path, reason in gone:
            warn(f"{path}: {reason}; it is waited for", DamageWarning)

    @property
    def cursor(self) -> str:
        """Accounts for the rows handed out so far, and for no others.

        ``follow(cursor=...)``, in this process or a later one, goes on with the next row. Store it
        together with what you make of the rows, in one transaction or one rename: then each row
        counts exactly once, whenever the process is killed. It belongs to the same log and the
        same question: kind, filters and options of `open`; only `columns` may differ.
        """
        if self._held is not None:
            raise TfeventsError(
                "a warning kept a batch back: take it with next() before the cursor"
            )
        return self._native.cursor()

    @property
    def pending(self) -> list[Pending]:
        """Bytes that make no rows before others come, or before `settle` seconds are over.

        At most one place a file: the end of the file, which is no whole record, or the first
        component of a mesh that lacks others.
        """
        return [Pending(*found) for found in self._native.pending()]

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._native.closed

    def close(self) -> None:
        """Ends the iteration, also one that waits in another thread. `cursor` remains."""
        self._native.close()

    def __enter__(self) -> Follower[_Item]:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self.closed else "open"
        return f"<tfevents.Follower, {state}>"


def begin(
    log: Log,
    tables: list[str],
    filters: Filters,
    options: dict[str, Any],
    *,
    cursor: str | None,
    poll: float,
    timeout: float | None,
    settle: float,
    kinds: bool,
) -> Follower[Any]:
    """Follows the rows of `tables` that meet `filters`; with `kinds`, as pairs of kind and batch.

    Raises:
        TypeError: An argument of ``follow`` is of a wrong type.
        ValueError: One makes no sense, or the cursor is none of this question.
    """
    if cursor is not None:
        _arguments.instance(cursor, "cursor", str, "a string or None")
    if timeout is not None:
        _arguments.seconds(timeout, "timeout", "a number of seconds or None")
    poll = _arguments.seconds(poll, "poll", "a number of seconds above 0", above=0)
    settle = _arguments.seconds(settle, "settle", "a number of seconds")
    question = _question(tables, filters, options, log.options)
    native = log.follow(tables, filters, options, question, cursor, poll=poll, settle=settle)
    return Follower(native, log, timeout, kinds=kinds)


def kinds(given: Iterable[str] | None) -> list[str]:
    """The kinds `given`, each once; all without them."""
    allowed = "a list of " + ", ".join(ALL)
    if given is None:
        return list(ALL)
    if isinstance(given, str):
        raise TypeError(_arguments.message("kinds", allowed, given))
    wanted = _arguments.strings(given, "kinds", allowed)
    if not wanted or not set(wanted) <= set(ALL):
        raise ValueError(_arguments.message("kinds", allowed, wanted))
    return [kind for kind in ALL if kind in wanted]


def _question(
    kinds: list[str], filters: Filters, options: dict[str, Any], log_options: Options
) -> str:
    """Tells one set of conditions from another, the same in every process."""
    columns = filters["columns"] or []
    attempts = not {"attempt", "attempt_step"}.isdisjoint(columns)
    conditions = {name: _plain(given) for name, given in filters.items() if name != "columns"}
    restarts, on_damage, checksum, *_ = log_options
    how = restarts, on_damage, checksum
    return repr((sorted(kinds), conditions, sorted(options.items()), attempts, how))


def _plain(given: Any) -> Any:
    if isinstance(given, re.Pattern):
        return given.pattern, given.flags
    if isinstance(given, dict):
        return sorted(given.items())
    return given
