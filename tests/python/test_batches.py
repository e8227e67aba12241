"""`Scan.batches`: exactly as many rows as asked for, in little memory."""

import subprocess
import sys

import pyarrow as pa
import pytest
import tfevents
from eventfiles import GOLDEN, event, image
from oracle import KINDS


@pytest.mark.parametrize("kind", [*KINDS, "series", "events"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_batches_of_any_size_are_the_rows_of_the_table(kind, size):
    scan = getattr(tfevents.open(GOLDEN), kind)()
    batches = list(scan.batches(size))
    assert all(batch.num_rows == size for batch in batches[:-1])
    rows = [row for batch in batches for row in batch.to_pylist()]
    assert repr(rows) == repr(scan.to_arrow().to_pylist())  # NaN is not itself
    assert all(batch.schema == scan.schema for batch in batches)


def test_bytes_of_many_batches_are_put_together(log):
    data = [bytes([n]) * (300_000 + n) for n in range(60)]
    log("a", [event(n, image("i", one)) for n, one in enumerate(data)])
    scan = tfevents.open(log.root).images()
    assert len(list(scan)) > 2
    for size in (25, 60, 61):
        batches = list(scan.batches(size))
        for batch in batches:
            batch.validate(full=True)
        assert pa.Table.from_batches(batches)["data"].to_pylist() == data


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/status")
def test_a_batch_is_held_once(log):
    log("a", [event(n, image("i", bytes([n]) * 1_000_000)) for n in range(100)])
    script = f"""
import tfevents
def held():
    with open("/proc/self/status") as status:
        return int(status.read().split("RssAnon:")[1].split()[0]) // 1024
scan = tfevents.open({str(log.root)!r}, threads=1).images()
next(scan.batches(1))
before = held()
(batch,) = scan.batches(100)
print(held() - before)
"""
    run = [sys.executable, "-c", script]
    found = subprocess.run(run, check=True, capture_output=True, text=True)
    assert int(found.stdout) < 160  # MB; a batch has 100
