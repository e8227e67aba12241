"""TensorBoard event files at memory speed: every point into Arrow, and back onto disk.

>>> import tfevents
>>> logs = tfevents.open("runs")  # doctest: +SKIP
>>> logs.scalars(tags="loss/*").to_pandas()  # doctest: +SKIP

>>> with tfevents.SummaryWriter("runs/1") as writer:  # doctest: +SKIP
...     writer.add_scalar("loss", 0.5, 0)

A name is imported when it is first used, so that a program which only writes loads neither pyarrow
nor protobuf.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tfevents._errors import (
    CastWarning,
    DamagedFileError,
    DamageWarning,
    NoMatchWarning,
    ReplacedFileWarning,
    TfeventsError,
)
from tfevents._native import __version__

if TYPE_CHECKING:
    from tfevents import proto
    from tfevents._changes import Changes
    from tfevents._file_writer import FileWriter
    from tfevents._follow import Follower, Pending
    from tfevents._logdir import LogDir
    from tfevents._open import open  # noqa: A004  (the contract's name)
    from tfevents._records import records, summary_iterator
    from tfevents._records_out import EventWriter, RecordWriter
    from tfevents._scan import Scan
    from tfevents._series import Series
    from tfevents._writer import SummaryWriter

__all__ = [
    "CastWarning",
    "Changes",
    "DamageWarning",
    "DamagedFileError",
    "EventWriter",
    "FileWriter",
    "Follower",
    "LogDir",
    "NoMatchWarning",
    "Pending",
    "RecordWriter",
    "ReplacedFileWarning",
    "Scan",
    "Series",
    "SummaryWriter",
    "TfeventsError",
    "__version__",
    "open",
    "proto",
    "records",
    "summary_iterator",
]

_MODULES = {
    "Changes": "_changes",
    "EventWriter": "_records_out",
    "FileWriter": "_file_writer",
    "Follower": "_follow",
    "LogDir": "_logdir",
    "Pending": "_follow",
    "RecordWriter": "_records_out",
    "Scan": "_scan",
    "Series": "_series",
    "SummaryWriter": "_writer",
    "open": "_open",
    "records": "_records",
    "summary_iterator": "_records",
}


def __getattr__(name: str) -> Any:
    if name == "proto":
        return import_module("tfevents.proto")
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(import_module(f"tfevents.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    special = (name for name in globals() if name.startswith("__"))
    return sorted({*special, *__all__})
