"""What a condition says about run, tag, step and wall time.

A condition is judged from its leaves up. Of each part this module knows where rows lie for which it
is true, and where those for which it is false; a part that it does not understand may be either
everywhere. Nulls are neither, as in Arrow.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds

from tfevents import _expression
from tfevents._bounds import EVERYWHERE, LEAST, MOST, NOWHERE, Bounds, Names, Steps, Times, after
from tfevents._expression import Call, Field, Literal


class Judged(NamedTuple):
    """Where a condition may be true, and where it may be false."""

    true: Bounds = EVERYWHERE
    false: Bounds = EVERYWHERE


class Column(NamedTuple):
    """A column that bounds are known for; `rounded` if it was cast to floating point."""

    name: str
    rounded: bool = False


Node = Judged | Column | Literal

_UNKNOWN = Judged()
_NOT_NULL = ~Names.of([None])


def bounds(condition: ds.Expression, schema: pa.Schema) -> Bounds:
    """Where the rows lie that meet `condition`, in a table of `schema`."""
    try:
        return _judged(_node(_expression.parts(condition), _columns(schema))).true
    except (pa.ArrowException, ArithmeticError, LookupError, TypeError, ValueError):
        return EVERYWHERE  # a literal or an option that Python has no value for


def _node(parts: Sequence[_expression.Part], columns: frozenset[str]) -> Node:
    """What the expression of these `parts` says."""
    nodes: list[Node] = []
    for part in parts:
        if isinstance(part, Field):
            is_known = part.name in columns and not part.nested
            nodes.append(Column(part.name) if is_known else _UNKNOWN)
        elif isinstance(part, Literal):
            nodes.append(part)
        else:
            first = len(nodes) - part.arguments
            arguments = nodes[first:]
            del nodes[first:]
            nodes.append(_judge(part, arguments))
    (node,) = nodes
    return node


def _columns(schema: pa.Schema) -> frozenset[str]:
    """The columns of `schema` that bounds are about."""

    def is_right(field: pa.Field) -> bool:
        if field.name in ("run", "tag"):
            return _is_name(field.type)
        expected = {"step": pa.int64(), "wall_time": pa.float64()}.get(field.name)
        return expected is not None and field.type == expected and not field.nullable

    return frozenset(field.name for field in schema if is_right(field))


def _is_name(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _judge(call: Call, arguments: list[Node]) -> Node:
    """What `call` says of its arguments."""
    function = call.function.removesuffix("_kleene")
    if function in _LOGIC and len(arguments) == _LOGIC[function][0]:
        return _LOGIC[function][1](*map(_judged, arguments))
    match arguments:
        case [Column() as column, Literal(value=literal)] if function in _MIRRORED:
            return _compared(function, column, literal)
        case [Literal(value=literal), Column() as column] if function in _MIRRORED:
            return _compared(_MIRRORED[function], column, literal)
        case [Column() as column] if function == "is_in" and call.options is not None:
            return _listed(column, call.options["value_set"])
        case [Column() as column] if function in ("is_valid", "is_null"):
            return _null(column, function == "is_null")
        case [Column() as column] if function == "starts_with" and call.options is not None:
            return _begins(column, call.options)
        case [Column() as column] if function == "cast" and call.options is not None:
            return _cast(column, call.options.type.field("to_type").type)
    return _UNKNOWN


def _judged(node: Node) -> Judged:
    """`node` as a condition."""
    if isinstance(node, Judged):
        return node
    if isinstance(node, Literal) and pa.types.is_boolean(node.value.type):
        value = node.value.as_py()
        return Judged(
            EVERYWHERE if value is True else NOWHERE, EVERYWHERE if value is False else NOWHERE
        )
    return _UNKNOWN


def _and(left: Judged, right: Judged) -> Judged:
    return Judged(left.true & right.true, left.false | right.false)


def _or(left: Judged, right: Judged) -> Judged:
    return Judged(left.true | right.true, left.false & right.false)


def _not(one: Judged) -> Judged:
    return Judged(one.false, one.true)


def _if_else(test: Judged, then: Judged, otherwise: Judged) -> Judged:
    return Judged(
        (test.true & then.true) | (test.false & otherwise.true),
        (test.true & then.false) | (test.false & otherwise.false),
    )


_LOGIC: dict[str, tuple[int, Callable[..., Judged]]] = {
    "and": (2, _and),
    "or": (2, _or),
    "invert": (1, _not),
    "if_else": (3, _if_else),
}

#: The comparisons, and what they are from the other side.
_MIRRORED = {
    "equal": "equal",
    "not_equal": "not_equal",
    "less": "greater",
    "less_equal": "greater_equal",
    "greater": "less",
    "greater_equal": "less_equal",
}
#: Comparisons that are others turned around.
_OPPOSITE = {"not_equal": "equal", "greater_equal": "less", "greater": "less_equal"}


def _compared(function: str, column: Column, literal: pa.Scalar) -> Judged:
    """`column`, compared with `literal`."""
    value = literal.as_py()
    if column.name in ("run", "tag"):
        return _compared_name(function, column.name, value)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or math.isnan(value):
        return _UNKNOWN
    if column.name == "wall_time":
        return _compared_time(function, value)
    if function in _OPPOSITE:
        return _not(_compared_step(_OPPOSITE[function], column, literal))
    return _compared_step(function, column, literal)


def _compared_name(function: str, name: str, value: object) -> Judged:
    if not isinstance(value, str):
        return _UNKNOWN
    found = {
        "equal": Names.of([value]),
        "not_equal": ~Names.of([value, None]),
        "less": Names.between("", value),
        "less_equal": Names.between("", after(value)),
        "greater": Names.between(after(value), None),
        "greater_equal": Names.between(value, None),
    }[function]
    return _of_names(name, found)


def _of_names(name: str, found: Names) -> Judged:
    """That the column `name` holds one of `found`, among which is no null."""
    return Judged(_named(name, found), _named(name, ~found & _NOT_NULL))


def _begins(column: Column, options: pa.Scalar) -> Judged:
    """`column` begins with a text."""
    text, any_case = options["pattern"].as_py(), options["ignore_case"].as_py()
    if column.name not in ("run", "tag") or any_case:
        return _UNKNOWN
    text = text.decode() if isinstance(text, bytes) else text
    return _of_names(column.name, Names.between(text, _behind(text)))


def _behind(text: str) -> str | None:
    """The first of the names which follow all that begin with `text`."""
    text = text.rstrip(chr(sys.maxunicode))
    if not text:
        return None
    last = ord(text[-1]) + 1
    return text[:-1] + chr(0xE000 if last == 0xD800 else last)  # those between are no characters


def _compared_step(function: str, column: Column, literal: pa.Scalar) -> Judged:
    """Steps below, up to, or at a number; what rounding to floating point blurs is within."""
    below, value, above = _neighbours(literal, column.rounded)
    if function == "equal":
        near = _steps(_after(below), _before(above))
        is_exact = not column.rounded and math.isfinite(value)
        same = _steps(math.ceil(value), math.floor(value)) if is_exact else Steps(())
        return Judged(Bounds(steps=near), Bounds(steps=~same))
    if function == "less" and not column.rounded:
        return Judged(
            Bounds(steps=_steps(LEAST, _before(value))), Bounds(steps=_steps(_after(below), MOST))
        )
    if column.rounded:
        return Judged(
            Bounds(steps=_steps(LEAST, _before(above) + 1)),
            Bounds(steps=_steps(_after(below) - 1, MOST)),
        )
    return Judged(
        Bounds(steps=_steps(LEAST, _before(above))), Bounds(steps=_steps(_after(value), MOST))
    )


def _neighbours(literal: pa.Scalar, rounded: bool) -> tuple[Any, Any, Any]:
    """`literal`, and numbers below and above it which no step that equals it once cast reaches."""
    value = literal.as_py()
    kind: Any = {pa.float16(): np.float16, pa.float32(): np.float32, pa.float64(): np.float64}.get(
        literal.type
    )
    if rounded:
        kind = np.float32
    if kind is None:
        return value - 1, value, value + 1
    with np.errstate(over="ignore"):
        near = kind(value)
        return (
            float(np.nextafter(near, kind(-math.inf))),
            value,
            float(np.nextafter(near, kind(math.inf))),
        )


def _before(number: Any) -> int:
    """The last step before `number`."""
    return math.ceil(number) - 1 if math.isfinite(number) else (MOST if number > 0 else LEAST - 1)


def _after(number: Any) -> int:
    """The first step after `number`."""
    return math.floor(number) + 1 if math.isfinite(number) else (LEAST if number < 0 else MOST + 1)


def _steps(low: int, high: int) -> Steps:
    return Steps.of([(low, high)])


def _compared_time(function: str, value: float | Decimal) -> Judged:
    """Wall times around a number. A comparison with NaN is false, its negation true."""
    if isinstance(value, Decimal) or (isinstance(value, int) and abs(value) > 2**53):
        return _UNKNOWN  # how Arrow rounds it is not known here
    at = float(value)
    low, high = {
        "equal": (at, at),
        "less": (-math.inf, at),
        "less_equal": (-math.inf, at),
        "greater": (at, math.inf),
        "greater_equal": (at, math.inf),
    }.get(function, (-math.inf, math.inf))
    return Judged(Bounds(times=Times(low, high, nan=function == "not_equal")), EVERYWHERE)


def _named(name: str, names: Names) -> Bounds:
    return Bounds(runs=names) if name == "run" else Bounds(tags=names)


def _listed(column: Column, given: pa.Scalar) -> Judged:
    """`column`, looked for in a list."""
    values = given.as_py() or []
    if column.name in ("run", "tag"):
        if not all(value is None or isinstance(value, str) for value in values):
            return _UNKNOWN
        found = Names.of(values)
        return Judged(_named(column.name, found), _named(column.name, ~Names(found.boundaries)))
    if column.rounded or not all(_is_number(value) for value in values):
        return _UNKNOWN
    kind = given.type.value_type
    if column.name == "wall_time":
        low, high = min(values, default=math.inf), max(values, default=-math.inf)
        return Judged(Bounds(times=Times(low, high))) if kind == pa.float64() else _UNKNOWN
    whole = Steps.of((int(value), int(value)) for value in values if value == int(value))
    if pa.types.is_integer(kind):
        return Judged(Bounds(steps=whole), Bounds(steps=~whole))
    # Whichever side Arrow casts, it casts such small numbers without rounding them.
    return Judged(Bounds(steps=whole)) if all(abs(v) < 2**11 for v in values) else _UNKNOWN


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and not isinstance(value, bool)


def _null(column: Column, is_null: bool) -> Judged:
    """`column` tested for nulls."""
    if column.name == "wall_time":
        return _UNKNOWN  # there are options by which NaN is null
    null = Names.of([None])
    test = Judged(_named(column.name, null), _named(column.name, ~null))
    if column.name == "step":
        test = Judged(NOWHERE, EVERYWHERE)
    return test if is_null else _not(test)


def _cast(column: Column, to: pa.DataType) -> Node:
    """`column`, cast."""
    if column.name in ("run", "tag") and _is_name(to):
        return column
    if column.name == "step" and to == pa.int64():
        return column
    if column.name == "step" and to in (pa.float32(), pa.float64()):
        return Column("step", rounded=True)
    return _UNKNOWN
