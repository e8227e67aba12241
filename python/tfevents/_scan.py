"""`Scan`: rows of a log that have not been read yet, for any Arrow consumer."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, Literal, overload

import pyarrow as pa

from tfevents import _arguments, _explain, _extras, _follow, _frames, _html
from tfevents._by_series import by_series
from tfevents._follow import Follower
from tfevents._log import Log
from tfevents._rebatch import rebatch

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow.dataset

    from tfevents._filters import Filters
    from tfevents._log import Portable
    from tfevents._native import Scan as NativeScan
    from tfevents._series import Series

#: Tables whose columns depend on what is in the log.
_COLUMNS_VARY = frozenset({"hparams", "embeddings"})

#: Tables whose rows have no tag.
_NO_SERIES = frozenset({"hparams", "files", "damage"})

_SHOWN_ROWS = 10


class Scan:
    """Rows of a log that have not been read yet.

    Arrow consumers take it as it is (``duckdb.sql("select step from scan")``,
    ``pl.DataFrame(scan)``, ``pa.table(scan)``), each time reading anew. Rows come in a fixed order,
    whatever the number of threads: runs as in `LogDir.runs`; in a run, files by the wall time of
    their first event, then by name; in a file, record order.
    """

    def __init__(
        self,
        log: Log,
        table: str,
        filters: Filters,
        options: dict[str, Any],
        *,
        explains: bool = True,
    ) -> None:
        self._log = log
        self._table = table
        self._filters = filters
        self._options = options
        self._explains = explains  # why there are no rows, if it finds none
        self._made: NativeScan | None = None
        self._schema: pa.Schema | None = None

    @property
    def _native(self) -> NativeScan:
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
        if self._schema is None:
            self._schema = pa.schema(self._native)
        return self._schema

    def count(self) -> int:
        """How many rows there are; reads, but builds no columns."""
        count = self._native.count()
        self._ended(count)
        return count

    def head(self, n: int = 5) -> pa.Table:
        """The first `n` rows; reads little more than these.

        Raises:
            TypeError: `n` is no integer.
            ValueError: `n` is negative.
        """
        n = _arguments.integer(n, "n", least=0, allowed="a non-negative integer")
        batches, rows = [], 0
        with contextlib.closing(self._batches()) as stream:
            while rows < n and (batch := next(stream, None)) is not None:
                batches.append(batch)
                rows += batch.num_rows
        return pa.Table.from_batches(batches, self.schema).slice(0, n)

    def __arrow_c_schema__(self) -> object:
        """The schema as an ``arrow_schema`` capsule."""
        return self._native.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """A new stream over all rows as an ``arrow_array_stream`` capsule."""
        self._log.report()
        stream = self._native.__arrow_c_stream__(requested_schema)
        if self._explains:
            self._log.watch(self._native, self._ended)
        return stream

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Batches of the size they are read in, in bounded memory."""
        return self._batches()

    def _batches(self) -> Generator[pa.RecordBatch, None, None]:
        rows = 0
        try:
            for batch in self._native.batches():
                rows += batch.num_rows
                yield pa.record_batch(batch)
                del batch  # not kept while the next one is made
        except GeneratorExit:  # the loop ended early
            self._log.report()
            raise
        self._ended(rows)

    def batches(self, size: int) -> Iterator[pa.RecordBatch]:
        """Batches of exactly `size` rows; the last may be smaller.

        Holds one batch and what is read ahead. A loop holds two: its variable keeps the batch
        before while the next one is made, unless the body ends with ``del batch``.

        Raises:
            TypeError: `size` is no integer.
            ValueError: `size` is less than 1.
        """
        return rebatch(self._batches(), _arguments.count(size, "size"))

    def to_arrow(self) -> pa.Table:
        """All rows as a `pyarrow.Table`."""
        table = pa.table(self._native.collect())
        self._ended(table.num_rows)
        return table

    def to_pandas(self, **options: Any) -> pd.DataFrame:
        """All rows as a `pandas.DataFrame`; `options` as for `pyarrow.Table.to_pandas`.

        `buckets`, lists of structs, stay in Arrow, as a `pandas.ArrowDtype`: element by element
        they are lists of dicts. ``types_mapper`` among the options changes that.
        """
        return _frames.to_pandas(self.to_arrow, options)

    @overload
    def to_polars(self, *, lazy: Literal[False] = False) -> pl.DataFrame: ...
    @overload
    def to_polars(self, *, lazy: Literal[True]) -> pl.LazyFrame: ...
    @overload
    def to_polars(self, *, lazy: bool) -> pl.DataFrame | pl.LazyFrame: ...
    def to_polars(self, *, lazy: bool = False) -> pl.DataFrame | pl.LazyFrame:
        """All rows as a `polars.DataFrame`.

        With `lazy` a `polars.LazyFrame`, which reads when it is collected, and only the columns,
        runs, tags and steps that its query needs.
        """
        _arguments.instance(lazy, "lazy", bool, "True or False")
        polars = _extras.require("polars", "polars", "to_polars()")
        if lazy:
            scanned: pl.LazyFrame = polars.scan_pyarrow_dataset(self.to_dataset())
            return scanned
        frame: pl.DataFrame = polars.DataFrame(self._native.collect())
        self._ended(frame.height)
        return frame

    def to_dataset(self, *, dictionaries: bool = True) -> pyarrow.dataset.Dataset:
        """A `pyarrow.dataset.Dataset` over the rows, read when it is scanned.

        DuckDB, Polars and pyarrow push columns and conditions into it: those on run, tag, step and
        wall_time restrict what is read.

        Args:
            dictionaries: ``False`` for plain strings in place of dictionaries. Polars hands on
                ``is_in`` only for these.
        """
        from tfevents._dataset import ScanDataset

        _arguments.instance(dictionaries, "dictionaries", bool, "True or False")
        return ScanDataset(self, dictionaries)

    def write_parquet(self, path: str | os.PathLike[str], *, threads: int | None = None) -> int:
        """Writes all rows to a Parquet file, whole or not at all; rows written.

        Streams, so memory stays bounded. Compressed with zstd; steps are stored as deltas, floats
        split into byte streams, names as dictionaries.

        Args:
            path: The file; it appears under its name when it is complete.
            threads: Threads that encode columns; as many as the log is read with by default.
                Decoding included, no more threads than the log's work at once.
        """
        path = _arguments.path(path, "path")
        if threads is not None:
            threads = _arguments.count(threads, "threads", default=" or None for those of the log")
        rows = self._native.write_parquet(path, threads)
        self._ended(rows)
        return rows

    def follow(
        self,
        cursor: str | None = None,
        poll: float = 0.5,
        timeout: float | None = None,
        *,
        settle: float = _follow.SETTLE,
    ) -> Follower[pa.RecordBatch]:
        """New rows as they are written: first those that are there, then those that come.

        In record order within each file; rows that are there come in the order of a scan, later
        ones as they arrive. New runs, files and tags that meet the filters are taken in. A file
        that was replaced or shortened comes from its start, as a new ``attempt`` of its run, with
        a `ReplacedFileWarning`. ``restarts="last"`` takes back no rows that were handed out: the
        columns ``attempt`` and ``attempt_step`` tell which earlier rows of a series are superseded,
        those from that step on. Columns of typed tensors are lists. A mesh comes when it has all
        components that its metadata lists, or its series goes on to another step or repeats one of
        them; where metadata lists none, also when it has all three, or none has come for `settle`
        seconds. The cursor accounts for the components that wait. A component whose file was
        replaced or removed meanwhile is dropped.

        Args:
            cursor: `Follower.cursor` of a follower of the same rows; goes on behind them.
            poll: Seconds between two looks where the system does not tell of changes, as on
                network file systems. Elsewhere rows come within some 50 ms after they are written.
            timeout: The iteration ends after so many seconds without rows; never by default.
            settle: Seconds without a change until an end that is no whole record is judged: what
                stands behind it is then read as after damage. Also how long a mesh waits whose
                metadata does not list its components; a file that has not changed for so long
                settles at once.

        Raises:
            TypeError: An argument is of a wrong type.
            ValueError: An argument makes no sense; the cursor is damaged, of another version, or
                belongs to other rows or another directory (told by the first batch); or this table
                cannot be followed.
        """
        if self._table not in _follow.TABLES:
            raise ValueError(
                f"{self._table}() cannot be followed: call refresh() on the LogDir, then "
                f"{self._table}() again"
            )
        return _follow.begin(
            self._log,
            [self._table],
            self._filters,
            self._options,
            cursor=cursor,
            poll=poll,
            timeout=timeout,
            settle=settle,
            kinds=False,
        )

    def by_series(self) -> Iterator[Series]:
        """One series after the other, with NumPy arrays.

        Series come in the order of runs, and in a run in the order of their first row. Holds one
        series or 256 MiB of one run, whichever is more, and a few batches; a run that is larger is
        read again, once for the series of each 256 MiB. A run with rows without a tag, which only
        ``events()`` has, is held whole.

        Raises:
            ValueError: The scan has no columns ``run`` and ``tag``, as those of ``hparams()``,
                ``files()`` and ``damage()``.
        """
        if self._table in _NO_SERIES:
            raise ValueError(
                f"by_series() reads tables with the columns 'run' and 'tag', not {self._table}(): "
                "use to_arrow(), to_pandas(), or iterate over the scan"
            )
        names = self.schema.names
        if "run" not in names or "tag" not in names:
            raise ValueError(
                f"`columns` must name 'run' and 'tag' for by_series(), not {names!r}: name both"
            )
        return itertools.chain.from_iterable(self._series())

    def _series(self) -> Iterator[Iterator[Series]]:
        try:
            found = yield from by_series(self._native, self.schema, self._of_tags)
        except GeneratorExit:  # the loop ended early
            self._log.report()
            raise
        self._ended(found)

    def _of_tags(self, run: str, tags: list[str]) -> NativeScan:
        """The rows of these tags of a run, which the scan has."""
        names: Any = {"runs": {"exactly": [run]}, "tags": {"exactly": tags}}
        filters: Any = {**self._filters, **names}
        return self._log.scan(self._table, filters, self._options)

    def _narrowed(self, columns: list[str] | None, conditions: dict[str, Any]) -> Scan:
        """The scan with fewer columns, and with `conditions` in place of its own."""
        filters: Any = {**self._filters, **conditions}
        if columns is not None:
            filters["columns"] = columns
        return Scan(self._log, self._table, filters, self._options, explains=False)

    def _ended(self, rows: int) -> None:
        """Warns of what a pass over all rows has met, and why it found none."""
        self._log.report()
        if self._explains and (not rows or self._table == "hparams"):  # which may lack metrics
            self._explains = False
            self._log.explain(self._table, self._filters)

    def __repr__(self) -> str:
        return _explain.line(
            self._table, self._log, self._filters, self._options, self._known_columns()
        )

    def explain(self) -> str:
        """What the scan will read, as text: conditions, columns, passes, order, runs and files.

        Decodes nothing. Of files that are one of several in their run it reads the first event,
        which decides on their order, as the first scan of the log does.
        """
        return _explain.text(
            self._table, self._log, self._filters, self._options, self._known_columns()
        )

    def _known_columns(self) -> list[str] | None:
        """The names of the columns, unless the log has to be read for them."""
        varies = self._table in _COLUMNS_VARY or bool(self._options)
        return None if varies and self._schema is None else self.schema.names

    def _repr_html_(self) -> str:
        """The first rows, as a table; reads."""
        return _html.rows(self.head(_SHOWN_ROWS + 1), _SHOWN_ROWS)


def _restore(log: Portable, table: str, filters: Filters, options: dict[str, Any]) -> Scan:
    return Scan(Log.restore(*log), table, filters, options)
