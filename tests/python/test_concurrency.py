"""Many threads on one `LogDir`, Ctrl-C, and the interpreter that goes on meanwhile."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import tfevents
from eventfiles import GOLDEN, NAME, event, image, record, scalar, scalars, version
from oracle import exact

#: One entry a thread.
TASKS = Path("/proc/self/task")

KINDS = ("scalars", "histograms", "images", "text", "tensors", "series", "events", "hparams")


def linked(root, size):
    """A log of `size` bytes to read and 4 MB on disk: many runs share one file."""
    payloads = [event(n, *(scalar(f"tag_{k}", n) for k in range(10))) for n in range(2500)]
    raw = record(version()) + b"".join(map(record, payloads)) * 10
    first = root / "run_0" / NAME
    first.parent.mkdir()
    first.write_bytes(raw)
    for run in range(1, size // len(raw)):
        folder = root / f"run_{run}"
        folder.mkdir()
        os.link(first, folder / NAME)
    return root


@pytest.fixture(scope="module")
def long_log(tmp_path_factory):
    """Reading all of it takes about a second on one core."""
    return linked(tmp_path_factory.mktemp("long"), 150_000_000)


@pytest.fixture(scope="module")
def endless_log(tmp_path_factory):
    """Reading all of it takes so long that an interrupt stands out."""
    return linked(tmp_path_factory.mktemp("endless"), 2_000_000_000)


def test_many_threads_on_one_log_read_the_same():
    logs = tfevents.open(GOLDEN, threads=2)
    expected = {kind: exact(getattr(logs, kind)().to_arrow().to_pylist()) for kind in KINDS}
    assert all(expected.values())

    def read(n):
        kind = KINDS[n % len(KINDS)]
        if n % 11 == 10:
            logs.refresh()
        return kind, exact(getattr(logs, kind)().to_arrow().to_pylist())

    with ThreadPoolExecutor(16) as pool:
        for kind, rows in pool.map(read, range(96)):
            assert rows == expected[kind]


def test_many_threads_may_share_one_scan(log):
    for run in range(20):
        log(f"r{run}", scalars("x", range(500), run))
    scan = tfevents.open(log.root).scalars()
    expected = scan.to_arrow()
    with ThreadPoolExecutor(8) as pool:
        tables = list(pool.map(lambda _: scan.to_arrow(), range(40)))
    assert all(table.equals(expected) for table in tables)


def test_one_stream_may_be_handed_from_thread_to_thread(log):
    for run in range(20):
        log(f"r{run}", scalars("x", range(500), run))
    stream, steps = iter(tfevents.open(log.root).scalars().batches(100)), []
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
        for pool in [one, other] * 50:
            steps += pool.submit(next, stream).result().column("step").to_pylist()
    assert steps == list(range(500)) * 20


def longest_pause(work):
    """The longest time that this thread waits while another one works, as a part of that work."""
    done, took = threading.Event(), []

    def job():
        begin = time.perf_counter()
        work()
        took.append(time.perf_counter() - begin)
        done.set()

    thread = threading.Thread(target=job)
    thread.start()
    longest, last = 0.0, time.perf_counter()
    while not done.is_set():
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    thread.join()
    return longest / took[0]


@pytest.mark.parametrize("read", ["to_arrow", "count", "__arrow_c_stream__", "series"])
def test_the_interpreter_goes_on_while_rows_are_decoded(long_log, read):
    """If decoding held the GIL, the pause would be most of the work in every attempt."""
    logs = tfevents.open(long_log, threads=1)
    if read == "__arrow_c_stream__":
        import pyarrow as pa

        work = lambda: pa.RecordBatchReader.from_stream(logs.scalars()).read_all()  # noqa: E731
    elif read == "series":
        work = lambda: logs.series().to_arrow()  # noqa: E731
    else:
        work = getattr(logs.scalars(), read)
    pauses = []  # a busy machine makes pauses, too: but not in each of many attempts
    while not pauses or (min(pauses) > 0.3 and len(pauses) < 20):
        pauses.append(longest_pause(work))
    assert min(pauses) < 0.3


INTERRUPTED = """
    import signal, sys, threading, time
    import tfevents
    logs = tfevents.open(sys.argv[1], threads=2)
    read = {
        "to_arrow": lambda: [logs.scalars().to_arrow() for _ in range(100)],
        "count": lambda: [logs.scalars().count() for _ in range(100)],
        "iterate": lambda: [None for _ in range(100) for batch in logs.scalars()],
        "dataset": lambda: [logs.scalars().to_dataset().to_table() for _ in range(100)],
        "series": lambda: [logs.series().to_arrow() for _ in range(100)],
        "damage": lambda: [logs.damage().to_arrow() for _ in range(100)],
        "last": lambda: [
            tfevents.open(sys.argv[1], restarts="last").scalars().to_arrow() for _ in range(100)
        ],
        "parquet": lambda: [logs.scalars().write_parquet(sys.argv[3]) for _ in range(100)],
    }[sys.argv[2]]
    def interrupt():
        time.sleep(0.15)
        sent.append(time.process_time())
        signal.raise_signal(signal.SIGINT)
    sent, begun = [], time.process_time()
    logs.scalars().count()
    whole = time.process_time() - begun
    try:
        threading.Thread(target=interrupt).start()
        read()
    except KeyboardInterrupt:
        print((time.process_time() - sent[0]) / whole)
