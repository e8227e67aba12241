"""A GIF decoder that does what the specification says, one bit after the other."""

from __future__ import annotations

import struct

import numpy as np


def frames(data: bytes) -> list[np.ndarray]:
    """Every frame of a GIF whose frames are as large as the screen, as RGB."""
    assert data[:6] == b"GIF89a"
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    at = 13
    table = None
    if flags & 128:
        table, at = _table(data, at, flags)
    found = []
    while data[at] != 0x3B:
        if data[at] == 0x21:
            _, at = _blocks(data, at + 2)
            continue
        assert data[at] == 0x2C
        left, top, across, down, flags = struct.unpack_from("<HHHHB", data, at + 1)
        assert (left, top, across, down) == (0, 0, width, height)
        assert not flags & 64, "interlaced"
        at += 10
        local = table
        if flags & 128:
            local, at = _table(data, at, flags)
        assert local is not None
        bits = data[at]
        packed, at = _blocks(data, at + 1)
        indices = _unpacked(packed, bits)
        assert len(indices) == width * height
        found.append(local[np.array(indices)].reshape(height, width, 3))
    assert at == len(data) - 1
    return found


def _table(data: bytes, at: int, flags: int) -> tuple[np.ndarray, int]:
    size = 2 << (flags & 7)
    return np.frombuffer(data, np.uint8, size * 3, at).reshape(size, 3), at + size * 3


def _blocks(data: bytes, at: int) -> tuple[bytes, int]:
    """The contents of a chain of blocks, and where it ends."""
    found = b""
    while size := data[at]:
        found += data[at + 1 : at + 1 + size]
        at += 1 + size
    return found, at + 1


def _unpacked(packed: bytes, bits: int) -> list[int]:
    """LZW with codes of growing width, the least significant bit first."""
    clear, end = 1 << bits, (1 << bits) + 1
    stream, place, width = int.from_bytes(packed, "little"), 0, bits + 1
    table: list[list[int]] = []
    out: list[int] = []
    before: list[int] = []
    while True:
        code = stream >> place & (1 << width) - 1
        place += width
        if code == clear:
            table = [[index] for index in range(clear)] + [[], []]
            width, before = bits + 1, []
            continue
        if code == end:
            return out
        entry = table[code] if code < len(table) else [*before, before[0]]
        out += entry
        if before and len(table) < 4096:
            table.append([*before, entry[0]])
            if len(table) == 1 << width and width < 12:
                width += 1
        before = entry
