"""Exceptions and warnings."""

from __future__ import annotations

import sys
import warnings

from tfevents import _native
from tfevents._native import DamagedFileError, TfeventsError

__all__ = [
    "CastWarning",
    "DamageWarning",
    "DamagedFileError",
    "NoMatchWarning",
    "ReplacedFileWarning",
    "TfeventsError",
]


class _Warning(UserWarning):
    """A warning that also says what to do about it."""

    def __init__(self, summary: str, hint: str = "") -> None:
        super().__init__(f"{summary}. {hint}" if hint else summary)
        #: The message without what to do in Python.
        self.summary = summary


class DamageWarning(_Warning):
    """Some bytes could not be read as records and were skipped; ``damage()`` lists them."""


class NoMatchWarning(_Warning):
    """Nothing in the log meets a filter on runs, tags or plugin, so there are no rows."""


class CastWarning(_Warning):
    """A cast of tensors made elements null that are no values of the dtype asked for."""


class ReplacedFileWarning(_Warning):
    """A file is another one now, or shorter, than when it was read before."""


def warn(summary: str, category: type[_Warning], hint: str = "") -> None:
    """Warns, and blames the first line on the stack that is not of this package."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("tfevents."):
        level, frame = level + 1, frame.f_back
    warnings.warn(category(summary, hint), stacklevel=level)


if _native.DEBUG_BUILD:
    warnings.warn(
        "tfevents was built without optimisation and is many times slower than it should be; "
        "build it with --release",
        RuntimeWarning,
        stacklevel=2,
    )
