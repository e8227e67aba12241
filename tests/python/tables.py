"""Tables of a log that a test wrote, as lists of dictionaries."""

import tfevents


def rows(log, kind, **filters):
    """All rows of one kind."""
    return getattr(tfevents.open(log.root), kind)(**filters).to_arrow().to_pylist()


def only(log, kind, **filters):
    """The row there is, and no other."""
    (row,) = rows(log, kind, **filters)
    return row
