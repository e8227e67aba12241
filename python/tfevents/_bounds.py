"""Sets of names, steps and wall times, and the four together: where rows may lie."""

from __future__ import annotations

import bisect
import itertools
import math
import operator
from collections.abc import Iterable
from typing import NamedTuple

#: Steps are int64.
LEAST, MOST = -(2**63), 2**63 - 1


class Names(NamedTuple):
    """Ranges of names, in the order of their characters, which is that of their bytes in UTF-8.

    A range begins at each first of the `boundaries` and ends before each second; the last may have
    no end. `null` says whether a null is among the names.
    """

    boundaries: tuple[str, ...]
    null: bool = False

    @classmethod
    def of(cls, names: Iterable[str | None]) -> Names:
        """Exactly `names`, which may hold ``None``."""
        found = set(names)
        listed = sorted(name for name in found if name is not None)
        return cls(_joined((name, after(name)) for name in listed), None in found)

    @classmethod
    def between(cls, low: str, high: str | None) -> Names:
        """The names from `low` to before `high`."""
        return cls(
            () if high is not None and low >= high else (low,) if high is None else (low, high)
        )

    def holds(self, name: str | None) -> bool:
        """Whether `name` is in it."""
        return self.null if name is None else bisect.bisect(self.boundaries, name) % 2 == 1

    def __and__(self, other: Names) -> Names:
        return ~(~self | ~other)

    def __or__(self, other: Names) -> Names:
        edges = [
            (at, 1 - number % 2 * 2)
            for side in (self, other)
            for number, at in enumerate(side.boundaries)
        ]
        boundaries, depth = [], 0
        for at, group in itertools.groupby(sorted(edges), key=operator.itemgetter(0)):
            before, depth = depth, depth + sum(change for _, change in group)
            if bool(before) != bool(depth):
                boundaries.append(at)
        return Names(tuple(boundaries), self.null or other.null)

    def __invert__(self) -> Names:
        starts_first = self.boundaries[:1] == ("",)
        boundaries = self.boundaries[1:] if starts_first else ("", *self.boundaries)
        return Names(boundaries, not self.null)

    @property
    def is_empty(self) -> bool:
        """Whether no name is in it."""
        return not self.boundaries and not self.null


def after(name: str) -> str:
    """The name that follows `name` directly."""
    return name + "\0"


def _joined(ranges: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The boundaries of `ranges`, which ascend; those that touch become one."""
    found: list[str] = []
    for low, high in ranges:
        if found and found[-1] == low:
            found[-1] = high
        else:
            found += (low, high)
    return tuple(found)


class Steps(NamedTuple):
    """Intervals of steps, ends included, disjoint and ascending."""

    intervals: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, intervals: Iterable[tuple[int, int]]) -> Steps:
        """The union of `intervals`."""
        merged: list[tuple[int, int]] = []
        for low, high in sorted(intervals):
            low, high = max(low, LEAST), min(high, MOST)
            if low > high:
                continue
            if merged and low <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(merged[-1][1], high))
            else:
                merged.append((low, high))
        return cls(tuple(merged))

    def __and__(self, other: Steps) -> Steps:
        return ~(~self | ~other)

    def __or__(self, other: Steps) -> Steps:
        return Steps.of((*self.intervals, *other.intervals))

    def __invert__(self) -> Steps:
        starts = [LEAST, *(high + 1 for _, high in self.intervals)]
        ends = [*(low - 1 for low, _ in self.intervals), MOST]
        return Steps.of(zip(starts, ends, strict=True))

    @property
    def is_empty(self) -> bool:
        """Whether no step is in it."""
        return not self.intervals


class Times(NamedTuple):
    """Wall times from `low` to `high`, ends included; `nan` says whether NaN is among them."""

    low: float
    high: float
    nan: bool = False

    def __and__(self, other: Times) -> Times:
        return Times(max(self.low, other.low), min(self.high, other.high), self.nan and other.nan)

    def __or__(self, other: Times) -> Times:
        return Times(min(self.low, other.low), max(self.high, other.high), self.nan or other.nan)

    @property
    def is_empty(self) -> bool:
        """Whether no time is in it."""
        return self.low > self.high and not self.nan


class Bounds(NamedTuple):
    """Where the rows lie that meet a condition; rows that do not may lie there, too."""

    runs: Names = Names(("",), null=True)
    tags: Names = Names(("",), null=True)
    steps: Steps = Steps(((LEAST, MOST),))
    times: Times = Times(-math.inf, math.inf, nan=True)

    def __and__(self, other: Bounds) -> Bounds:
        return Bounds(
            self.runs & other.runs,
            self.tags & other.tags,
            self.steps & other.steps,
            self.times & other.times,
        )

    def __or__(self, other: Bounds) -> Bounds:
        if self.is_empty or other.is_empty:
            return other if self.is_empty else self
        return Bounds(
            self.runs | other.runs,
            self.tags | other.tags,
            self.steps | other.steps,
            self.times | other.times,
        )

    @property
    def is_empty(self) -> bool:
        """Whether no row can lie in it."""
        return any(part.is_empty for part in self)


EVERYWHERE = Bounds()
NOWHERE = Bounds(runs=Names(()))
