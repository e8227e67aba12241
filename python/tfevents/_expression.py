"""The parts of a pyarrow expression.

pyarrow has no way to look into an expression, and prints it without types and with long lists
abridged. But it pickles: as an Arrow IPC file, whose columns are the literals and options, and
whose metadata lists fields, literals and calls. This module reads that.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.dataset as ds


class UnreadableError(ValueError):
    """The expression cannot be read; it may mean anything."""


class Field(NamedTuple):
    """A reference to a column; `nested` for one to a part of it."""

    name: str
    nested: bool = False


class Literal(NamedTuple):
    """A constant."""

    value: pa.Scalar


class Call(NamedTuple):
    """A function of the `arguments` parts before it."""

    function: str
    arguments: int
    options: pa.Scalar | None


Part = Field | Literal | Call


def parts(expression: ds.Expression) -> list[Part]:
    """Fields, literals and calls, arguments before the call that takes them.

    Raises:
        UnreadableError: pyarrow cannot pickle the expression, or pickles it in another form.
    """
    try:
        _, (pickled,) = expression.__reduce__()
        reader = pa.ipc.open_file(pickled)
        pairs = _metadata(reader.schema)
        constants = reader.get_batch(0).columns if reader.num_record_batches else []
        return list(_postfix(pairs, constants))
    except UnreadableError:
        raise
    except (pa.ArrowException, ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise UnreadableError(str(error)) from error


def columns(expression: ds.Expression) -> set[str]:
    """Names of the columns it refers to, those with nested references included.

    Raises:
        UnreadableError: As for `parts`.
    """
    return {part.name for part in parts(expression) if isinstance(part, Field)}


def _postfix(pairs: list[tuple[str, str]], constants: list[pa.Array]) -> Iterator[Part]:
    """The parts from `pairs`, where a call comes before its arguments, and its end after them."""
    open_calls: list[tuple[str, int, pa.Scalar | None]] = []
    rest = iter(pairs)

    def constant(index: str) -> pa.Scalar:
        return constants[int(index)][0]

    def count_argument() -> None:
        if open_calls:
            function, arguments, options = open_calls[-1]
            open_calls[-1] = (function, arguments + 1, options)

    for key, value in rest:
        if key == "call":
            open_calls.append((value, 0, None))
            continue
        if key == "options":
            function, arguments, _ = open_calls.pop()
            open_calls.append((function, arguments, constant(value)))
            continue
        if key == "end":
            part: Part = Call(*open_calls.pop())
        elif key == "field_ref":
            part = Field(value)
        elif key == "nested_field_ref":
            names = [name for _, (_, name) in zip(range(int(value)), rest, strict=False)]
            part = Field(names[0], nested=True)
        elif key == "literal":
            part = Literal(constant(value))
        else:
            raise UnreadableError(key)
        yield part
        count_argument()
    if open_calls:
        raise UnreadableError("a call without an end")


class _CSchema(ctypes.Structure):
    """The beginning of an ArrowSchema of the Arrow C data interface."""

    _fields_ = (
        ("format", ctypes.c_char_p),
        ("name", ctypes.c_char_p),
        ("metadata", ctypes.c_void_p),
    )


def _metadata(schema: pa.Schema) -> list[tuple[str, str]]:
    """All pairs of the metadata, in order; `Schema.metadata` holds one pair for each key."""
    capsule: Any = schema.__arrow_c_schema__()
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    at = _CSchema.from_address(pointer(capsule, b"arrow_schema")).metadata
    if at is None:
        return []

    def integer() -> int:
        nonlocal at
        number = ctypes.c_int32.from_address(at).value
        at += 4
        return number

    def text() -> str:
        nonlocal at
        length = integer()
        taken = ctypes.string_at(at, length).decode()
        at += length
        return taken

    return [(text(), text()) for _ in range(integer())]
