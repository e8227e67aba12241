"""Records and events of one file, one after the other."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal

from tfevents import _arguments, _native, proto

if TYPE_CHECKING:
    from tfevents.proto import Event


def records(
    path: str | os.PathLike[str],
    *,
    compression: Literal["gzip", "zlib"] | None = None,
    checksum: bool = True,
) -> Iterator[memoryview]:
    """Iterates over the payloads of a TFRecord file.

    The views point into the blocks the file was read in; nothing is copied for a record, and a
    view stays valid as long as it is kept. A record that is not finished ends the iteration.

    Args:
        path: The file.
        compression: How the whole file is compressed. Event files never are.
        checksum: Verify the CRC-32C of every payload; lengths are always verified.

    Raises:
        FileNotFoundError: There is no such file.
        DamagedFileError: A checksum does not hold; `offset` counts uncompressed bytes.
        ValueError: `compression` is none of the above.
    """
    path = _arguments.path(path, "path")
    if compression is not None:
        _arguments.choice(compression, "compression", ("gzip", "zlib"), "None, ")
    _arguments.instance(checksum, "checksum", bool, "True or False")
    return _native.Records(path, compression, checksum)


def summary_iterator(path: str | os.PathLike[str]) -> Iterator[Event]:
    """Iterates over the `Event` protos of an event file.

    Takes the place of ``tf.compat.v1.train.summary_iterator``.

    Args:
        path: The event file.

    Raises:
        FileNotFoundError: There is no such file.
        DamagedFileError: A checksum does not hold.
        google.protobuf.message.DecodeError: A record is no `Event`.
    """
    parse: Callable[[memoryview], Event] = proto.Event.FromString  # type: ignore[assignment]
    return (parse(payload) for payload in records(path))
