"""Writers that are still open when the interpreter exits are closed, so that nothing is lost."""

from __future__ import annotations

import atexit
import weakref
from typing import Protocol


class Closable(Protocol):
    """What can be closed."""

    def close(self) -> None:
        """Closes it."""


_open: weakref.WeakSet[Closable] = weakref.WeakSet()


def at_exit(writer: Closable) -> None:
    """Closes ``writer`` when the interpreter exits, if it is still there."""
    _open.add(writer)


@atexit.register
def _close_all() -> None:
    for writer in list(_open):
        writer.close()
