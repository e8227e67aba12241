"""Batches of a size that was asked for, put together as rows come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa


def rebatch(batches: Iterable[pa.RecordBatch], size: int) -> Iterator[pa.RecordBatch]:
    """Batches of exactly `size` rows; the last may be smaller.

    Holds the rows of one batch, and a batch of `batches`.
    """
    joined = _Joined()
    for batch in batches:
        while joined.rows + batch.num_rows >= size:
            missing = size - joined.rows
            if joined.rows:
                joined.add(batch.slice(0, missing))
                yield joined.take()
            else:
                yield batch.slice(0, missing)
            batch = batch.slice(missing)
        if batch.num_rows:
            joined.add(batch)
        del batch  # not kept while the next one is made
    if joined.rows:
        yield joined.take()


class _Joined:
    """Rows of several batches. Bytes make them large, and are copied as they come.

    Arrow frees a batch with the last of its columns, so the others are copied with them.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._columns: list[_Bytes | _Codes | _Plain] = []

    def add(self, part: pa.RecordBatch) -> None:
        if not self.rows:
            self._schema = part.schema
            copies = any(_is_bytes(field) for field in part.schema)
            self._columns = [_column(field, copies) for field in part.schema]
        for column, array in zip(self._columns, part.columns, strict=True):
            column.add(array)
        self.rows += part.num_rows

    def take(self) -> pa.RecordBatch:
        """One batch of all rows, which are given up."""
        columns, self._columns, self.rows = self._columns, [], 0
        return pa.RecordBatch.from_arrays([c.array() for c in columns], schema=self._schema)


def _is_bytes(field: pa.Field) -> bool:
    return pa.types.is_large_binary(field.type) and not field.nullable


def _column(field: pa.Field, copies: bool) -> _Bytes | _Codes | _Plain:
    if _is_bytes(field):
        return _Bytes()
    return _Codes(copies) if pa.types.is_dictionary(field.type) else _Plain(copies)


class _Plain:
    """A column of any type."""

    def __init__(self, copies: bool) -> None:
        self._copies = copies
        self._parts: list[pa.Array] = []

    def add(self, part: pa.Array) -> None:
        self._parts.append(part.take(pa.array(range(len(part)))) if self._copies else part)

    def array(self) -> pa.Array:
        return pa.concat_arrays(self._parts)


class _Codes:
    """A column of dictionaries, each of which continues the one before: the last serves all."""

    def __init__(self, copies: bool) -> None:
        self._codes = _Plain(copies)

    def add(self, part: pa.DictionaryArray) -> None:
        self._codes.add(part.indices)
        self._names = part.dictionary

    def array(self) -> pa.Array:
        return pa.DictionaryArray.from_arrays(self._codes.array(), self._names)


class _Bytes:
    """A column of type large_binary without nulls, in memory that grows."""

    def __init__(self) -> None:
        self._values = bytearray()
        self._ends = [np.zeros(1, dtype=np.int64)]

    def add(self, part: pa.Array) -> None:
        _, offsets, values = part.buffers()
        starts = np.frombuffer(offsets, np.int64)[part.offset : part.offset + len(part) + 1]
        self._ends.append(starts[1:] - starts[0] + len(self._values))
        if values is not None:
            self._values += memoryview(values)[starts[0] : starts[-1]]

    def array(self) -> pa.Array:
        ends = np.concatenate(self._ends)
        buffers = [None, pa.py_buffer(ends), pa.py_buffer(self._values)]
        return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(ends) - 1, buffers)
