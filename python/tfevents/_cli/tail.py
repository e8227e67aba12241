"""Prints the latest values of all series; with -f also those that come, as they are written."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from tfevents._cli import reading, text, values

if TYPE_CHECKING:
    import pyarrow as pa

    from tfevents import Follower
    from tfevents._cli.reading import Reading

    Item: TypeAlias = tuple[str, pa.RecordBatch]

SUMMARY = "the latest values, and those to come"
EXAMPLES = """\
examples:
  tfevents tail -f runs
  tfevents tail -f runs --tags 'loss*' --json
  tfevents tail -n 100 runs --kinds images,audio
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `tail` takes."""
    reading.add_arguments(parser)
    parser.add_argument("-f", "--follow", action="store_true", help="wait for more, until Ctrl-C")
    parser.add_argument(
        "-n",
        type=reading.count(0),
        default=10,
        metavar="N",
        help="so many to begin with (default: %(default)s)",
    )
    parser.add_argument(
        "--kinds",
        type=_kinds,
        default=["scalars", "text"],
        metavar="KIND,KIND",
        help="only these (default: scalars,text)",
    )
    parser.add_argument("--json", action="store_true", help="a line of JSON for each value")


def run(options: argparse.Namespace) -> int:
    """Prints values until there are no more, or for ever."""
    with reading.reading(options, missing_ok=options.follow) as found:
        if not options.follow:
            _print(_latest(_there(found, options), options.n), as_json=options.json)
            return found.code()
        with _follow(found, options, None, timeout=0.0) as follower:
            _print(_latest(follower, options.n), as_json=options.json)
            cursor = follower.cursor
        with _follow(found, options, cursor, timeout=None) as follower:
            for item in follower:
                _print([item], as_json=options.json)
                found.say()
        return found.code()


def _kinds(given: str) -> list[str]:
    from tfevents._follow import KINDS

    kinds = given.split(",")
    if not set(kinds) <= set(KINDS):
        raise argparse.ArgumentTypeError(f"must be some of {', '.join(KINDS)}, not {given!r}")
    return kinds


def _there(found: Reading, options: argparse.Namespace) -> Iterator[Item]:
    """The rows that are there, of one kind after the other."""
    for kind in options.kinds:
        for batch in getattr(found.logs, kind)(**found.filters):
            yield kind, batch


def _follow(
    found: Reading, options: argparse.Namespace, cursor: str | None, timeout: float | None
) -> Follower[Item]:
    return found.logs.follow(cursor, timeout=timeout, kinds=options.kinds, **found.filters)


def _latest(items: Iterable[Item], count: int) -> list[Item]:
    """The `count` rows with the latest wall times, a row a batch."""
    import numpy as np

    latest: list[tuple[float, str, pa.RecordBatch]] = []
    for kind, batch in items:
        times = batch.column("wall_time").to_numpy()
        rows = np.argsort(times, kind="stable")[len(times) - min(count, len(times)) :]
        latest += [(float(times[row]), kind, batch.slice(row, 1)) for row in rows]
        latest.sort(key=lambda row: row[0])
        del latest[: max(len(latest) - count, 0)]
    return [(kind, batch) for _, kind, batch in latest]


def _print(items: Iterable[Item], *, as_json: bool) -> None:
    for kind, batch in items:
        for row in batch.to_pylist():
            if as_json:
                text.as_json_line({"kind": kind, **row})
                continue
            name = f"{text.printable(row['run']) or '.'}: {text.printable(row['tag'])}"
            time = text.time(row["wall_time"])
            print(f"{time}  {name}  step {row['step']:,}  {values.brief(kind, row)}")
    sys.stdout.flush()
