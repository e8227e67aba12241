"""Shows the last values of each series: numbers, histograms as bars, text as text.

Images and audio are described; `tfevents extract` writes them to files.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tfevents._cli import reading, text, values

if TYPE_CHECKING:
    import pyarrow as pa

    from tfevents._cli.reading import Reading

SUMMARY = "the last values of each series, or all"
EXAMPLES = """\
examples:
  tfevents show runs --tags loss
  tfevents show runs/train --tags 'weights*' -n 1
  tfevents show runs --tags loss --all --json
"""

_LAST = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `show` takes."""
    reading.add_arguments(parser)
    many = parser.add_mutually_exclusive_group()
    many.add_argument(
        "-n",
        type=reading.count(1),
        default=_LAST,
        metavar="N",
        help="so many (default: %(default)s)",
    )
    many.add_argument("--all", action="store_true", help="all values")
    reading.add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Shows the values."""
    with reading.reading(options) as found:
        if options.json:
            rows = _series(found, options)
            text.as_json(
                {"kind": kind, **row} for kind, *_, table in rows for row in table.to_pylist()
            )
        else:
            for number, (kind, run, tag, table) in enumerate(_series(found, options)):
                if number:
                    print()
                print(f"{text.printable(run) or '.'}: {text.printable(tag)} ({kind})")
                _values(kind, table)
        return found.code()


def _series(
    found: Reading, options: argparse.Namespace
) -> Iterator[tuple[str, str, str, pa.Table]]:
    from tfevents._cli.last import last_rows

    count = 2**62 if options.all else options.n
    kinds = found.logs.series(**found.filters, columns=["kind"]).to_arrow()["kind"].unique()
    for kind in filter(None, kinds.to_pylist()):
        if kind == "hparams":
            continue  # no rows of events: sessions, which belong together
        scan = getattr(found.logs, kind)(**found.filters)
        for run, tag, table in last_rows(scan, count):
            yield kind, run, tag, table


def _values(kind: str, table: pa.Table) -> None:
    for row in table.to_pylist():
        print(f"  {row['step']:>10,}  {text.time(row['wall_time'])}  {values.brief(kind, row)}")
        for line in values.lines(kind, row):
            print(f"    {line}")
