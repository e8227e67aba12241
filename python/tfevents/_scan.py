"""`Scan`: rows of a log that have not been read yet, for any Arrow consumer."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow.dataset

    from tfevents import _native


class Scan:
    """Rows of a log that have not been read yet.

    Arrow consumers take it as it is (``duckdb.sql("select step from scan")``,
    ``pl.DataFrame(scan)``, ``pa.table(scan)``), each time reading anew. Rows come in a fixed order,
    whatever the number of threads: runs as in `LogDir.runs`; in a run, files by the wall time of
    their first event, then by name; in a file, record order.
    """

    def __init__(
        self,
        native: _native.Scan,
        tell: Callable[[], None],
        again: Callable[[dict[str, Any]], _native.Scan],
        filters: _native.Filter,
    ) -> None:
        self._native = native
        self._tell = tell
        self._again = again
        self._filters = filters

    @property
    def schema(self) -> pa.Schema:
        """The columns."""
        return pa.schema(self._native)

    def count(self) -> int:
        """How many rows there are; reads, but builds no columns."""
        count = self._native.count()
        self._tell()
        return count

    def __arrow_c_schema__(self) -> object:
        """The schema as an ``arrow_schema`` capsule."""
        return self._native.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """A new stream over all rows as an ``arrow_array_stream`` capsule."""
        self._tell()
        return self._native.__arrow_c_stream__(requested_schema)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Batches of the size they are read in, in bounded memory."""
        for batch in self._native.batches():
            yield pa.record_batch(batch)
        self._tell()

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
        self._tell()
        return table

    def to_pandas(self, **options: Any) -> pd.DataFrame:
        """All rows as a `pandas.DataFrame`; `options` as for `pyarrow.Table.to_pandas`."""
        frame: pd.DataFrame = self.to_arrow().to_pandas(**options)
        return frame

    def to_polars(self) -> pl.DataFrame:
        """All rows as a `polars.DataFrame`."""
        import polars as pl

        frame = pl.DataFrame(self._native.collect())
        self._tell()
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
        self._tell()
        return rows

    def by_series(self) -> Iterator[Series]:
        """One series after the other, with NumPy arrays; memory for one run at a time.

        Series come in the order of runs, and in a run in the order of their first row.

        Raises:
            ValueError: The scan has no columns ``run`` and ``tag``.
        """
        names = self.schema.names
        if "run" not in names or "tag" not in names:
            raise ValueError("by_series needs the columns 'run' and 'tag'")
        return self._series()

    def _series(self) -> Iterator[Series]:
        waiting: list[pa.RecordBatch] = []
        current: str | None = None
        for batch in self:
            codes = batch.column("run").indices.to_numpy(zero_copy_only=False)
            runs = batch.column("run").dictionary
            edges = [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), len(codes)]
            for start, end in itertools.pairwise(edges):
                run = runs[int(codes[start])].as_py()
                if current is not None and run != current:
                    yield from _split(current, waiting)
                    waiting = []
                current = run
                waiting.append(batch.slice(start, end - start))
        if current is not None:
            yield from _split(current, waiting)

    def _narrowed(self, columns: list[str] | None, conditions: dict[str, Any]) -> Scan:
        """The scan with fewer columns and further conditions, those it has already kept."""
        filters: dict[str, Any] = dict(self._filters)
        filters.update({key: c for key, c in conditions.items() if filters.get(key) is None})
        if columns is not None:
            filters["columns"] = columns
        return Scan(self._again(filters), self._tell, self._again, filters)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        columns = ", ".join(f"{field.name}: {field.type}" for field in self.schema)
        return f"<tfevents.Scan of {columns}>"


class Series:
    """One series: `run`, `tag`, and every other column as an attribute.

    Numbers are NumPy arrays of shape (rows,), everything else lists.
    """

    def __init__(self, run: str, tag: str, table: pa.Table) -> None:
        self.run = run
        self.tag = tag
        self._table = table

    @property
    def columns(self) -> list[str]:
        """Names of the columns beside run and tag."""
        return [name for name in self._table.column_names if name not in ("run", "tag")]

    def to_arrow(self) -> pa.Table:
        """The rows as a `pyarrow.Table`."""
        return self._table

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._table.column_names:
            raise AttributeError(f"a series has {', '.join(self.columns)}, not {name!r}")
        column = self._table.column(name)
        if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
            return column.to_numpy()
        return column.to_pylist()

    def __repr__(self) -> str:
        return f"<tfevents.Series {self.run!r} {self.tag!r} of {len(self)} rows>"


def _split(run: str, batches: list[pa.RecordBatch]) -> Iterator[Series]:
    """The series of one run, each in row order."""
    table = pa.Table.from_batches(batches).unify_dictionaries()
    tags = table.column("tag").combine_chunks()
    if isinstance(tags, pa.ChunkedArray):
        tags = tags.chunk(0)
    codes = tags.indices.to_numpy(zero_copy_only=False)
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    edges = [0, *(np.flatnonzero(np.diff(ordered)) + 1).tolist(), len(ordered)]
    groups = [order[start:end] for start, end in itertools.pairwise(edges)]
    for rows in sorted(groups, key=lambda rows: int(rows[0])):
        tag = tags.dictionary[int(codes[rows[0]])].as_py()
        yield Series(run, tag, table.take(pa.array(rows)))


def _one_batch(table: pa.Table) -> pa.RecordBatch:
    (batch,) = table.unify_dictionaries().combine_chunks().to_batches()
    return batch


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
