"""A scan as a `pyarrow.dataset.Dataset`, into which engines push columns and conditions.

It is a dataset of files, one for each run, that exist only while they are read: all of pyarrow's
C++ code can read it. What has a faster way takes it: scanners read one stream, restricted to the
columns and to the runs, tags, steps and wall times that can matter. The condition is applied to
what was read, so one that is not understood costs time, never rows.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from tfevents import _condition, _expression, _ioexit, _narrowing, _runfiles
from tfevents._bounds import EVERYWHERE
from tfevents._scanner import RowScanner

if TYPE_CHECKING:
    from tfevents._scan import Scan

#: Tables whose columns or rows depend on all runs, or that have no column for the run.
_WHOLE = frozenset({"hparams", "embeddings", "damage"})
_BATCH_SIZE = 131_072  # as in pyarrow


class ScanDataset(ds.FileSystemDataset):  # type: ignore[misc]  # pyarrow has no types
    """A dataset over the rows of a scan.

    Args:
        scan: The rows.
        dictionaries: ``False`` for plain strings in place of dictionaries.
    """

    _scan: Scan
    _dictionaries: bool

    def __init__(self, scan: Scan, dictionaries: bool = True) -> None:
        schema = scan.schema if dictionaries else _plain(scan.schema)
        files = ds.IpcFileFormat()
        fragments, system = _runfiles.fragments(
            _Reader(scan, schema), _runs_apart(scan), schema, files
        )
        super().__init__(fragments, schema, files, system)
        self._scan = scan
        self._dictionaries = dictionaries

    def scanner(
        self,
        columns: Any = None,
        filter: ds.Expression | None = None,  # noqa: A002
        batch_size: int = _BATCH_SIZE,
        batch_readahead: int = 16,
        fragment_readahead: int = 4,
        fragment_scan_options: ds.FragmentScanOptions | None = None,
        use_threads: bool = True,
        cache_metadata: bool = True,
        memory_pool: pa.MemoryPool | None = None,
    ) -> ds.Scanner:
        """A scanner over the rows that meet `filter`; arguments as for `pyarrow.dataset`.

        It may be used any number of times, and reads in one pass over the log each time. Without
        `columns` and `filter`, with a `batch_size`, or made by ``Scanner.from_dataset(dataset)``,
        it is pyarrow's own, and reads run by run, which takes longer.
        """
        options: dict[str, Any] = {
            "batch_size": batch_size,
            "batch_readahead": batch_readahead,
            "fragment_readahead": fragment_readahead,
            "fragment_scan_options": fragment_scan_options,
            "use_threads": use_threads,
            "cache_metadata": cache_metadata,
            "memory_pool": memory_pool,
        }
        if columns is None and filter is None:  # what writes datasets needs a native one
            del options["cache_metadata"]  # there is none
            return super().scanner(**options)
        return self._scanner(columns, filter, **options)

    def _scanner(
        self,
        columns: Any = None,
        filter: ds.Expression | None = None,  # noqa: A002
        batch_size: int = _BATCH_SIZE,
        batch_readahead: int = 16,
        fragment_readahead: int = 4,
        fragment_scan_options: ds.FragmentScanOptions | None = None,
        use_threads: bool = True,
        cache_metadata: bool = True,
        memory_pool: pa.MemoryPool | None = None,
    ) -> ds.Scanner:
        """A scanner of one stream; only methods of Python may be called on it."""
        if batch_size != _BATCH_SIZE:  # a stream has batches of its own size
            return super().scanner(
                columns,
                filter,
                batch_size,
                batch_readahead,
                fragment_readahead,
                fragment_scan_options,
                use_threads,
                memory_pool=memory_pool,
            )
        del cache_metadata  # there is none
        options = self._scanner_options({"columns": columns, "filter": filter})
        scan = self._narrowed(options.get("columns"), options.get("filter"))

        def make() -> ds.Scanner:
            reader = pa.RecordBatchReader.from_stream(scan)
            if not self._dictionaries:
                reader = reader.cast(_plain(reader.schema))
            return ds.Scanner.from_batches(
                reader,
                columns=options.get("columns"),
                filter=options.get("filter"),
                batch_readahead=batch_readahead,
                fragment_readahead=fragment_readahead,
                fragment_scan_options=fragment_scan_options,
                use_threads=use_threads,
                memory_pool=memory_pool,
            )

        return RowScanner(make, self.schema)

    def _narrowed(self, columns: Any, condition: Any) -> Scan:
        """The scan of the columns needed, and of rows among which are all that are wanted."""
        schema = self.schema
        needed = _needed(columns, condition, schema)
        runs = _runs_apart(self._scan)
        if not isinstance(condition, ds.Expression) or runs is None:
            return self._scan._narrowed(needed, {})
        bounds = _condition.bounds(condition, schema)
        if self._scan._table == "meshes":  # rows of events of several wall times
            bounds = bounds._replace(times=EVERYWHERE.times)
        untagged = "tag" in schema.names and schema.field("tag").nullable
        conditions = _narrowing.conditions(bounds, self._scan._filters, runs, untagged=untagged)
        return self._scan._narrowed(needed, conditions)

    def to_table(self, *arguments: Any, **options: Any) -> pa.Table:
        """The rows as a table; arguments as for `scanner`."""
        table = self._scanner(*arguments, **options).to_table()
        self._scan._ended(table.num_rows)
        return table

    def to_batches(
        self,
        columns: Any = None,
        filter: ds.Expression | None = None,  # noqa: A002
        batch_size: int = _BATCH_SIZE,
        **options: Any,
    ) -> Iterator[pa.RecordBatch]:
        """The rows as batches of at most `batch_size`; arguments as for `scanner`."""
        scanner = self._scanner(columns, filter, **options)
        size = operator.index(batch_size)
        if size < 1:
            raise ValueError(f"`batch_size` must be a positive integer, not {batch_size!r}")
        return self._sliced(scanner.to_batches(), size)

    def _sliced(self, batches: Iterator[pa.RecordBatch], size: int) -> Iterator[pa.RecordBatch]:
        # Here, not below the scanner, where Arrow's threads would have to run Python.
        rows = 0
        try:
            for batch in batches:
                rows += batch.num_rows
                for start in range(0, max(batch.num_rows, 1), size):
                    yield batch.slice(start, size)
        except GeneratorExit:  # the loop ended early
            self._scan._log.report()
            raise
        self._scan._ended(rows)

    def count_rows(
        self,
        filter: ds.Expression | None = None,  # noqa: A002
        **options: Any,
    ) -> int:
        """How many rows meet `filter`; options as for `scanner`."""
        if filter is None and not options and self._scan_options.get("filter") is None:
            return self._scan.count()
        count = int(self._scanner(**{"columns": [], **options}, filter=filter).count_rows())
        self._scan._ended(count)
        return count

    def head(self, num_rows: int, *arguments: Any, **options: Any) -> pa.Table:
        """The first rows; the number of rows, then arguments as for `scanner`."""
        table = self._scanner(*arguments, **options).head(num_rows)
        self._scan._log.report()
        return table

    def take(self, indices: Any, *arguments: Any, **options: Any) -> pa.Table:
        """The rows at some positions; the positions, then arguments as for `scanner`."""
        table = self._scanner(*arguments, **options).take(indices)
        self._scan._log.report()
        return table

    def filter(self, expression: ds.Expression) -> ScanDataset:
        """The dataset of the rows that also meet `expression`."""
        filtered: ScanDataset = super().filter(expression)
        filtered._scan = self._scan
        filtered._dictionaries = self._dictionaries
        return filtered

    def replace_schema(self, schema: pa.Schema) -> ds.Dataset:
        """The dataset with another schema of the same types.

        Plain strings may take the place of all dictionaries.
        """
        if isinstance(schema, pa.Schema):
            for dictionaries in (self._dictionaries, False):
                same = ScanDataset(self._scan, dictionaries)
                if same.schema.equals(schema, check_metadata=True):
                    return self._scan_options_kept(same)
        return super().replace_schema(schema)

    def _scan_options_kept(self, dataset: ScanDataset) -> ScanDataset:
        condition = self._scan_options.get("filter")
        return dataset if condition is None else dataset.filter(condition)

    def sort_by(self, sorting: Any, **options: Any) -> ds.InMemoryDataset:
        """The rows in memory, sorted; names in the order of their characters.

        Args:
            sorting: A column, or a list of tuples of a column and "ascending" or "descending".
            options: As for `pyarrow.compute.SortOptions`.
        """
        table = self.to_table()
        order = pc.SortOptions(
            [(sorting, "ascending")] if isinstance(sorting, str) else sorting, **options
        )
        rows = pc.sort_indices(table.cast(_plain(table.schema)), options=order)
        return ds.InMemoryDataset(table.unify_dictionaries().take(rows))

    def join(
        self, right_dataset: ds.Dataset, keys: Any, *arguments: Any, **options: Any
    ) -> ds.InMemoryDataset:
        """Rows of two datasets put together, in memory; arguments as for `pyarrow.dataset`.

        Names are plain strings in the result.
        """
        return self._plain_rows().join(_plain_rows(right_dataset), keys, *arguments, **options)

    def join_asof(
        self, right_dataset: ds.Dataset, *arguments: Any, **options: Any
    ) -> ds.InMemoryDataset:
        """Rows of two datasets with the nearest key, in memory; arguments as for `pyarrow.dataset`.

        Names are plain strings in the result.
        """
        return self._plain_rows().join_asof(_plain_rows(right_dataset), *arguments, **options)

    def _plain_rows(self) -> ds.InMemoryDataset:
        table = self.to_table()
        return ds.InMemoryDataset(table.cast(_plain(table.schema)))

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self._scan, self._dictionaries, self._scan_options.get("filter"))


def _restore(scan: Scan, dictionaries: bool, condition: ds.Expression | None) -> ScanDataset:
    dataset = ScanDataset(scan, dictionaries)
    return dataset if condition is None else dataset.filter(condition)


def _runs_apart(scan: Scan) -> list[str] | None:
    """The runs of a scan; ``None`` where rows of one run depend on those of others."""
    if scan._table in _WHOLE or scan._options:
        return None
    return scan._log.runs(scan._filters["runs"])


class _Reader:
    """Reads some runs of a scan, in the columns of a dataset."""

    def __init__(self, scan: Scan, schema: pa.Schema) -> None:
        self._scan, self._schema = scan, schema

    def __call__(self, runs: list[str] | None) -> pa.Table:
        conditions = {} if runs is None else {"runs": {"exactly": runs}}
        scan = self._scan._narrowed(None, conditions)
        batches = []
        for batch in scan._native.batches():  # not `scan`, which would warn in a thread of Arrow's
            _ioexit.check()
            batches.append(pa.record_batch(batch))
        return pa.Table.from_batches(batches, scan.schema).cast(self._schema)


def _plain(schema: pa.Schema) -> pa.Schema:
    """`schema` with plain strings in place of dictionaries."""
    fields = [
        field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
        for field in schema
    ]
    return pa.schema(fields, schema.metadata)


def _plain_rows(dataset: ds.Dataset) -> ds.Dataset:
    return dataset._plain_rows() if isinstance(dataset, ScanDataset) else dataset


def _needed(columns: Any, condition: Any, schema: pa.Schema) -> list[str] | None:
    """The columns that have to be read; ``None`` for all."""
    try:
        expressions = [] if condition is None else [condition]
        if isinstance(columns, dict):
            expressions += columns.values()
            names: set[str] = set()
        elif isinstance(columns, (list, tuple)) and all(isinstance(c, str) for c in columns):
            names = set(columns)
        else:
            return None
        for expression in expressions:
            names |= _expression.columns(expression)
    except (_expression.UnreadableError, AttributeError):
        return None
    found = [name for name in schema.names if name in names]
    return found or schema.names[:1]
