"""Ends what Arrow's I/O threads do in Python before the interpreter ends.

A thread that wants to run Python while the interpreter is torn down ends the process with a signal,
or never ends. A scan that was left half-read may have such threads.
"""

from __future__ import annotations

import atexit
import contextlib
import threading
import time
from typing import ClassVar

import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import fs

#: How long to wait for the threads, in seconds.
_PATIENCE = 10.0
#: How long they may take to let go of what they had when they came, in seconds. Nothing tells.
_AFTERWARDS = 0.05


def _empty_file() -> pa.Buffer:
    sink = pa.BufferOutputStream()
    pa.ipc.new_file(sink, pa.schema([])).close()
    return sink.getvalue()


_EMPTY = _empty_file()


class _State:
    is_ending = False
    is_registered = False
    kept: ClassVar[list[fs.FileSystem]] = []


def check() -> None:
    """Fails when the interpreter ends; to be called by what runs in a thread of Arrow's.

    Raises:
        OSError: The interpreter ends.
    """
    if _State.is_ending:
        raise OSError("the interpreter is exiting; nothing is read any more")
    if not _State.is_registered:
        _State.is_registered = True
        atexit.register(_end)


def _end() -> None:
    """Lets no thread begin to read, then waits until every I/O thread has come to rest."""
    _State.is_ending = True
    for _ in range(2):  # what a thread was in may have queued one thing more
        _gather(pa.io_thread_count())
        time.sleep(_AFTERWARDS)


def _gather(count: int) -> None:
    """Returns once `count` I/O threads were here at one time, so nowhere else."""
    system = fs.PyFileSystem(_Meeting(count))
    _State.kept.append(system)  # a thread of Arrow's must not be the last to let go of it
    callers = [threading.Thread(target=_open, args=(system,)) for _ in range(count)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()


def _open(system: fs.FileSystem) -> None:
    """Has one I/O thread open a file of `system`."""
    files = ds.IpcFileFormat()
    fragment = files.make_fragment("seat", system)
    dataset = ds.FileSystemDataset([fragment], pa.schema([]), files, system)
    with contextlib.suppress(OSError, threading.BrokenBarrierError):
        ds.Scanner.from_dataset(dataset).to_table()


class _Meeting(fs.FileSystemHandler):  # type: ignore[misc]  # pyarrow has no types
    """Files that open only when all of them are being opened."""

    def __init__(self, threads: int) -> None:
        self._barrier = threading.Barrier(threads)

    def open_input_file(self, _: str) -> pa.NativeFile:
        """Waits for the others; the file has no rows and no columns."""
        self._barrier.wait(_PATIENCE)
        return pa.BufferReader(_EMPTY)

    def get_type_name(self) -> str:
        return "tfevents-exit"

    def _refuse(self, *_: object) -> None:
        raise NotImplementedError

    normalize_path = get_file_info = get_file_info_selector = open_input_stream = _refuse
    create_dir = delete_dir = delete_dir_contents = delete_root_dir_contents = _refuse
    delete_file = move = copy_file = open_output_stream = open_append_stream = _refuse
