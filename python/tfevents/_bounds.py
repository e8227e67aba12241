"""Sets of names, steps and wall times, and the four together: where rows may lie."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

#: Steps are int64.
LEAST, MOST = -(2**63), 2**63 - 1


class Names(NamedTuple):
    """The `members`, or all names but them; a null is the member ``None``."""

    members: frozenset[str | None]
    excluded: bool = False

    def holds(self, name: str | None) -> bool:
        """Whether `name` is in it."""
        return (name in self.members) != self.excluded

    def __and__(self, other: Names) -> Names:
        if self.excluded and other.excluded:
            return Names(self.members | other.members, excluded=True)
        listed, condition = (other, self) if self.excluded else (self, other)
        return Names(frozenset(name for name in listed.members if condition.holds(name)))

    def __or__(self, other: Names) -> Names:
        return ~(~self & ~other)

    def __invert__(self) -> Names:
        return Names(self.members, not self.excluded)

    @property
    def is_empty(self) -> bool:
        """Whether no name is in it."""
        return not self.members and not self.excluded


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

    runs: Names = Names(frozenset(), excluded=True)
    tags: Names = Names(frozenset(), excluded=True)
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
NOWHERE = Bounds(runs=Names(frozenset()))
