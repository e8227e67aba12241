"""Records and events of one file, one after the other."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Literal

from tfevents import _arguments, _native, proto

if TYPE_CHECKING:
    from tfevents.proto import Event


def records(
    path: str | os.PathLike[str],
    *,
    compression: Literal["gzip", "zlib"] | None = None,
    checksum: bool = True,
    follow: bool = False,
    poll: float = 0.5,
    timeout: float | None = None,
) -> Iterator[memoryview]:
    """Iterates over the payloads of a TFRecord file.

    The views point into the blocks the file was read in; nothing is copied for a record, and a
    view stays valid as long as it is kept. A record that is not finished ends the iteration.

    With `follow` it is waited for, as are the records behind it: the iteration goes on as the file
    grows. Zeros at the end of the file, and a last record whose checksum does not hold, are waited
    for, too, until something stands behind them. What is followed is the file that was opened,
    also when another one takes its name.

    Args:
        path: The file.
        compression: How the whole file is compressed. Event files never are.
        checksum: Verify the CRC-32C of every payload; lengths are always verified.
        follow: Wait for more at the end.
        poll: With `follow`, seconds between two looks where the system does not tell of changes.
        timeout: With `follow`, the iteration ends after so many seconds without a record; never by
            default.

    Raises:
        FileNotFoundError: There is no such file.
        DamagedFileError: A checksum does not hold, or a file that is followed was shortened;
            `offset` counts uncompressed bytes.
        TypeError: An argument is of a wrong type.
        ValueError: An argument makes no sense; or what is to be followed is compressed, or no
            regular file.
    """
    path = _arguments.path(path, "path")
    if compression is not None:
        _arguments.choice(compression, "compression", ("gzip", "zlib"), "None, ")
    _arguments.instance(checksum, "checksum", bool, "True or False")
    _arguments.instance(follow, "follow", bool, "True or False")
    poll = _arguments.seconds(poll, "poll", "a number of seconds above 0", above=0)
    if timeout is not None:
        timeout = _arguments.seconds(timeout, "timeout", "a number of seconds or None")
    if not follow:
        return _native.Records(path, compression, checksum)
    if compression is not None:
        raise ValueError(_arguments.message("compression", "None with follow=True", compression))
    return _following(_native.Records(path, None, checksum, follow=True), poll, timeout)


def _following(
    found: _native.Records, poll: float, timeout: float | None
) -> Generator[memoryview, None, None]:
    while (payload := found.wait(poll, timeout)) is not None:
        yield payload


def summary_iterator(
    path: str | os.PathLike[str],
    *,
    follow: bool = False,
    poll: float = 0.5,
    timeout: float | None = None,
) -> Iterator[Event]:
    """Iterates over the `Event` protos of an event file.

    Takes the place of ``tf.compat.v1.train.summary_iterator``.

    Args:
        path: The event file.
        follow: Wait for more at the end, as `records` does.
        poll: As for `records`.
        timeout: As for `records`.

    Raises:
        FileNotFoundError: There is no such file.
        DamagedFileError: A checksum does not hold, or a file that is followed was shortened.
        TypeError: An argument is of a wrong type.
        ValueError: An argument makes no sense.
        google.protobuf.message.DecodeError: A record is no `Event`.
    """
    parse: Callable[[memoryview], Event] = proto.Event.FromString  # type: ignore[assignment]
    found = records(path, follow=follow, poll=poll, timeout=timeout)
    return (parse(payload) for payload in found)
