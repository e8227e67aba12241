"""Says what makes a log big: bytes and records by kind, tag and file.

The bytes of a record with several values are shared equally among them.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from tfevents._cli import reading, text

if TYPE_CHECKING:
    import pyarrow as pa

    from tfevents._cli.reading import Reading

SUMMARY = "bytes and records by kind, tag and file"
EXAMPLES = """\
examples:
  tfevents stats runs
  tfevents stats runs --top 30
  tfevents stats runs --runs train --json
"""

_COLUMNS = ["run", "file", "offset", "length", "what", "tag", "kind"]
_KEYS = {"kinds": ["kind"], "tags": ["run", "tag", "kind"], "files": ["run", "file"]}
_SUMS = ("values", "records", "bytes")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `stats` takes."""
    reading.add_arguments(parser)
    parser.add_argument(
        "--top",
        type=reading.count(1),
        default=10,
        metavar="N",
        help="so many tags and files, the largest first (default: %(default)s)",
    )
    reading.add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Prints what takes up the bytes."""
    with reading.reading(options) as found:
        summed = _summed(found)
        whole = sum(summed["bytes"].to_pylist()) or 1
        tables = {name: _rows(summed, keys, whole) for name, keys in _KEYS.items()}
        if options.json:
            text.as_json({"by": name, **row} for name, rows in tables.items() for row in rows)
            return found.code()
        for number, (name, rows) in enumerate(tables.items()):
            if number:
                print()
            _print(name, rows, None if name == "kinds" else options.top)
        return found.code()


def _summed(found: Reading) -> pa.Table:
    """Values, records and their bytes by run, file, tag and kind; a batch at a time."""
    import pyarrow as pa

    scan = found.logs.events(**found.filters, columns=_COLUMNS)
    parts = [_of_batch(pa.table(batch)) for batch in scan]
    return pa.concat_tables(parts) if parts else _of_batch(scan.schema.empty_table())


def _of_batch(rows: pa.Table) -> pa.Table:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = rows.combine_chunks()
    files = rows["file"].cast(pa.string()).dictionary_encode().combine_chunks()
    file, offset = files.indices.to_numpy(), rows["offset"].to_numpy()
    # Rows of a record stand together.
    begins = np.ones(rows.num_rows, bool)
    begins[1:] = (file[1:] != file[:-1]) | (offset[1:] != offset[:-1])
    record = np.cumsum(begins) - 1
    shared = rows["length"].to_numpy() / np.bincount(record)[record] if len(record) else []
    names = {name: rows[name].cast(pa.string()) for name in ("run", "file", "tag")}
    kind = pc.coalesce(rows["kind"].cast(pa.string()), rows["what"].cast(pa.string()))
    counted = {
        "values": np.ones(rows.num_rows, np.int64),
        "records": begins.astype(np.int64),
        "bytes": np.asarray(shared, np.float64),
    }
    return _by(pa.table({**names, "kind": kind, **counted}), ["run", "file", "tag", "kind"])


def _by(table: pa.Table, keys: list[str]) -> pa.Table:
    """The sums by these columns, the most bytes first."""
    sums = [(name, "sum") for name in _SUMS]
    grouped = table.group_by(keys, use_threads=False).aggregate(sums)
    grouped = grouped.rename_columns([name.removesuffix("_sum") for name in grouped.column_names])
    return grouped.select([*keys, *_SUMS]).sort_by([("bytes", "descending")])


def _rows(table: pa.Table, keys: list[str], whole: float) -> list[dict[str, Any]]:
    """As objects, with the share of all bytes."""
    rows: list[dict[str, Any]] = _by(table, keys).to_pylist()
    for row in rows:
        row["share"] = row["bytes"] / whole
        row["bytes"] = round(row["bytes"])
    return rows


def _print(name: str, rows: list[dict[str, Any]], top: int | None) -> None:
    keys = _KEYS[name]
    body = [
        (
            *(row[key] for key in keys),
            row["values"],
            row["records"],
            text.size(row["bytes"]),
            f"{row['share']:.1%}",
        )
        for row in rows[:top]
    ]
    text.table((*keys, "values", "records", "bytes", "share"), body)
    if top is not None and len(rows) > top:
        print(f"… and {text.counted(len(rows) - top, name.removesuffix('s'))} more")
