"""A writer that writes nothing: ``write_to_disk=False``."""

from __future__ import annotations

from typing import Any

from tfevents._file_writer import FileWriter


class _Nothing:
    """The methods of the native writer, without an effect."""

    path = None

    def __init__(self) -> None:
        self.stats: dict[str, int] = {}

    def _ignore(self, *args: Any, **options: Any) -> None:
        """Does nothing."""

    add_scalar = log = add_scalar_batch = add_values = add_event = _ignore
    add_graph_def = add_run_metadata = count_dropped = flush = close = _ignore


class NullWriter(FileWriter):
    """A `FileWriter` without files; the directory is not made."""

    def _open(self, options: dict[str, Any]) -> Any:
        del options
        return _Nothing()
