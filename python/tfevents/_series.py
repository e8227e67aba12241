"""`Series`: the rows of one run and tag, with NumPy arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa

from tfevents._columns import field_values, fields_of, is_number, values

if TYPE_CHECKING:
    import pandas as pd

    from tfevents import _native


class Pack:
    """The rows of some series, one series after the other, taken over when needed."""

    __slots__ = ("_given", "_numbers", "_own", "_read", "schema")

    def __init__(self, schema: pa.Schema, given: _native.Pack | _Alone) -> None:
        self.schema = schema
        self._given = given
        self._own: pa.Schema | None = None
        self._read: list[pa.RecordBatch] | None = None
        self._numbers: dict[str, np.ndarray[Any, Any] | None] = {}

    def run(self, number: int) -> str:
        return cast("str", self._given.run(number))

    def tag(self, number: int) -> str:
        return cast("str", self._given.tag(number))  # None only in events

    def rows(self, number: int) -> int:
        return self._given.start(number + 1) - self._given.start(number)

    @property
    def own(self) -> pa.Schema:
        """The columns without run and tag."""
        if self._own is None:
            own = [field for field in self.schema if field.name not in ("run", "tag")]
            self._own = pa.schema(own, self.schema.metadata)
        return self._own

    def parts(self, number: int) -> list[pa.RecordBatch]:
        """The rows of one series, in the columns `own`."""
        if len(self._given) == 1:
            return self._batches
        (rows,) = self._batches
        return [rows.slice(self._given.start(number), self.rows(number))]

    def numbers(self, name: str, number: int) -> np.ndarray[Any, Any] | None:
        """The part of one series in a column of numbers; None of other columns.

        The column is converted once for all series, of which there may be thousands.
        """
        if name not in self._numbers:
            self._numbers[name] = self._converted(name)
        column = self._numbers[name]
        if column is None:
            return None
        return column[self._given.start(number) : self._given.start(number + 1)]

    def _converted(self, name: str) -> np.ndarray[Any, Any] | None:
        place = self.own.get_field_index(name)
        if place < 0 or not is_number(self.own.field(place).type):
            return None
        chunks = [part.column(place) for part in self._batches]
        if any(chunk.null_count for chunk in chunks):
            return None  # nulls of one series would change the dtype of the others
        found: np.ndarray[Any, Any] = values(chunks)
        return found

    @property
    def _batches(self) -> list[pa.RecordBatch]:
        """The rows of all series."""
        if self._read is None:
            self._read = pa.table(self._given.rows()).to_batches()
        return self._read


class _Alone:
    """What a pack is given of one series that was pickled."""

    def __init__(self, run: str, tag: str, stream: bytes) -> None:
        self._run = run
        self._tag = tag
        self._table = pa.ipc.open_stream(stream).read_all()

    def __len__(self) -> int:
        return 1

    def run(self, _number: int) -> str:
        return self._run

    def tag(self, _number: int) -> str:
        return self._tag

    def start(self, number: int) -> int:
        return self._table.num_rows if number else 0

    def rows(self) -> pa.Table:
        return self._table


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

    __slots__ = ("__weakref__", "_kept", "_number", "_pack")

    def __init__(self, pack: Pack, number: int) -> None:
        self._pack = pack
        self._number = number
        self._kept: dict[str, Any] | None = None  # there may be many series of which none is read

    def __reduce__(self) -> tuple[Any, ...]:
        table = pa.Table.from_batches(self._parts, self._pack.own)
        sink = pa.BufferOutputStream()  # of a slice only its rows are written
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        return _restore, (self.run, self.tag, self._pack.schema, sink.getvalue().to_pybytes())

    @property
    def run(self) -> str:
        """The run."""
        return self._pack.run(self._number)

    @property
    def tag(self) -> str:
        """The tag; None for events without values."""
        return self._pack.tag(self._number)

    @property
    def _parts(self) -> list[pa.RecordBatch]:
        """The rows without the columns run and tag."""
        return self._pack.parts(self._number)

    @property
    def columns(self) -> list[str]:
        """Names of the columns beside run and tag."""
        return [name for name in self._pack.schema.names if name not in ("run", "tag")]

    def to_arrow(self) -> pa.Table:
        """The rows as a `pyarrow.Table`, with all columns of the scan."""
        table = pa.Table.from_batches(self._parts, self._pack.own)
        names = {"run": self.run, "tag": self.tag}
        columns = [
            _repeated(names[field.name], len(self), field.type)
            if field.name in names
            else table[field.name]
            for field in self._pack.schema
        ]
        return pa.table(columns, schema=self._pack.schema)

    def to_pandas(self, **options: Any) -> pd.DataFrame:
        """The rows as a `pandas.DataFrame`, as `Scan.to_pandas` has them."""
        from tfevents._frames import to_pandas

        return to_pandas(self.to_arrow, options)

    def __len__(self) -> int:
        return self._pack.rows(self._number)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.columns, *self._fields]

    @property
    def _fields(self) -> dict[str, str]:
        """Numbers of structs in lists, and the column each is in."""
        return {
            name: field.name
            for field in self._pack.own
            for name in fields_of(field.type)
            if name not in self._pack.schema.names
        }

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # also before __init__, when a copy is made
            raise AttributeError(name)
        if self._kept is None:
            self._kept = {}
        if name not in self._kept:
            self._kept[name] = self._read(name)
        return self._kept[name]

    def _read(self, name: str) -> Any:
        numbers = self._pack.numbers(name, self._number)
        if numbers is not None:
            return numbers
        column = name if name in self.columns else self._fields.get(name)
        if column is None:
            known = ", ".join([*self.columns, *self._fields])
            raise AttributeError(f"a series has run, tag, {known}, not {name!r}")
        chunks = [part.column(column) for part in self._parts]
        return values(chunks) if column == name else field_values(chunks, name)

    def __repr__(self) -> str:
        rows = "1 row" if len(self) == 1 else f"{len(self)} rows"
        return f"<tfevents.Series {self.run!r} {self.tag!r} of {rows}>"


def _restore(run: str, tag: str, schema: pa.Schema, stream: bytes) -> Series:
    return Series(Pack(schema, _Alone(run, tag, stream)), 0)


def _repeated(name: str, rows: int, kind: pa.DataType) -> pa.Array:
    """The column of a key, which is one name."""
    if not pa.types.is_dictionary(kind):
        return pa.repeat(pa.scalar(name, kind), rows)
    codes = pa.array(np.zeros(rows, dtype=np.int32))
    return pa.DictionaryArray.from_arrays(codes, pa.array([name], kind.value_type))
