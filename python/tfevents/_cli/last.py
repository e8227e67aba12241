"""The last rows of each series, from a pass over a scan in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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


def _by_series(batch: pa.RecordBatch) -> Iterator[tuple[tuple[str, str], NDArray[np.int64]]]:
    """Each series of a batch and its rows, by number."""
    names = [batch.column(name) for name in ("run", "tag")]
    runs, tags = (np.asarray(column.indices).astype(np.int64) for column in names)
    words = [column.dictionary.to_pylist() for column in names]
    series = runs * (len(words[1]) + 1) + tags
    order = np.argsort(series, kind="stable")
    _, first = np.unique(series[order], return_index=True)
    found = np.split(order, first[1:]) if len(order) else []
    for rows in sorted(found, key=lambda rows: int(rows[0])):
        yield (words[0][runs[rows[0]]], words[1][tags[rows[0]]]), rows
