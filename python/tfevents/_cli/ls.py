"""Lists runs, and in each the tags: kind, points, last step, last value of scalars.

`shown` is how many of the points a reader that samples shows, as TensorBoard does by default.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tfevents._cli import reading, text

if TYPE_CHECKING:
    from tfevents._cli.reading import Reading

SUMMARY = "runs, tags, points, last values"
EXAMPLES = """\
examples:
  tfevents ls runs
  tfevents ls runs --tags 'loss*' --flat
  tfevents ls runs --json | jq '.[] | select(.kind == "scalars") | .last_value'
"""

#: Points a tag that TensorBoard's data ingester keeps by default, and of kinds not named here.
_SAMPLED, _SAMPLED_OTHERWISE = {"scalars": 1000, "histograms": 500, "pr_curves": 100}, 10

_HEAD = ("tag", "kind", "points", "shown", "last step", "last value")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `ls` takes."""
    reading.add_arguments(parser)
    parser.add_argument("--flat", action="store_true", help="a line a series, with its run")
    reading.add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Lists the series."""
    with reading.reading(options) as found:
        rows = list(_rows(found))
        if options.json:
            text.as_json(rows)
        elif options.flat:
            text.table(("run", *_HEAD), ((row["run"], *_cells(row)) for row in rows))
        else:
            text.table(("run, tag", *_HEAD[1:]), _tree(rows))
        return found.code()


def _rows(found: Reading) -> Iterator[dict[str, Any]]:
    from tfevents._cli.last import last_values

    listed = found.logs.series(**found.filters).to_arrow().to_pylist()
    last: dict[tuple[str, str], float] = {}
    if any(series["kind"] == "scalars" for series in listed):
        scalars = found.logs.scalars(**found.filters, columns=["run", "tag", "value"])
        last = last_values(scalars)
    for series in listed:
        kind, count = series["kind"] or "", series["count"]
        yield {
            "run": series["run"],
            "tag": series["tag"],
            "kind": kind,
            "points": count,
            "shown": min(count, _SAMPLED.get(kind, _SAMPLED_OTHERWISE)),
            "first_step": series["first_step"],
            "last_step": series["last_step"],
            "first_wall_time": series["first_wall_time"],
            "last_wall_time": series["last_wall_time"],
            "last_value": last.get((series["run"], series["tag"])) if kind == "scalars" else None,
        }


def _cells(row: dict[str, Any]) -> tuple[object, ...]:
    return tuple(row[name.replace(" ", "_")] for name in _HEAD)


def _tree(rows: list[dict[str, Any]]) -> Iterator[tuple[object, ...]]:
    """A line a run, and below it one for each of its series."""
    for run, of_run in itertools.groupby(rows, key=lambda row: row["run"]):
        yield run or ".", "", *[None] * (len(_HEAD) - 2)
        for row in of_run:
            tag, *cells = _cells(row)
            yield f"  {tag}", *cells
