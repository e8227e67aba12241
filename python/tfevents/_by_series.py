"""A scan split into series: rows are gathered run by run, and in a run tag by tag.

A run's rows come in record order, so those of a series lie scattered over all batches of the run.
They are copied out of each batch, after which the batch is dropped. A run that is too large to be
gathered at once is read again, as many series at a time as fit.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from tfevents._series import Series

#: Bytes of one run that are gathered at once, unless a single series has more.
BUDGET = 256 << 20

#: Below this size the series of a batch share its copy.
_SHARED = 64 << 10

#: From so many bytes a value on, copying row by row is faster.
_WIDE = 256

#: Numbers of rows, ascending.
Rows: TypeAlias = "np.ndarray[tuple[int], np.dtype[np.intp]]"
#: Reads the rows of some tags of a run.
Again: TypeAlias = Callable[[str, list[str]], Iterable[pa.RecordBatch]]


def by_series(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, again: Again
) -> Iterator[Series]:
    """The series of all runs, in the order of their first rows."""
    rows = _Rows(schema)
    for run, part, most in _of_one_run(batches):
        if rows.run != run:
            yield from rows.finish(again)
            rows = _Rows(schema, run)
        rows.add(part, most)
    yield from rows.finish(again)


def _of_one_run(
    batches: Iterable[pa.RecordBatch],
) -> Iterator[tuple[str, pa.RecordBatch, bool]]:
    """The batches, cut where the run changes; whether the part is most of its batch."""
    for batch in batches:
        column = _encoded(batch.column("run"))
        codes = column.indices.to_numpy()
        edges = [0, *(np.flatnonzero(codes[1:] != codes[:-1]) + 1).tolist(), len(codes)]
        for start, end in itertools.pairwise(edges):
            if start < end:
                run = column.dictionary[int(codes[start])].as_py()
                yield run, batch.slice(start, end - start), 2 * (end - start) >= len(codes)


class _Rows:
    """The rows of one run, by tag."""

    def __init__(self, schema: pa.Schema, run: str = "") -> None:
        self.run = run
        self._schema = schema
        self._own = [name for name in schema.names if name not in ("run", "tag")]
        self._parts: dict[str, list[pa.RecordBatch]] = {}  # in the order of their first rows
        self._sizes: dict[str, int] = {}
        self._size = 0
        self._too_large = False

    def add(self, batch: pa.RecordBatch, most: bool = True) -> None:
        """Takes in some rows, in order; `most` as `_of_one_run` says."""
        own = batch.select(self._own)
        size = own.nbytes
        rows_of = _by_tag(batch.column("tag"))
        for tag, rows in rows_of.items():
            share = size * len(rows) // batch.num_rows
            self._sizes[tag] = self._sizes.get(tag, 0) + share
        if self._too_large:
            return
        for tag, part in _parts(own, rows_of, size, most):
            self._parts.setdefault(tag, []).append(part)
        self._size += size
        if self._size > BUDGET and len(self._parts) > 1:
            self._too_large = True
            self._parts.clear()

    def finish(self, again: Again) -> Iterator[Series]:
        """The series, complete."""
        if self._too_large:
            yield from self._read_again(again)
        for tag in list(self._parts):
            yield Series(self.run, tag, self._schema, self._parts.pop(tag))

    def _read_again(self, again: Again) -> Iterator[Series]:
        """The series of a run that does not fit, as many at a time as do."""
        for tags in _groups(self._sizes):
            rows = _Rows(self._schema, self.run)
            for batch in again(self.run, tags):
                rows.add(batch)
            yield from rows.finish(again)


def _groups(sizes: dict[str, int]) -> Iterator[list[str]]:
    """Tags in order, as many together as fit into the budget."""
    group: list[str] = []
    room = BUDGET
    for tag, size in sizes.items():
        if group and size > room:
            yield group
            group, room = [], BUDGET
        group.append(tag)
        room -= size
    if group:
        yield group


def _encoded(names: pa.Array) -> pa.DictionaryArray:
    """The names as codes; null, as events without values have, is a name, too."""
    if pa.types.is_dictionary(names.type):
        return names
    return names.dictionary_encode(null_encoding="encode")


def _by_tag(column: pa.Array) -> dict[str, Rows]:
    """The rows of each tag, by first row."""
    tags = _encoded(column)
    codes, names = tags.indices.to_numpy(), tags.dictionary
    # Sixteen bits are sorted by radix.
    narrow = codes.astype(np.uint16) if len(names) <= 1 << 16 else codes
    order = np.argsort(narrow, kind="stable")
    ordered = codes[order]
    edges = [0, *(np.flatnonzero(ordered[1:] != ordered[:-1]) + 1).tolist(), len(codes)]
    groups = [order[start:end] for start, end in itertools.pairwise(edges)]
    groups.sort(key=lambda rows: int(rows[0]))
    return {names[int(codes[rows[0]])].as_py(): rows for rows in groups}


def _parts(
    batch: pa.RecordBatch, rows_of: dict[str, Rows], size: int, most: bool
) -> Iterator[tuple[str, pa.RecordBatch]]:
    """The rows of each tag, in memory of their own."""
    if len(rows_of) == 1 and size > _SHARED and most:
        yield next(iter(rows_of)), batch
    elif size > _SHARED:
        wide = {n for n, column in enumerate(batch.columns) if column.nbytes > _WIDE * len(column)}
        for tag, rows in rows_of.items():
            yield tag, _copied(batch, rows, wide)
    else:
        copied, start = batch.take(pa.array(np.concatenate(list(rows_of.values())))), 0
        for tag, rows in rows_of.items():
            yield tag, copied.slice(start, len(rows))
            start += len(rows)


def _copied(batch: pa.RecordBatch, rows: Rows, wide: set[int]) -> pa.RecordBatch:
    """These rows; columns of wide values row by row, which copies each in one piece."""
    numbers, listed = pa.array(rows), rows.tolist()
    columns = [
        pa.concat_arrays([column.slice(row, 1) for row in listed])
        if n in wide
        else column.take(numbers)
        for n, column in enumerate(batch.columns)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)
