"""Python filters to what the compiled module takes."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeAlias

if TYPE_CHECKING:
    from tfevents._native import Filter, Names

#: A glob (``*`` matches ``/``, too), several globs, or a compiled regular expression (searched).
NameFilter: TypeAlias = str | Iterable[str] | re.Pattern[str]
#: Steps as values, not positions: a slice (stop excluded), a range, or a list of steps.
StepFilter: TypeAlias = slice | range | Iterable[SupportsIndex] | SupportsIndex


def names(
    given: NameFilter | None, argument: str, known: Callable[[], Iterable[str]]
) -> Names | None:
    """The condition `given` as the compiled module takes it.

    Args:
        given: What the user wrote.
        argument: Its name, for messages.
        known: Every name there is; asked only for a regular expression, which Python matches.
    """
    if given is None:
        return None
    if isinstance(given, str):
        return [given]
    if isinstance(given, re.Pattern):
        if isinstance(given.pattern, bytes):
            raise TypeError(f"{argument} is a pattern over bytes; names are str")
        return {"exactly": [name for name in known() if given.search(name)]}
    globs = list(given) if isinstance(given, Iterable) else [given]
    if not all(isinstance(glob, str) for glob in globs):
        raise TypeError(
            f"{argument}={given!r}; it is a glob, a list of globs, or a compiled regular expression"
        )
    return globs


def steps(given: StepFilter | None) -> tuple[int | None, int | None, int] | list[int] | None:
    """The condition `given` as the compiled module takes it."""
    if given is None:
        return None
    allowed = "steps={!r}; it is a slice or range of whole numbers, or a list of them"

    def whole(number: Any) -> int:
        try:
            return operator.index(number)
        except TypeError:
            raise TypeError(allowed.format(given)) from None

    if isinstance(given, slice):
        start, stop, stride = (
            None if part is None else whole(part) for part in (given.start, given.stop, given.step)
        )
        return _bounded(start, stop, 1 if stride is None else stride)
    if isinstance(given, range):
        if given.step < 0:
            given = given[::-1]
        return _bounded(given.start, given.stop, given.step)
    wanted = [whole(step) for step in given] if isinstance(given, Iterable) else [whole(given)]
    return [step for step in wanted if -(2**63) <= step < 2**63]


def _bounded(
    start: int | None, stop: int | None, stride: int
) -> tuple[int | None, int | None, int]:
    """Steps are of 64 bits: a bound outside them excludes nothing, or everything."""
    least, most = -(2**63), 2**63 - 1
    if stride > 0 and (
        (start is not None and start > most) or (stop is not None and stop <= least)
    ):
        return (0, 0, 1)
    if start is not None and start < least:
        start = None if stride == 1 else least + (start - least) % stride
    if stop is not None and stop > most:
        stop = None
    return (start, stop, min(stride, most))


def wall_time(given: Sequence[float | None] | None) -> tuple[float, float] | None:
    """The condition `given` as the compiled module takes it."""
    if given is None:
        return None
    try:
        low, high = given
        low = float("-inf") if low is None else float(low)
        high = float("inf") if high is None else float(high)
    except (TypeError, ValueError):
        raise ValueError(
            f"wall_time={given!r}; it is (low, high), seconds since the epoch"
        ) from None
    if not low <= high:
        raise ValueError(f"wall_time runs backwards, from {low} to {high}")
    return low, high


def columns(given: Iterable[str] | None) -> list[str] | None:
    """The column names `given`."""
    if given is None:
        return None
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise TypeError(f"columns={given!r}; it is a list of column names")
    wanted = list(given)
    if not all(isinstance(name, str) for name in wanted):
        raise TypeError(f"columns={wanted!r}; it is a list of column names")
    return wanted


def build(
    *,
    runs: NameFilter | None,
    tags: NameFilter | None,
    step_filter: StepFilter | None,
    time_filter: Sequence[float | None] | None,
    plugin: str | None,
    column_names: Iterable[str] | None,
    known_runs: Callable[[], Iterable[str]],
    known_tags: Callable[[], Iterable[str]],
) -> Filter:
    """All conditions together."""
    if plugin is not None and not isinstance(plugin, str):
        raise TypeError(f"plugin={plugin!r}; it is the name of a plugin")
    return {
        "runs": names(runs, "runs", known_runs),
        "tags": names(tags, "tags", known_tags),
        "steps": steps(step_filter),
        "wall_time": wall_time(time_filter),
        "plugin": plugin,
        "columns": columns(column_names),
    }
