"""Exceptions and warnings."""

from __future__ import annotations

import warnings

from tfevents import _native
from tfevents._native import DamagedFileError, TfeventsError

__all__ = ["DamageWarning", "DamagedFileError", "ReplacedFileWarning", "TfeventsError"]


class DamageWarning(UserWarning):
    """Some bytes could not be read as records and were skipped; ``damage()`` lists them."""


class ReplacedFileWarning(UserWarning):
    """A file is another one now, or shorter, than when it was read before."""


if _native.DEBUG_BUILD:
    warnings.warn(
        "tfevents was built without optimisation and is many times slower than it should be; "
        "build it with --release",
        RuntimeWarning,
        stacklevel=2,
    )
