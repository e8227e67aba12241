"""`records` and `summary_iterator`: one file, record by record."""

import gzip
import zlib

import pytest
import tfevents
from eventfiles import GOLDEN, event, image, record, scalars, unframe, version, write

FILES = sorted(GOLDEN.rglob("events.out.tfevents.*"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(GOLDEN).as_posix())
def test_payloads_are_those_in_the_file(path):
    expected = [payload for _, payload in unframe(path.read_bytes())]
    views = list(tfevents.records(path))
    assert all(isinstance(view, memoryview) and view.readonly for view in views)
    assert [bytes(view) for view in views] == expected
    events = list(tfevents.summary_iterator(path))
    assert [e.SerializeToString(deterministic=True) for e in events] == [
        tfevents.proto.Event.FromString(p).SerializeToString(deterministic=True) for p in expected
    ]
    assert all(isinstance(e, tfevents.proto.Event) for e in events)


@pytest.mark.parametrize(
    ("compression", "compress"), [("gzip", gzip.compress), ("zlib", zlib.compress)]
)
def test_compressed_files_are_read_through(tmp_path, compression, compress):
    payloads = [version(), *scalars("x", range(1000)), event(1, image("i", bytes(300_000)))]
    path = tmp_path / "x.tfrecord"
    path.write_bytes(compress(b"".join(map(record, payloads))))
    assert [bytes(v) for v in tfevents.records(path, compression=compression)] == payloads


def test_a_view_stays_valid_as_long_as_it_is_kept(tmp_path):
    payloads = scalars("x", range(50_000))
    path = write(tmp_path / "x.tfevents", payloads)
    views = list(tfevents.records(str(path)))
    path.unlink()
    assert [bytes(view) for view in views] == payloads


def test_an_unfinished_record_ends_the_iteration(tmp_path):
    payloads = scalars("x", range(3))
    raw = b"".join(map(record, payloads))
    for cut in range(len(record(payloads[2]))):
        path = write(tmp_path / "x.tfevents", raw=raw[: len(raw) - 1 - cut])
        assert [bytes(v) for v in tfevents.records(path)] == payloads[:2]


def test_no_records_are_no_records(tmp_path):
    assert list(tfevents.records(write(tmp_path / "x.tfevents", raw=b""))) == []


@pytest.mark.parametrize("where", ["length", "payload"])
def test_damage_is_an_error_with_its_place(tmp_path, where):
    payloads = scalars("x", range(3))
    raw, first = bytearray(b"".join(map(record, payloads))), len(record(payloads[0]))
    raw[first + (0 if where == "length" else 20)] ^= 1
    path = write(tmp_path / "x.tfevents", raw=bytes(raw))
    iterator = tfevents.records(path)
    assert bytes(next(iterator)) == payloads[0]
    with pytest.raises(tfevents.DamagedFileError) as caught:
        next(iterator)
    assert (caught.value.path, caught.value.offset) == (str(path), first)
    if where == "payload":
        assert len(list(tfevents.records(path, checksum=False))) == 3


def test_what_cannot_be_read_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        list(tfevents.records(tmp_path / "nowhere"))
    with pytest.raises(IsADirectoryError, match=str(tmp_path)):
        list(tfevents.records(tmp_path))
    path = write(tmp_path / "x.tfevents", scalars("x", [1]))
    with pytest.raises(ValueError, match="compression"):
        list(tfevents.records(path, compression="snappy"))
    with pytest.raises((tfevents.TfeventsError, OSError), match="tfevents"):
        list(tfevents.records(path, compression="gzip"))


def test_a_record_that_is_no_event_is_an_error_of_protobuf(tmp_path):
    from google.protobuf.message import DecodeError

    path = write(tmp_path / "x.tfevents", [b"\xff\xff\xff"])
    with pytest.raises(DecodeError):
        list(tfevents.summary_iterator(path))
