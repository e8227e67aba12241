"""`Series`: the rows of one run and tag, with NumPy arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from tfevents._columns import field_values, fields_of, values

if TYPE_CHECKING:
    import pandas as pd


class Series:
    """One series: `run`, `tag`, and every other column as an attribute.

    What an attribute is depends on the type of the column. Arrays are read-only and kept, so a
    second access costs nothing.

    * Numbers: an array of shape (rows,).
    * Lists of numbers (curves, shapes, `values` of tensors): an array of shape (rows, n), or
      (rows, n, m) if they are nested, where all rows have the same shape; a list of one array for
      each row otherwise. A row that is null is None.
    * `values` of tensors of one shape: an array of shape (rows, *shape).
    * `buckets` of histograms: `left`, `right` and `count` are lists of float64 in the same way,
      (rows, buckets). `buckets` itself is a list of dicts for each row, which is slow.
    * `data` of images, audio and graphs: a sequence of memoryviews, not copied.
    * Everything else: a list.
    """

    def __init__(self, run: str, tag: str, schema: pa.Schema, parts: list[pa.RecordBatch]) -> None:
        self.run = run
        self.tag = tag
        self._schema = schema
        self._parts = parts  # without the columns run and tag
        self._values: dict[str, Any] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        table = pa.Table.from_batches(self._parts, self._own)
        sink = pa.BufferOutputStream()  # of a slice only its rows are written
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        return _restore, (self.run, self.tag, self._schema, sink.getvalue().to_pybytes())

    @property
    def _own(self) -> pa.Schema:
        own = [field for field in self._schema if field.name not in ("run", "tag")]
        return pa.schema(own, self._schema.metadata)

    @property
    def columns(self) -> list[str]:
        """Names of the columns beside run and tag."""
        return [name for name in self._schema.names if name not in ("run", "tag")]

    def to_arrow(self) -> pa.Table:
        """The rows as a `pyarrow.Table`, with all columns of the scan."""
        table = pa.Table.from_batches(self._parts, self._own)
        names = {"run": self.run, "tag": self.tag}
        columns = [
            _repeated(names[field.name], len(self), field.type)
            if field.name in names
            else table[field.name]
            for field in self._schema
        ]
        return pa.table(columns, schema=self._schema)

    def to_pandas(self, **options: Any) -> pd.DataFrame:
        """The rows as a `pandas.DataFrame`, as `Scan.to_pandas` has them."""
        from tfevents._frames import to_pandas

        return to_pandas(self.to_arrow, options)

    def __len__(self) -> int:
        return sum(part.num_rows for part in self._parts)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.columns, *self._fields]

    @property
    def _fields(self) -> dict[str, str]:
        """Numbers of structs in lists, and the column each is in."""
        return {
            name: field.name
            for field in self._own
            for name in fields_of(field.type)
            if name not in self._schema.names
        }

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # also before __init__, when a copy is made
            raise AttributeError(name)
        if name not in self._values:
            self._values[name] = self._read(name)
        return self._values[name]

    def _read(self, name: str) -> Any:
        column = name if name in self.columns else self._fields.get(name)
        if column is None:
            known = ", ".join([*self.columns, *self._fields])
            raise AttributeError(f"a series has run, tag, {known}, not {name!r}")
        chunks = [part.column(column) for part in self._parts]
        return values(chunks) if column == name else field_values(chunks, name)

    def __repr__(self) -> str:
        return f"<tfevents.Series {self.run!r} {self.tag!r} of {len(self)} rows>"


def _restore(run: str, tag: str, schema: pa.Schema, stream: bytes) -> Series:
    return Series(run, tag, schema, pa.ipc.open_stream(stream).read_all().to_batches())


def _repeated(name: str, rows: int, kind: pa.DataType) -> pa.Array:
    """The column of a key, which is one name."""
    if not pa.types.is_dictionary(kind):
        return pa.repeat(pa.scalar(name, kind), rows)
    codes = pa.array(np.zeros(rows, dtype=np.int32))
    return pa.DictionaryArray.from_arrays(codes, pa.array([name], kind.value_type))
