"""`records(follow=True)` and `summary_iterator(follow=True)`: a loop over a file that grows."""

import contextlib
import os
import time

import pytest
import tfevents
from eventfiles import record, scalars, version, write
from fresh import python

RAW = [record(payload) for payload in [version(), *scalars("x", range(4))]]


def append(path, raw):
    with path.open("ab") as file:
        file.write(raw)


@pytest.mark.parametrize("cut", [1, 5, 13, 30])
def test_an_unfinished_record_is_waited_for(tmp_path, cut):
    path = write(tmp_path / "x.tfevents", raw=b"".join(RAW[:3]))
    events = tfevents.summary_iterator(str(path), follow=True, timeout=60)
    assert [next(events).step for _ in range(3)] == [0, 0, 1]
    append(path, RAW[3][:cut])
    append(path, RAW[3][cut:] + RAW[4][:cut])
    assert next(events).step == 2
    append(path, RAW[4][cut:])
    assert next(events).step == 3


def test_it_ends_without_a_record_for_the_timeout(tmp_path):
    path = write(tmp_path / "x.tfevents", raw=b"".join(RAW) + RAW[0][:9])
    begun = time.process_time()
    views = list(tfevents.records(path, follow=True, timeout=1))
    assert [bytes(view) for view in views] == [raw[12:-4] for raw in RAW]
    assert time.process_time() - begun < 0.5, "it waits for a second, and does not work meanwhile"
    assert len(list(tfevents.records(path, follow=True, timeout=0))) == len(RAW)


def test_rows_come_as_a_writer_flushes_them(tmp_path):
    with tfevents.SummaryWriter(tmp_path) as writer:
        writer.add_scalar("x", 0, 0)
        writer.flush()
        (path,) = tmp_path.iterdir()
        events = (
            e for e in tfevents.summary_iterator(path, follow=True, timeout=60) if e.summary.value
        )
        for step in range(1, 5):
            assert next(events).step == step - 1
            writer.add_scalar("x", step, step)
            writer.flush()


@pytest.mark.parametrize("first", [RAW[1][:20], b""])
def test_zeros_fill_in_and_are_damage_once_something_stands_behind_them(tmp_path, first):
    path = write(tmp_path / "x.tfevents", raw=RAW[0] + first.ljust(len(RAW[1]), bytes(1)))
    found = tfevents.records(path, follow=True, timeout=0)
    assert len(list(found)) == 1
    found = tfevents.records(path, follow=True, timeout=60)
    next(found)
    with path.open("r+b") as file:
        file.seek(len(RAW[0]))
        file.write(RAW[1])
    assert bytes(next(found)) == RAW[1][12:-4]
    write(path, raw=RAW[0] + first.ljust(len(RAW[1]), bytes(1)) + RAW[2])
    with pytest.raises(tfevents.DamagedFileError) as caught:
        list(tfevents.records(path, follow=True, timeout=60))
    assert caught.value.offset == len(RAW[0])


def test_a_shortened_file_is_an_error_and_a_deleted_one_is_read_on(tmp_path):
    path = write(tmp_path / "x.tfevents", raw=b"".join(RAW))
    found = tfevents.records(path, follow=True, timeout=60)
    with path.open("ab") as file:
        for _ in RAW:
            next(found)
        path.unlink()
        file.write(RAW[1])
        file.flush()
        assert bytes(next(found)) == RAW[1][12:-4]
        os.truncate(file.fileno(), 30)
        with pytest.raises(tfevents.DamagedFileError, match="shortened while it was followed"):
            next(found)


def test_closing_it_ends_it(tmp_path):
    path = write(tmp_path / "x.tfevents", raw=RAW[0])
    for found in (
        tfevents.records(path, follow=True),
        tfevents.summary_iterator(path, follow=True),
    ):
        with contextlib.closing(found):
            next(found)
        assert list(found) == []


def test_interrupting_ends_the_wait(tmp_path):
    path = write(tmp_path / "x.tfevents", raw=RAW[0])
    done = python(
        """
        import signal, sys, threading, tfevents
        found = tfevents.records(sys.argv[1], follow=True)
        next(found)
        main = threading.main_thread().ident
        try:
            threading.Timer(0.2, lambda: signal.pthread_kill(main, signal.SIGINT)).start()
            next(found)
        except KeyboardInterrupt:
            print("interrupted")
        """,
        path,
    )
    assert done.stdout == "interrupted\n", done.stderr


def test_what_cannot_be_followed_says_why(tmp_path):
    path = write(tmp_path / "x.tfevents", raw=RAW[0])
    with pytest.raises(ValueError, match="`compression` must be None with follow=True, not 'gzip'"):
        tfevents.records(path, follow=True, compression="gzip")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        tfevents.records(tmp_path / "nowhere", follow=True)
    with pytest.raises(IsADirectoryError):
        tfevents.records(tmp_path, follow=True)
    with pytest.raises(ValueError, match="`path` must be a regular file"):
        tfevents.records("/dev/null", follow=True)
    for read in (tfevents.records, tfevents.summary_iterator):
        for name, wrong in [("follow", 1), ("poll", "x"), ("timeout", "x")]:
            with pytest.raises(TypeError, match=f"`{name}` must be "):
                read(path, **{name: wrong})
        with pytest.raises(ValueError, match="`poll` must be a number of seconds above 0, not 0"):
            read(path, poll=0)
