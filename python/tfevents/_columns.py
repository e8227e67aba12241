"""Arrow columns as what Python programs compute with: NumPy arrays, views of bytes, lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

import numpy as np
import pyarrow as pa


def values(chunks: list[pa.Array]) -> Any:
    """The values of a column.

    An array with a dimension more than the type has lists, where that is rectangular; a list of
    arrays otherwise; `Blobs` for bytes; a list for the rest.
    """
    kind = chunks[0].type
    if pa.types.is_large_binary(kind) or pa.types.is_binary(kind):
        return Blobs(chunks)
    if isinstance(kind, pa.BaseExtensionType):
        shape = tuple(getattr(kind, "shape", ()))
        found = values([chunk.storage for chunk in chunks])
        return _reshaped(found, shape)
    if is_number(kind):
        return _joined([_numbers(chunk) for chunk in chunks])
    if is_list(kind) and _holds_numbers(kind):
        return _lists(chunks)
    return [value for chunk in chunks for value in chunk.to_pylist()]


def is_list(kind: pa.DataType) -> bool:
    """Whether values are lists, of whatever kind."""
    types = pa.types
    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def fields_of(kind: pa.DataType) -> list[str]:
    """Names of the numbers in the structs in lists of this type."""
    if not is_list(kind) or not pa.types.is_struct(kind.value_type):
        return []
    return [field.name for field in kind.value_type if is_number(field.type)]


def field_values(chunks: list[pa.Array], name: str) -> Any:
    """One field of the structs in lists, as `values` has lists of numbers."""
    return _lists(chunks, name)


def is_number(kind: pa.DataType) -> bool:
    """Whether values are integers, floats or bools."""
    types = pa.types
    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind))


def _holds_numbers(kind: pa.DataType) -> bool:
    while is_list(kind):
        kind = kind.value_type
    return is_number(kind)


def _numbers(array: pa.Array) -> np.ndarray[Any, Any]:
    """Numbers; nulls are NaN, and None among booleans."""
    plain = array.null_count == 0 and not pa.types.is_boolean(array.type)
    found: np.ndarray[Any, Any] = array.to_numpy(zero_copy_only=plain)
    return found


def _joined(arrays: list[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    joined = arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
    joined.flags.writeable = False
    return joined


def _lists(chunks: list[pa.Array], field: str | None = None) -> Any:
    """Lists of numbers: one array if all are of one shape, else an array for each row."""
    split = [_split(chunk, field) for chunk in chunks]
    arrays = [one for one in split if isinstance(one, np.ndarray)]
    if len(arrays) == len(split) and len({one.shape[1:] for one in arrays}) == 1:
        return _joined(arrays)
    return [row for one in split for row in one]


def _split(array: pa.Array, field: str | None = None) -> np.ndarray[Any, Any] | list[Any]:
    """The lists of one chunk, or of a field of the structs in them; views of its values."""
    kind, rows = array.type, len(array)
    if pa.types.is_fixed_size_list(kind):
        flat = array.values.slice(array.offset * kind.list_size, rows * kind.list_size)
        offsets = np.arange(rows + 1) * kind.list_size
    else:
        offsets = array.offsets.to_numpy()
        flat = array.values.slice(offsets[0], offsets[-1] - offsets[0])
        offsets = offsets - offsets[0]
    if field is not None:
        flat = flat.field(field)
    inner = _split(flat) if is_list(flat.type) else _joined([_numbers(flat)])
    lengths = np.diff(offsets)
    regular = rows > 0 and not array.null_count and bool((lengths == lengths[0]).all())
    if regular and isinstance(inner, np.ndarray):
        shaped: np.ndarray[Any, Any] = inner.reshape(rows, lengths[0], *inner.shape[1:])
        return shaped
    valid = array.is_valid().to_numpy(zero_copy_only=False)
    return [inner[offsets[row] : offsets[row + 1]] if valid[row] else None for row in range(rows)]


def _reshaped(found: Any, shape: tuple[int, ...]) -> Any:
    """Rows of a tensor type, whose storage is a list for each row."""
    if isinstance(found, np.ndarray):
        return found.reshape(len(found), *shape)
    return [None if row is None else row.reshape(shape) for row in found]


class Blobs(Sequence[memoryview | None]):
    """Bytes of a column, each a memoryview of Arrow's buffer; null is None."""

    def __init__(self, chunks: list[pa.Array]) -> None:
        self._chunks = [_Chunk(chunk) for chunk in chunks]
        self._starts = np.cumsum([0, *map(len, chunks)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    @overload
    def __getitem__(self, index: int) -> memoryview | None: ...
    @overload
    def __getitem__(self, index: slice) -> list[memoryview | None]: ...
    def __getitem__(self, index: int | slice) -> memoryview | list[memoryview | None] | None:
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(len(self)))]
        row = range(len(self))[index]
        chunk = int(np.searchsorted(self._starts, row, side="right")) - 1
        return self._chunks[chunk].view(row - int(self._starts[chunk]))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str | bytes):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        sizes = [None if view is None else view.nbytes for view in self[:3]]
        more = ", …" if len(self) > len(sizes) else ""
        return f"<{len(self)} values of {', '.join(f'{size} bytes' for size in sizes)}{more}>"


class _Chunk:
    """One chunk of bytes; Arrow's own scalars would copy."""

    def __init__(self, array: pa.Array) -> None:
        wide = pa.types.is_large_binary(array.type)
        _, offsets, data = array.buffers()
        numbers = np.frombuffer(offsets, dtype=np.int64 if wide else np.int32)
        self._offsets = numbers[array.offset : array.offset + len(array) + 1]
        self._data = memoryview(b"" if data is None else data).cast("B")
        self._valid = array.is_valid() if array.null_count else None

    def view(self, row: int) -> memoryview | None:
        if self._valid is not None and not self._valid[row].as_py():
            return None
        return self._data[int(self._offsets[row]) : int(self._offsets[row + 1])]
