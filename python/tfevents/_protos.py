"""Messages of any protobuf library, as bytes."""

from __future__ import annotations

import struct
from typing import Any

from tfevents._checks import named, shown


def serialized(message: Any, name: str) -> bytes:
    """The bytes of ``message``, or ``message`` if it is bytes.

    Raises:
        TypeError: If it is neither.
    """
    if isinstance(message, bytes):
        return message
    if isinstance(message, bytearray | memoryview):
        return bytes(message)
    if hasattr(message, "SerializeToString"):
        return bytes(message.SerializeToString())
    text = f"{named(name)} must be a protobuf message or its bytes, not {shown(message)}"
    raise TypeError(text)


def event_at(event: Any, step: int | None, wall_time: float) -> bytes:
    """The bytes of ``event`` with another wall time and, unless it is None, another step."""
    if hasattr(event, "CopyFrom") and hasattr(event, "wall_time"):
        moved = type(event)()
        moved.CopyFrom(event)
        moved.wall_time = wall_time
        if step is not None:
            moved.step = step
        return bytes(moved.SerializeToString())
    # Of fields that occur twice the last counts.
    return serialized(event, "event") + _header(step, wall_time)


def summary_event(summary: Any, step: int | None, wall_time: float) -> bytes:
    """The bytes of an event that holds ``summary``."""
    body = serialized(summary, "summary")
    return _header(step, wall_time) + b"\x2a" + varint(len(body)) + body


def _header(step: int | None, wall_time: float) -> bytes:
    header = b"\x09" + struct.pack("<d", wall_time)
    return header if step is None else header + b"\x10" + varint(step)


def varint(value: int) -> bytes:
    """``value`` in base 128, as a 64-bit integer."""
    value &= 2**64 - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
