"""A scan split into series, run by run, and in a run in the order of the first rows.

The native module gathers the rows of a run and hands them out in packs of series. A run that is too
large to be gathered at once is read again, as many series at a time as fit.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterator
from typing import TypeAlias

import pyarrow as pa

from tfevents import _native
from tfevents._series import Pack, Series

#: Bytes of one run that are gathered at once, unless a single series has more.
BUDGET = 256 << 20

#: Bytes that series share, where they are smaller than that.
SHARED = 64 << 10

#: Reads the rows of some tags of a run.
Again: TypeAlias = "Callable[[str, list[str]], _native.Scan]"


def by_series(
    scan: _native.Scan, schema: pa.Schema, again: Again
) -> Generator[Iterator[Series], None, int]:
    """The series of all runs, those of a pack together; how many there are."""
    found = 0
    for pack in scan.split(BUDGET, SHARED):
        found += len(pack)
        if pack.sizes is None:
            yield map(Series, itertools.repeat(Pack(schema, pack)), range(len(pack)))
        else:
            run = pack.run(0) or ""
            for tags in _groups(pack, pack.sizes):
                yield from by_series(again(run, tags), schema, again)
        del pack  # not kept while the next one is made
    return found


def _groups(pack: _native.Pack, sizes: list[int]) -> Iterator[list[str]]:
    """Tags in order, as many together as fit into the budget."""
    group: list[str] = []
    room = BUDGET
    for number, size in enumerate(sizes):
        if group and size > room:
            yield group
            group, room = [], BUDGET
        group.append(pack.tag(number) or "")
        room -= size
    if group:
        yield group
