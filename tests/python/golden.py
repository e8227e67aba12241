"""Golden files, read with TensorBoard's own messages."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event

GOLDEN = Path(__file__).parents[1] / "data" / "golden"


def events(path: Path) -> list[Event]:
    """All events of a file."""
    data, at, found = path.read_bytes(), 0, []
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        found.append(Event.FromString(data[at + 12 : at + 12 + length]))
        at += length + 16
    return found


def run(directory: Path) -> list[Event]:
    """All events of the files of one run, without those of runs below it."""
    files = [path for path in directory.iterdir() if "tfevents" in path.name]
    # A writer of one second and process is the 9th, then the 10th.
    files.sort(key=lambda path: [int(n) for n in re.findall(r"\d+", path.name)])
    assert files, f"no event files in {directory}"
    return [event for path in files for event in events(path)]


def by_tag(found: list[Event]) -> dict[str, list[tuple[int, Any]]]:
    """Step and value of every value, by tag."""
    tags: dict[str, list[tuple[int, Any]]] = {}
    for event in found:
        for value in event.summary.value:
            tags.setdefault(value.tag, []).append((event.step, value))
    return tags
