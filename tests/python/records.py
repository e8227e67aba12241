"""TFRecords and events as TensorBoard's own code reads them: the oracle of the writer's tests."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c


def read_records(path: Path, checked: int = 200) -> tuple[list[bytes], int]:
    """The payloads of a file, and how many bytes stand behind the last whole record.

    The checksums are computed in Python, so only some of a long file's are: its first and last.
    """
    data = path.read_bytes()
    payloads, at = [], 0
    while at + 16 <= len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        if at + 16 + length > len(data):
            break
        payloads.append(data[at + 12 : at + 12 + length])
        at += 16 + length
    starts, position = [], 0
    for payload in payloads:
        starts.append(position)
        position += 16 + len(payload)
    some = {*range(min(checked, len(payloads)))}
    some.update(range(max(0, len(payloads) - checked), len(payloads)))
    for index in sorted(some):
        start, payload = starts[index], payloads[index]
        header, footer = data[start : start + 12], data[start + 12 + len(payload) :][:4]
        assert struct.unpack("<I", header[8:])[0] == masked_crc32c(header[:8])
        assert struct.unpack("<I", footer)[0] == masked_crc32c(payload)
    return payloads, len(data) - at


def read_events(path: Path) -> list[Event]:
    """The events of a whole file."""
    payloads, rest = read_records(path)
    assert rest == 0, f"{rest} bytes behind the last whole record"
    return [Event.FromString(payload) for payload in payloads]


def run_events(directory: Path) -> list[Event]:
    """The events of all files of a directory, version events left out."""
    found = [event for path in sorted(directory.iterdir()) for event in read_events(path)]
    return [event for event in found if not event.file_version]


def scalars(payloads: Iterable[bytes], tag: str) -> Iterator[tuple[int, float]]:
    """Step and value of the plain scalars of ``tag``."""
    for payload in payloads:
        event = Event.FromString(payload)
        for value in event.summary.value:
            assert value.tag == tag
            yield event.step, value.simple_value
