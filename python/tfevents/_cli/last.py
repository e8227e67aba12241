"""The last rows or values of each series, from a pass over a scan in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray


def last_rows(batches: Iterable[pa.RecordBatch], count: int) -> Iterator[tuple[str, str, pa.Table]]:
    """Run, tag and the last `count` rows of each series, in the order of their first rows."""
    kept: dict[tuple[str, str], list[pa.RecordBatch]] = {}
    for batch in batches:
        for name, rows in _by_series(batch):
            of_series = kept.setdefault(name, [])
            of_series.append(batch.take(pa.array(rows[-count:])))
            while len(of_series) > 1 and sum(map(len, of_series[1:])) >= count:
                del of_series[0]
    for (run, tag), of_series in kept.items():
        table = pa.Table.from_batches(of_series)
        yield run, tag, table.slice(max(table.num_rows - count, 0))


def last_values(batches: Iterable[pa.RecordBatch]) -> dict[tuple[str, str], float]:
    """The last value of each series of scalars, by run and tag."""
    found: dict[tuple[str, str], float] = {}
    for batch in batches:
        series, names = _series(batch)
        _, behind = np.unique(series[::-1], return_index=True)
        rows = len(series) - 1 - behind
        values = batch.column("value").to_numpy()[rows].tolist()
        found.update(zip(map(names, rows.tolist()), values, strict=True))
    return found


def _by_series(batch: pa.RecordBatch) -> Iterator[tuple[tuple[str, str], NDArray[np.int64]]]:
    """Each series of a batch and its rows, by number."""
    series, name = _series(batch)
    order = np.argsort(series, kind="stable")
    _, first = np.unique(series[order], return_index=True)
    found = np.split(order, first[1:]) if len(order) else []
    for rows in sorted(found, key=lambda rows: int(rows[0])):
        yield name(int(rows[0])), rows


def _series(batch: pa.RecordBatch) -> tuple[NDArray[np.int64], Callable[[int], tuple[str, str]]]:
    """A number for the series of each row, and what gives the run and tag of a row."""
    columns = [batch.column(name) for name in ("run", "tag")]
    runs, tags = (np.asarray(column.indices).astype(np.int64) for column in columns)
    run_names, tag_names = (column.dictionary.to_pylist() for column in columns)
    series = runs * (len(tag_names) + 1) + tags
    return series, lambda row: (run_names[runs[row]], tag_names[tags[row]])
