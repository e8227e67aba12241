"""TensorBoard event files at memory speed: every point, straight into Arrow.

>>> import tfevents
>>> logs = tfevents.open("runs")  # doctest: +SKIP
>>> logs.scalars(tags="loss/*").to_pandas()  # doctest: +SKIP
"""

from tfevents import proto
from tfevents._errors import DamagedFileError, DamageWarning, ReplacedFileWarning, TfeventsError
from tfevents._logdir import LogDir, open
from tfevents._native import __version__
from tfevents._records import records, summary_iterator
from tfevents._scan import Scan, Series

__all__ = [
    "DamageWarning",
    "DamagedFileError",
    "LogDir",
    "ReplacedFileWarning",
    "Scan",
    "Series",
    "TfeventsError",
    "__version__",
    "open",
    "proto",
    "records",
    "summary_iterator",
]