"""


@pytest.mark.parametrize(
    "read", ["to_arrow", "count", "iterate", "dataset", "series", "damage", "last", "parquet"]
)
def test_ctrl_c_ends_a_read_long_before_its_end(endless_log, tmp_path, read):
    """By what the process still works, not by the time: others may keep the machine busy."""
    command = [sys.executable, "-c", textwrap.dedent(INTERRUPTED), str(endless_log), read]
    done = subprocess.run(
        [*command, str(tmp_path / "x.parquet")],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout, "the read ended before it could be interrupted"
    assert float(done.stdout) < 0.5, "the part of a whole count that is done after the interrupt"
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_from_outside_ends_a_long_scan(long_log):
    script = """
        import sys, tfevents
        logs = tfevents.open(sys.argv[1])
        print("go", flush=True)
        while True:
            logs.scalars().to_arrow()
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(long_log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"go\n"
        time.sleep(0.15)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=300)  # it would read for ever
    assert stderr.strip().endswith(b"KeyboardInterrupt")


def test_iterating_a_long_log_takes_little_memory(long_log):
    script = """
        import sys, tfevents
        rows = sum(batch.num_rows for batch in tfevents.open(sys.argv[1], threads=2).scalars())
        status = open("/proc/self/status").read()
        print(rows, status.split("VmHWM:")[1].split()[0])
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(long_log)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    rows, kilobytes = map(int, done.stdout.split())
    runs = len(list(long_log.iterdir()))
    assert rows == runs * 250_000
    assert kilobytes < 256 << 10


def test_an_abandoned_stream_stops_its_threads(long_log):
    logs = tfevents.open(long_log, threads=2)
    before = len(list(TASKS.iterdir()))
    streams = [iter(logs.scalars()) for _ in range(4)]
    for stream in streams:
        next(stream)
    del stream, streams
    deadline = time.monotonic() + 60
    while len(list(TASKS.iterdir())) > before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(list(TASKS.iterdir())) <= before


def test_a_forked_child_reads_on_its_own(log):
    log(".", [*scalars("x", range(100)), event(0, image("i", b"\x89PNG"))])
    script = """
        import os, sys, warnings, tfevents
        warnings.simplefilter("ignore")
        logs = tfevents.open(sys.argv[1], threads=2)
        assert logs.scalars().count() == 100
        child = os.fork()
        if not child:
            os._exit(0 if logs.scalars().to_arrow().num_rows == 100 else 1)
        print(os.waitpid(child, 0)[1])
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(log.root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout.strip() == "0"
