"""Bounds, together with the filters that a scan has already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tfevents._bounds import EVERYWHERE, LEAST, MOST, Bounds, Names, Steps

if TYPE_CHECKING:
    from tfevents._filters import Filters

#: A list of more steps than this is read as one range.
_LISTED_STEPS = 65_536
_NOTHING: dict[str, Any] = {"runs": {"exactly": []}}


def conditions(
    bounds: Bounds, filters: Filters, runs: Sequence[str], *, untagged: bool
) -> dict[str, Any]:
    """The filters that `bounds` change, as the compiled module takes them.

    Args:
        bounds: Where rows are wanted.
        filters: What the scan has.
        runs: The runs that `filters` let pass, in order.
        untagged: Whether there may be rows without a tag. No filter on tags returns these.
    """
    found: dict[str, Any] = {}
    tags = bounds.tags if untagged else Names(bounds.tags.boundaries)
    if tags.is_empty:
        return _NOTHING
    if bounds.runs != EVERYWHERE.runs:
        found["runs"] = {"exactly": [run for run in runs if bounds.runs.holds(run)]}
    if not tags.null and (untagged or tags.boundaries != EVERYWHERE.tags.boundaries):
        found["tags"] = {"given": filters["tags"], "within": list(tags.boundaries)}
    if bounds.steps != EVERYWHERE.steps:
        found["steps"] = _steps(bounds.steps, filters["steps"])
    if bounds.times != EVERYWHERE.times and not bounds.times.nan:
        low, high = filters["wall_time"] or (bounds.times.low, bounds.times.high)
        low, high = max(low, bounds.times.low), min(high, bounds.times.high)
        found["wall_time"] = (low, high)
        if low > high:
            return _NOTHING
    return found


def _steps(wanted: Steps, given: Any) -> tuple[int | None, int | None, int] | list[int]:
    """Both conditions on steps."""
    if given is None:
        return _written(wanted)
    if isinstance(given, list):
        return _written(wanted & Steps.of((step, step) for step in given))
    start, stop, stride = given
    within = wanted & Steps.of([(_or(start, LEAST), _or(stop, MOST + 1) - 1)])
    if stride == 1 or within.is_empty:
        return _written(within)
    low, high = within.intervals[0][0], within.intervals[-1][1]
    first = low + (_or(start, 0) - low) % stride
    if first > high:
        return []
    return (first, None if high == MOST else high + 1, stride)


def _or(given: int | None, default: int) -> int:
    return default if given is None else given


def _written(steps: Steps) -> tuple[int | None, int | None, int] | list[int]:
    """`steps` as the compiled module takes them; the range around them if they are many."""
    count = sum(high - low + 1 for low, high in steps.intervals)
    if count <= _LISTED_STEPS and len(steps.intervals) != 1:
        return [step for low, high in steps.intervals for step in range(low, high + 1)]
    return _range(steps.intervals[0][0], steps.intervals[-1][1])


def _range(low: int, high: int) -> tuple[int | None, int | None, int]:
    return (None if low == LEAST else low, None if high == MOST else high + 1, 1)
