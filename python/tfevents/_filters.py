"""Python filters to what the compiled module takes."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable, Sequence, Sized
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeAlias, TypedDict

from tfevents import _arguments

if TYPE_CHECKING:
    from tfevents import _native

#: A glob (``*`` matches ``/``, too), several globs, or a compiled regular expression (searched).
NameFilter: TypeAlias = str | Iterable[str] | re.Pattern[str]
#: Steps as values, not positions: a slice (stop excluded), a range, or a list of steps.
StepFilter: TypeAlias = slice | range | Iterable[SupportsIndex] | SupportsIndex

#: A condition on names as data; a pattern is matched once the names are known.
Names: TypeAlias = "_native.Names | re.Pattern[str]"


class Filters(TypedDict):
    """All conditions of a scan as data: checked, picklable, independent of what was given."""

    runs: Names | None
    tags: Names | None
    steps: tuple[int | None, int | None, int] | list[int] | None
    wall_time: tuple[float, float] | None
    plugin: str | None
    columns: list[str] | None


def names(given: NameFilter | None, argument: str) -> Names | None:
    """The condition `given`; `argument` is its name, for messages."""
    allowed = "a name, a glob, a list of these or a compiled re.Pattern"
    if given is None:
        return None
    if isinstance(given, str):
        return [given]
    if isinstance(given, re.Pattern):
        if isinstance(given.pattern, bytes):
            raise TypeError(_arguments.message(argument, f"{allowed} of str", given))
        return given
    if isinstance(given, bytes):
        raise TypeError(_arguments.message(argument, allowed, given))
    return _arguments.strings(given, argument, allowed)


_STEPS = "a slice, a range or a list of integers"


def steps(given: StepFilter | None) -> tuple[int | None, int | None, int] | list[int] | None:
    """The condition `given` as the compiled module takes it."""
    if given is None:
        return None
    if isinstance(given, slice):
        return _bounded(*_slice(given))
    if isinstance(given, range):
        ascending = given if given.step > 0 else given[::-1]
        return _bounded(ascending.start, ascending.stop, ascending.step)
    if isinstance(given, bytes | bytearray):  # whose items are integers
        raise TypeError(_arguments.message("steps", _STEPS, given))
    listed = list(given) if isinstance(given, Iterable) else [given]
    shown = listed if isinstance(given, Iterable) and not isinstance(given, Sized) else given
    wanted = [_step(step, shown) for step in listed]
    return [step for step in wanted if _LEAST <= step <= _MOST]


def _step(number: Any, given: object) -> int:
    try:
        if isinstance(number, bool):
            raise TypeError
        return operator.index(number)
    except TypeError:
        raise TypeError(_arguments.message("steps", _STEPS, given)) from None


def _slice(given: slice) -> tuple[int | None, int | None, int]:
    start, stop, stride = (
        None if part is None else _step(part, given)
        for part in (given.start, given.stop, given.step)
    )
    stride = 1 if stride is None else stride
    if stride < 1:
        allowed = "a slice with a positive stride (rows keep the order of the log)"
        raise ValueError(_arguments.message("steps", allowed, given))
    return start, stop, stride


_LEAST, _MOST = -(2**63), 2**63 - 1
#: No step is in it.
_NO_STEPS = (0, 0, 1)


def _bounded(
    start: int | None, stop: int | None, stride: int
) -> tuple[int | None, int | None, int]:
    """Steps are of 64 bits: a bound outside them excludes nothing, or everything."""
    if start is not None and start < _LEAST:
        start = None if stride == 1 else _LEAST + (start - _LEAST) % stride
    if stop is not None and stop > _MOST:
        stop = None
    first = _LEAST if start is None else start
    if first > _MOST or (stop is not None and first >= stop):
        return _NO_STEPS
    return (start, stop, min(stride, _MOST))


def wall_time(given: Sequence[float | None] | None) -> tuple[float, float] | None:
    """The condition `given` as the compiled module takes it."""
    if given is None:
        return None
    allowed = "(low, high), seconds since 1970 or None"
    if isinstance(given, str | bytes):
        raise TypeError(_arguments.message("wall_time", allowed, given))
    try:
        low, high = given
        if isinstance(low, str | bytes | bool) or isinstance(high, str | bytes | bool):
            raise TypeError
        low = float("-inf") if low is None else float(low)
        high = float("inf") if high is None else float(high)
    except TypeError:
        raise TypeError(_arguments.message("wall_time", allowed, given)) from None
    except ValueError:
        raise ValueError(_arguments.message("wall_time", allowed, given)) from None
    if not low <= high:
        raise ValueError(_arguments.message("wall_time", f"{allowed}, low first", given))
    return low, high


def columns(given: Iterable[str] | None) -> list[str] | None:
    """The column names `given`."""
    if given is None:
        return None
    allowed = "a list of column names"
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise TypeError(_arguments.message("columns", allowed, given))
    return _arguments.strings(given, "columns", allowed)


def build(
    *,
    runs: NameFilter | None,
    tags: NameFilter | None,
    step_filter: StepFilter | None,
    time_filter: Sequence[float | None] | None,
    plugin: str | None,
    column_names: Iterable[str] | None,
) -> Filters:
    """All conditions together."""
    if plugin is not None:
        _arguments.instance(plugin, "plugin", str, "the name of a plugin")
    return {
        "runs": names(runs, "runs"),
        "tags": names(tags, "tags"),
        "steps": steps(step_filter),
        "wall_time": wall_time(time_filter),
        "plugin": plugin,
        "columns": columns(column_names),
    }
