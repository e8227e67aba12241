"""Files that other processes cut short, replace and delete while they are read through maps."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from eventfiles import event, record, scalar, text

#: Cuts, replaces and deletes `sys.argv[1]` in one thread, reads it in two others: for three
#: seconds, and on a slow machine until enough has happened.
HAVOC = """
    import faulthandler, os, random, sys, threading, time, warnings
    if sys.argv[2] == "before":
        faulthandler.enable()
    import tfevents
    if sys.argv[2] == "after":
        faulthandler.enable()
    warnings.simplefilter("ignore")
    path, whole = sys.argv[1], open(sys.argv[1], "rb").read()
    ends = time.monotonic() + 3
    counts = {"scans": 0, "rows": 0, "short": 0, "havoc": 0, "gone": 0}
    enough = {"scans": 20, "rows": 100_000, "havoc": 20}
    failed = []

    def goes_on():
        few = any(counts[what] < least for what, least in enough.items())
        return not failed and (few or time.monotonic() < ends)

    def age():
        then = time.time() - 1000
        os.utime(path, (then, then))

    def havoc(generator):
        while goes_on():
            kind = generator.randrange(5)
            try:
                if kind == 0:
                    os.truncate(path, generator.choice([0, 1, 4096, len(whole) // 2]))
                elif kind == 1:
                    os.unlink(path)
                elif kind == 2:
                    with open(path + ".new", "wb") as file:
                        file.write(whole[: generator.randrange(len(whole))])
                    os.rename(path + ".new", path)
                    age()
                elif kind == 3:
                    with open(path, "r+b") as file:
                        file.truncate(len(whole) // 3)
                        file.seek(len(whole) - 10)
                        file.write(b"0123456789")
                    age()
                counts["havoc"] += 1
                time.sleep(generator.random() / 200)
            except FileNotFoundError:
                pass
            with open(path + ".new", "wb") as file:
                file.write(whole)
            os.rename(path + ".new", path)
            age()
            time.sleep(generator.random() / 100)

    def read(threads):
        while goes_on():
            try:
                logs = tfevents.open(path, threads=threads)
                for batch in logs.scalars():
                    rows = batch.num_rows
                    steps, values = batch.column("step").to_pylist(), batch.column("value")
                    if values.to_pylist() != [float(step * 3) for step in steps]:
                        os._exit(77)
                    counts["rows"] += rows
                counts["scans"] += 1
            except FileNotFoundError:
                counts["gone"] += 1
            except (OSError, ValueError) as error:
                if "tfevents" not in str(error) and path not in str(error):
                    raise
                counts["short"] += 1

    def guarded(function, *args):
        try:
            function(*args)
        except BaseException as error:
            failed.append(repr(error))
            raise

    threads = [threading.Thread(target=guarded, args=(havoc, random.Random(1)))]
    threads += [threading.Thread(target=guarded, args=(read, n)) for n in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(counts)
    assert not failed, failed
"""


def run(script, *args):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *map(str, args)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def path(tmp_path):
    """Two megabytes of scalars whose value is three times the step."""
    raw = b"".join(
        record(event(step, scalar("x", 3 * step), text("t", "y" * 60))) for step in range(12_000)
    )
    assert len(raw) > 1 << 20
    path = tmp_path / "x.tfevents"
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize("faulthandler", ["before", "after", "never"])
def test_no_file_cut_replaced_or_deleted_ends_the_process(path, faulthandler):
    done = run(HAVOC, path, faulthandler)
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr[-3000:])


CUT_BETWEEN_BATCHES = """
    import os, sys, time, warnings
    import tfevents
    warnings.simplefilter("ignore")
    path = sys.argv[1]
    then = time.time() - 1000
    os.utime(path, (then, then))
    stream = iter(tfevents.open(path, threads=1).scalars())
    seen = next(stream)
    os.truncate(path, 100)
    rows = seen.num_rows
    for batch in stream:
        steps = batch.column("step").to_pylist()
        assert batch.column("value").to_pylist() == [3.0 * step for step in steps]
        rows += batch.num_rows
    assert seen.column("value").to_pylist() == [
        3.0 * step for step in seen.column("step").to_pylist()
    ]
    print(rows)
"""


def test_a_cut_between_two_batches_ends_nothing(path):
    path.write_bytes(path.read_bytes() * 8)
    done = run(CUT_BETWEEN_BATCHES, path)
    assert done.returncode == 0, done.stderr[-3000:]
    assert 0 < int(done.stdout) <= 8 * 12_000


OTHER_FAULTS = """
    import ctypes, mmap, os, sys, time
    import faulthandler
    faulthandler.enable()
    import tfevents
    path = sys.argv[1]
    then = time.time() - 1000
    os.utime(path, (then, then))
    assert tfevents.open(path).scalars().count() == 12_000
    with open(path, "r+b") as file:
        view = mmap.mmap(file.fileno(), 0)
    os.truncate(path, 0)
    view[100_000]
"""


def test_faults_that_are_not_ours_are_left_to_others(path):
    """A bus error in somebody else's map ends the process, and faulthandler reports it."""
    done = run(OTHER_FAULTS, path)
    assert done.returncode == -7
    assert "Fatal Python error: Bus error" in done.stderr


@pytest.mark.parametrize("mmap", ["auto", "never"])
def test_mapped_and_read_files_hold_the_same(path, mmap):
    import tfevents
    from eventfiles import make_older

    fresh = tfevents.open(path, mmap=mmap).scalars().to_arrow()
    make_older(path, 1000)
    old = tfevents.open(path, mmap=mmap).scalars().to_arrow()
    assert fresh.num_rows == 12_000
    assert old.equals(fresh)


def test_batches_outlive_the_file(path):
    import tfevents
    from eventfiles import make_older

    make_older(path, 1000)
    batches = list(tfevents.open(path).scalars())
    path.write_bytes(b"")
    Path(path).unlink()
    values = [value for batch in batches for value in batch.column("value").to_pylist()]
    assert values == [3.0 * step for step in range(12_000)]
