"""A `pyarrow.dataset.Scanner` over the rows of a scan.

pyarrow's scanners of a stream can be read once. This one makes a new one for every call, and has no
native one of its own. So no method that needs that may be inherited.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds


class RowScanner(ds.Scanner):  # type: ignore[misc]  # pyarrow has no types
    """A scanner that may be used any number of times; every call reads anew.

    Args:
        make: Makes a scanner of a stream of the rows.
        schema: The columns of the dataset.
    """

    def __init__(self, make: Callable[[], ds.Scanner], schema: pa.Schema) -> None:
        self._make = make
        self._schema = schema
        self._ready = make()  # arguments that make no sense are errors of this call
        self._projected = self._ready.projected_schema

    def _native(self) -> ds.Scanner:
        """A scanner that has not been read."""
        ready: ds.Scanner | None = self.__dict__.pop("_ready", None)  # by one thread only
        return self._make() if ready is None else ready

    @property
    def dataset_schema(self) -> pa.Schema:
        """The columns of the dataset."""
        return self._schema

    @property
    def projected_schema(self) -> pa.Schema:
        """The columns of the rows."""
        return self._projected

    def to_table(self) -> pa.Table:
        """All rows."""
        # Batch by batch, so that Ctrl-C ends it: Python looks for it between two.
        return pa.Table.from_batches(self.to_batches(), self._projected)

    def to_batches(self) -> Iterator[pa.RecordBatch]:
        """The rows batch by batch."""
        batches: Iterator[pa.RecordBatch] = self._native().to_batches()
        return batches

    def to_reader(self) -> pa.RecordBatchReader:
        """The rows as a stream."""
        return self._native().to_reader()

    def scan_batches(self) -> Iterator[ds.TaggedRecordBatch]:
        """The rows batch by batch, each with the fragment it is of."""
        batches: Iterator[ds.TaggedRecordBatch] = self._native().scan_batches()
        return batches

    def head(self, num_rows: int) -> pa.Table:
        """The first rows."""
        return self._native().head(num_rows)

    def take(self, indices: Any) -> pa.Table:
        """The rows at these positions."""
        return self._native().take(indices)

    def count_rows(self) -> int:
        """How many rows there are."""
        return sum(batch.num_rows for batch in self.to_batches())

    # What writes datasets takes these in place of the native scanner.

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self.to_batches()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """A new stream of the rows as a capsule."""
        return self.to_reader().__arrow_c_stream__(requested_schema)

    def __reduce__(self) -> Any:
        raise TypeError("a Scanner cannot be pickled; pickle the dataset or the Scan")


def _refuse(self: RowScanner, *_: object, **__: object) -> None:
    raise NotImplementedError("this version of pyarrow is newer than this scanner")


for _name in vars(ds.Scanner):
    if not _name.startswith(("_", "from_")) and _name not in vars(RowScanner):
        setattr(RowScanner, _name, _refuse)
