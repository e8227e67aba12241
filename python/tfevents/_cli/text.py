"""Tables, numbers and JSON for people and for machines."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def printable(text: str) -> str:
    """The text with control characters escaped: names in event files may hold any."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Prints rows below one another; numbers to the right."""
    body = [[_cell(cell) for cell in row] for row in rows]
    right = [
        bool(body) and all(is_right or not text for text, is_right in column)
        for column in zip(*body, strict=True)
    ]
    lines = [list(head), *([text for text, _ in row] for row in body)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(
                line, widths, right or [False] * len(head), strict=True
            )
        )
        print("  ".join(cells).rstrip())


def _cell(value: object) -> tuple[str, bool]:
    """Its text, and whether it is a number."""
    match value:
        case None:
            return "", True
        case bool() | str():
            return printable(str(value)), False
        case int():
            return f"{value:,}", True
        case float():
            return f"{value:.6g}", True
    return printable(str(value)), False


def size(count: float) -> str:
    """Bytes as people write them."""
    unit = 0
    while count >= 1000 and unit < len(_UNITS) - 1:
        count, unit = count / 1000, unit + 1
    return f"{count:.0f} B" if unit == 0 else f"{count:.3g} {_UNITS[unit]}"


def time(seconds: float) -> str:
    """A wall time in the local time zone."""
    try:
        return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return str(seconds)


def counted(count: int, noun: str) -> str:
    """A number and its noun."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def as_json(rows: Iterable[Mapping[str, object]]) -> None:
    """Prints a list of objects; numbers that JSON lacks as Protobuf's JSON has them."""
    first = True
    print("[", end="")
    for row in rows:
        print("\n  " if first else ",\n  ", end="")
        as_json_line(row, end="")
        first = False
    print("]" if first else "\n]")


def as_json_line(row: Mapping[str, object], end: str = "\n") -> None:
    """Prints an object in one line."""
    sys.stdout.write(json.dumps({key: _json(value) for key, value in row.items()}) + end)


def _json(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, Mapping):
        return {key: _json(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_json(inner) for inner in value]
    return value
