"""`Scan`: rows of a log that have not been read yet, for any Arrow consumer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tfevents import _extras
from tfevents._by_series import by_series
from tfevents._log import Log

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow.dataset

    from tfevents import _native
    from tfevents._filters import Filters
    from tfevents._log import Portable
    from tfevents._series import Series


class Scan:
    """Rows of a log that have not been read yet.

    Arrow consumers take it as it is (``duckdb.sql("select step from scan")``,
    ``pl.DataFrame(scan)``, ``pa.table(scan)``), each time reading anew. Rows come in a fixed order,
    whatever the number of threads: runs as in `LogDir.runs`; in a run, files by the wall time of
    their first event, then by name; in a file, record order.
    """

    def __init__(self, log: Log, table: str, filters: Filters, options: dict[str, Any]) -> None:
        self._log = log
        self._table = table
        self._filters = filters
        self._options = options
        self._made: _native.Scan | None = None

    @property
    def _native(self) -> _native.Scan:
        if self._made is None:
            self._made = self._log.scan(self._table, self._filters, self._options)
        return self._made

    def __reduce__(self) -> tuple[Any, ...]:
        files = self._log.portable(self._filters["runs"])
        return _restore, (files, self._table, self._filters, self._options)

    def __copy__(self) -> Scan:
        return Scan(self._log, self._table, self._filters, self._options)

    def __deepcopy__(self, memo: dict[int, Any]) -> Scan:
        return self.__copy__()

    @property
    def schema(self) -> pa.Schema:
        """The columns."""
        return pa.schema(self._native)

    def count(self) -> int:
        """How many rows there are; reads, but builds no columns."""
        count = self._native.count()
        self._log.report()
        return count

    def __arrow_c_schema__(self) -> object:
        """The schema as an ``arrow_schema`` capsule."""
        return self._native.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """A new stream over all rows as an ``arrow_array_stream`` capsule."""
        self._log.report()
        return self._native.__arrow_c_stream__(requested_schema)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Batches of the size they are read in, in bounded memory."""
        try:
            for batch in self._native.batches():
                yield pa.record_batch(batch)
        except GeneratorExit:  # the loop ended early
            self._log.report()
            raise
        self._log.report()

    def batches(self, size: int) -> Iterator[pa.RecordBatch]:
        """Batches of exactly `size` rows; the last may be smaller.

        Raises:
            ValueError: `size` is less than 1.
        """
        if size < 1:
            raise ValueError(f"size={size}; it is at least 1")
        return self._rebatch(size)

    def _rebatch(self, size: int) -> Iterator[pa.RecordBatch]:
        waiting: list[pa.RecordBatch] = []
        rows = 0
        for batch in self:
            waiting.append(batch)
            rows += batch.num_rows
            if rows < size:
                continue
            table = pa.Table.from_batches(waiting)
            whole = rows - rows % size
            for start in range(0, whole, size):
                yield _one_batch(table.slice(start, size))
            waiting = table.slice(whole).to_batches()
            rows -= whole
        if rows:
            yield _one_batch(pa.Table.from_batches(waiting))

    def to_arrow(self) -> pa.Table:
        """All rows as a `pyarrow.Table`."""
        table = pa.table(self._native.collect())
        self._log.report()
        return table

    def to_pandas(self, **options: Any) -> pd.DataFrame:
        """All rows as a `pandas.DataFrame`; `options` as for `pyarrow.Table.to_pandas`."""
        _extras.require("pandas", "pandas", "to_pandas()")
        frame: pd.DataFrame = self.to_arrow().to_pandas(**options)
        return frame

    def to_polars(self) -> pl.DataFrame:
        """All rows as a `polars.DataFrame`."""
        polars = _extras.require("polars", "polars", "to_polars()")
        frame: pl.DataFrame = polars.DataFrame(self._native.collect())
        self._log.report()
        return frame

    def to_dataset(self) -> pyarrow.dataset.Dataset:
        """A `pyarrow.dataset.Dataset` over the rows, read when it is scanned.

        DuckDB and Polars push columns and conditions into it.
        """
        from tfevents._dataset import ScanDataset

        return ScanDataset.over(self)

    def write_parquet(self, path: str | os.PathLike[str], *, threads: int | None = None) -> int:
        """Writes all rows to a Parquet file, whole or not at all; rows written.

        Streams, so memory stays bounded. Compressed with zstd; steps are stored as deltas, floats
        split into byte streams, names as dictionaries.

        Args:
            path: The file; it appears under its name when it is complete.
            threads: Threads that encode columns; all cores this process may use by default.
        """
        rows = self._native.write_parquet(os.fspath(path), threads or _cores())
        self._log.report()
        return rows

    def by_series(self) -> Iterator[Series]:
        """One series after the other, with NumPy arrays.

        Series come in the order of runs, and in a run in the order of their first row. Holds one
        series or 256 MiB of one run, whichever is more, and a batch; a run that is larger is read
        again, once for the series of each 256 MiB.

        Raises:
            ValueError: The scan has no columns ``run`` and ``tag``.
        """
        names = self.schema.names
        if "run" not in names or "tag" not in names:
            raise ValueError("`columns` must name 'run' and 'tag' for by_series()")
        return by_series(self, self.schema, self._of_tags)

    def _of_tags(self, run: str, tags: list[str]) -> Scan:
        """The rows of these tags of a run, which the scan has."""
        names: Any = {"runs": {"exactly": [run]}, "tags": {"exactly": tags}}
        return Scan(self._log, self._table, {**self._filters, **names}, self._options)

    def _narrowed(self, columns: list[str] | None, conditions: dict[str, Any]) -> Scan:
        """The scan with fewer columns and further conditions, those it has already kept."""
        filters: Any = dict(self._filters)
        filters.update({key: c for key, c in conditions.items() if filters.get(key) is None})
        if columns is not None:
            filters["columns"] = columns
        return Scan(self._log, self._table, filters, self._options)

    def __repr__(self) -> str:
        columns = ", ".join(f"{field.name}: {field.type}" for field in self.schema)
        return f"<tfevents.Scan of {columns}>"


def _restore(log: Portable, table: str, filters: Filters, options: dict[str, Any]) -> Scan:
    return Scan(Log.restore(*log), table, filters, options)


def _one_batch(table: pa.Table) -> pa.RecordBatch:
    (batch,) = table.unify_dictionaries().combine_chunks().to_batches()
    return batch


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
