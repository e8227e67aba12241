"""A small log with odd names, NaN, and steps that floating point does not hold; rows as text."""

import random

import eventfiles
import pyarrow as pa
from eventfiles import event, scalar

RUNS = ["run_1", "run_2", "run_10", "lr=[0.1, 0.2]", 'quo"te\n']
FIRST_RUN = "lr=[0.1, 0.2]"  # in natural order
TAGS = ["loss", "acc[top1]", "a b"]


def write_log(root):
    """Writes the log: 30 rows a run, 50 a tag."""
    generator = random.Random(1)
    for number, run in enumerate(RUNS):
        events = [
            event(
                step,
                *(scalar(tag, generator.choice([number, float("nan"), step])) for tag in TAGS),
                wall_time=generator.choice([100.0 + step, float("nan"), 100.5]),
            )
            for step in [*range(6), -3, 2**53 + 1, 2**24 + 1, 4]
        ]
        eventfiles.write(root / run / eventfiles.NAME, events)
    return root


def rows(found):
    """Rows as text, for NaN is not equal to NaN."""
    table = found if isinstance(found, pa.Table) else found.to_table()
    return [str(row) for row in table.to_pylist()]
