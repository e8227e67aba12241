"""Tables for notebooks."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from tfevents._columns import is_list

#: Characters of a cell.
_LONGEST = 80


def table(head: Sequence[str], body: Iterable[Sequence[object]], caption: str = "") -> str:
    """A table; the first cell of each row names it."""
    top = "".join(f"<th>{_text(name)}</th>" for name in head)
    rows = "".join(
        f"<tr><th>{_text(first)}</th>{''.join(f'<td>{_text(cell)}</td>' for cell in cells)}</tr>"
        for first, *cells in body
    )
    said = f"<caption>{_text(caption)}</caption>" if caption else ""
    return f"<table>{said}<tr>{top}</tr>{rows}</table>"


def rows(first: pa.Table, most: int) -> str:
    """The first `most` of these rows; whether there are more is said."""
    shown = first.slice(0, most)
    columns = [_cells(column) for column in shown.columns]
    numbered = ([n, *cells] for n, cells in enumerate(zip(*columns, strict=True)))
    caption = f"the first {most} rows" if first.num_rows > most else ""
    return table(["", *shown.column_names], numbered, caption)


def _cells(column: pa.ChunkedArray) -> list[object]:
    """The values; of bytes and lists their lengths."""
    kind = column.type
    if pa.types.is_large_binary(kind) or pa.types.is_binary(kind):
        return [n if n is None else f"{n} bytes" for n in pc.binary_length(column).to_pylist()]
    if is_list(kind):
        lengths = pc.list_value_length(column).to_pylist()
        return [n if n is None else f"{n} values" for n in lengths]
    if isinstance(kind, pa.BaseExtensionType):
        return [str(kind)] * len(column)
    values: list[object] = column.to_pylist()
    return values


def _text(value: object) -> str:
    text = "" if value is None else str(value)
    return html.escape(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")
