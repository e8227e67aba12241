"""What tests of `follow` share."""

from eventfiles import record


def now(scan, cursor=None, **options):
    """The rows that are there, and the cursor behind them."""
    follower = scan.follow(cursor, timeout=0, **options)
    found = [row for batch in follower for row in batch.to_pylist()]
    return found, follower.cursor


def wait_for(follower, count):
    """So many rows, however long they take."""
    found = []
    while len(found) < count:
        found += next(follower).to_pylist()
    assert len(found) == count
    return found


def append(path, payloads, cut=0):
    """Appends records; the last without its last `cut` bytes, which are handed back."""
    raw = b"".join(map(record, payloads))
    kept = len(raw) - cut
    with path.open("ab") as file:
        file.write(raw[:kept])
    return raw[kept:]


def steps(rows):
    return [row["step"] for row in rows]
