"""TensorBoard event files at memory speed: every point into Arrow, and back onto disk.

>>> import tfevents
>>> logs = tfevents.open("runs")  # doctest: +SKIP
>>> logs.scalars(tags="loss/*").to_pandas()  # doctest: +SKIP

>>> with tfevents.SummaryWriter("runs/1") as writer:  # doctest: +SKIP
...     writer.add_scalar("loss", 0.5, 0)
"""

from tfevents import proto
from tfevents._errors import DamagedFileError, DamageWarning, ReplacedFileWarning, TfeventsError
from tfevents._logdir import LogDir, open  # noqa: A004  (the contract's name)
from tfevents._native import __version__
from tfevents._records import records, summary_iterator
from tfevents._records_out import EventWriter, RecordWriter
from tfevents._scan import Scan, Series
from tfevents._writer import SummaryWriter

__all__ = [
    "DamageWarning",
    "DamagedFileError",
    "EventWriter",
    "LogDir",
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
