"""TensorBoard event files, read and written at memory speed."""

from tfevents._records_out import EventWriter, RecordWriter
from tfevents._writer import SummaryWriter

__all__ = ["EventWriter", "RecordWriter", "SummaryWriter"]
