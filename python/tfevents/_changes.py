"""`Changes`: what a refresh found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Changes:
    """What `LogDir.refresh` found. It is false if nothing changed."""

    #: Names of the runs of which files came, changed or went, in natural order. A run of which no
    #: file is left is not among them.
    runs: list[str]
    #: Files that came or changed, in the order of their runs.
    files: list[Path]
    #: Bytes that came: by which files grew, and all bytes of new and of replaced files.
    bytes: int
    #: Files that are other files now, or shorter.
    replaced: list[Path]
    #: Files that are gone.
    removed: list[Path]

    def __bool__(self) -> bool:
        return bool(self.runs or self.files or self.removed)
