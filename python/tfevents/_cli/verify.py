"""Verifies every checksum and every message, and lists the damage. Exit code 1 if there is any.

An unfinished record at the end of a file that is being written is no damage.
"""

from __future__ import annotations

import argparse

from tfevents._cli import reading, text

SUMMARY = "every checksum and message; a table of damage"
EXAMPLES = """\
examples:
  tfevents verify runs
  tfevents verify 'runs/2026-*' --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `verify` takes."""
    reading.add_arguments(parser, filters=False)
    reading.add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Verifies the log."""
    with reading.reading(options) as found:
        damage = found.logs.damage().to_arrow().to_pylist()
        if options.json:
            text.as_json(damage)
            return found.code(1 if damage else 0)
        files = found.logs.files(columns=["size", "records"]).to_arrow()
        size, records = (sum(files[name].to_pylist()) for name in ("size", "records"))
        if damage:
            head = ("path", "offset", "length", "reason")
            text.table(head, ([row[name] for name in head] for row in damage))
            print()
        checked = f"{text.counted(files.num_rows, 'file')}, {text.counted(records, 'record')}"
        places = text.counted(len(damage), "damaged place") if damage else "no damage"
        print(f"{checked}, {text.size(size)}: {places}")
        return found.code(1 if damage else 0)
