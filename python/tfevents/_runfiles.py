"""The runs of a scan as files that exist only while they are read.

pyarrow's C++ code (joins, unions, Acero) reads a dataset by opening files. So each run is a file of
a file system of its own: opening it reads the run and gives its rows as an Arrow IPC file in
memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import fs

from tfevents import _ioexit

#: Logs of more runs than this have files of several runs each: every file costs a scan, which takes
#: longer the more runs there are.
_MOST_FILES = 1000

#: How many files are kept for their second opening, and of what size in bytes.
_KEPT_FILES, _KEPT_SIZE = 8, 1 << 25

#: Rows of these runs, or of all.
Read = Callable[[list[str] | None], pa.Table]


class RunFiles(fs.FileSystemHandler):  # type: ignore[misc]  # pyarrow has no types
    """A file system, to read only, with a file for each of `groups` of runs."""

    def __init__(self, read: Read, groups: dict[str, list[str] | None]) -> None:
        self._read = read
        self._groups = groups
        self._kept: dict[str, pa.Buffer] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return RunFiles, (self._read, self._groups)

    def get_type_name(self) -> str:
        """The name of this kind of file system."""
        return "tfevents"

    def normalize_path(self, path: str) -> str:
        """The same path: it is a name."""
        return path

    def get_file_info(self, paths: Sequence[str]) -> list[fs.FileInfo]:
        """What `paths` are. Sizes are not known before the rows are read."""
        kinds = [
            fs.FileType.File if path in self._groups else fs.FileType.NotFound for path in paths
        ]
        return [fs.FileInfo(path, kind) for path, kind in zip(paths, kinds, strict=True)]

    def get_file_info_selector(self, selector: fs.FileSelector) -> list[fs.FileInfo]:
        """All files; there is one directory."""
        if selector.base_dir.strip("/"):
            raise FileNotFoundError(selector.base_dir)
        return self.get_file_info(list(self._groups))

    def open_input_file(self, path: str) -> pa.NativeFile:
        """The rows of a file's runs as an Arrow IPC file."""
        _ioexit.check()
        if path not in self._groups:
            raise FileNotFoundError(path)
        contents = self._kept.pop(path, None)
        if contents is None:
            contents = _as_ipc(self._read(self._groups[path]))
            self._keep(path, contents)
        return pa.BufferReader(contents)

    def _keep(self, path: str, contents: pa.Buffer) -> None:
        """Keeps `contents` for a moment: a scan opens a file a second time for its columns.

        Not by a weak reference: Arrow's threads would have to run Python to let go of it.
        """
        if contents.size <= _KEPT_SIZE:
            self._kept[path] = contents
            for oldest in list(self._kept)[:-_KEPT_FILES]:
                self._kept.pop(oldest, None)

    def open_input_stream(self, path: str) -> pa.NativeFile:
        """The same as `open_input_file`."""
        return self.open_input_file(path)

    def _refuse(self, *arguments: Any) -> Any:
        raise NotImplementedError("the rows of a scan can only be read")

    create_dir = delete_dir = delete_dir_contents = delete_root_dir_contents = _refuse
    delete_file = move = copy_file = open_output_stream = open_append_stream = _refuse


def fragments(
    read: Read, runs: Sequence[str] | None, schema: pa.Schema, format_: ds.FileFormat
) -> tuple[list[ds.Fragment], fs.FileSystem]:
    """The files of `runs` and their file system; one file of all rows without `runs`.

    Args:
        read: Reads the rows of some runs.
        runs: Names of the runs in their order.
        schema: The columns of every file.
        format_: Arrow IPC.
    """
    groups: dict[str, list[str] | None]
    groups = {"rows": None} if runs is None else dict(_groups(runs))
    system = fs.PyFileSystem(RunFiles(read, groups))
    has_run = "run" in schema.names
    held = [_held(group) if group and has_run else None for group in groups.values()]
    return [
        format_.make_fragment(path, system, partition_expression=condition)
        for path, condition in zip(groups, held, strict=True)
    ], system


def _groups(runs: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    size = max(1, -(-len(runs) // _MOST_FILES))
    for start in range(0, len(runs), size):
        group = list(runs[start : start + size])
        yield group[0], group


def _held(runs: list[str]) -> ds.Expression:
    """What is true of every row of `runs`, so that Arrow can pass a file over."""
    run = ds.field("run")
    if len(runs) == 1:
        return run == runs[0]
    return (run >= min(runs)) & (run <= max(runs))


def _as_ipc(table: pa.Table) -> pa.Buffer:
    """`table` as an Arrow IPC file, which has one dictionary for each column."""
    table = table.unify_dictionaries()
    size = pa.MockOutputStream()
    _write(table, size)
    contents = pa.allocate_buffer(size.size())
    _write(table, pa.FixedSizeBufferWriter(contents))
    return contents


def _write(table: pa.Table, sink: pa.NativeFile) -> None:
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
