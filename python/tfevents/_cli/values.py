"""One value of any kind in a few words, and whole values as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tfevents._cli import text

_BAR, _BUCKETS = 40, 16


def brief(kind: str, row: Mapping[str, Any]) -> str:
    """A row of a reader, in one line."""
    return text.printable(_BRIEF.get(kind, _columns)(row))


def lines(kind: str, row: Mapping[str, Any]) -> Iterator[str]:
    """More of a row, below its line: bars of a histogram, all of a text."""
    if kind == "histograms":
        yield from _bars(row["buckets"])
    elif kind == "text":
        for cell in row["text"] or ():
            yield from map(text.printable, cell.splitlines())


def _scalar(row: Mapping[str, Any]) -> str:
    return f"{row['value']:.6g}"


def _histogram(row: Mapping[str, Any]) -> str:
    buckets = row["buckets"] or ()
    if not buckets:
        return "empty"
    total = sum(bucket["count"] for bucket in buckets)
    return f"{total:.6g} values from {buckets[0]['left']:.6g} to {buckets[-1]['right']:.6g}"


def _image(row: Mapping[str, Any]) -> str:
    return f"{row['format']} {row['width']}x{row['height']}, {_length(row)}"


def _audio(row: Mapping[str, Any]) -> str:
    return f"{row['format']} {row['sample_rate'] or 0:g} Hz, {row['frames']} frames, {_length(row)}"


def _text(row: Mapping[str, Any]) -> str:
    cells = row["text"] or ()
    first = cells[0].partition("\n")[0] if cells else ""
    return first if len(first) <= 60 else first[:59] + "…"


def _columns(row: Mapping[str, Any]) -> str:
    """What is known without a form of its own: short columns as they are, long ones by length."""
    keys = ("run", "tag", "step", "wall_time")
    return ", ".join(f"{k} {_short(v)}" for k, v in row.items() if k not in keys and v is not None)


def _short(value: object) -> str:
    if isinstance(value, bytes):
        return text.size(len(value))
    if isinstance(value, list) and len(value) > 8:
        return f"of {len(value)}"
    said = str(value)
    return said if len(said) <= 60 else said[:59] + "…"


def _length(row: Mapping[str, Any]) -> str:
    return text.size(len(row["data"] or b""))


_BRIEF: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "scalars": _scalar,
    "histograms": _histogram,
    "images": _image,
    "audio": _audio,
    "text": _text,
}


def _bars(buckets: list[dict[str, float]] | None) -> Iterator[str]:
    """A bar for each of at most so many groups of neighbouring buckets."""
    if not buckets:
        return
    width = -(-len(buckets) // _BUCKETS)
    groups = [buckets[at : at + width] for at in range(0, len(buckets), width)]
    counts = [sum(bucket["count"] for bucket in group) for group in groups]
    most = max(counts) or 1
    for group, count in zip(groups, counts, strict=True):
        bar = "█" * round(_BAR * count / most) if count > 0 else ""
        yield f"{group[0]['left']:>12.5g} … {group[-1]['right']:<12.5g} {bar} {count:g}"
