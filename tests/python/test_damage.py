"""Damage costs the damaged record and nothing else, and nothing wrong is returned as a value."""

import random
import struct

import pytest
import tfevents
from damaged import BEFORE, DAMAGE, GARBAGE, around, bad_crc, damage, quietly
from eventfiles import (
    GOLDEN,
    event,
    field,
    header,
    histogram,
    image,
    masked,
    metadata,
    record,
    scalar,
    scalars,
    tensor,
    text,
    unframe,
    value,
    version,
    wire_event,
)
from oracle import exact

KINDS = ("scalars", "histograms", "text", "tensors", "images")

#: A log of about 1 kB with every kind that matters to the walk.
SMALL = [
    version(),
    event(1, scalar("loss", 0.5), scalar("acc", 0.25)),
    event(2, histogram("h", [0.0, 1.0, 2.0], [1, 2, 3], min=-1, max=2, num=6)),
    event(3, text("t", "some text", "é")),
    event(4, value("m", "mine", tensor=tensor(1, [4], float_val=[1, 2, 3, 4]))),
    event(5, image("i", b"\x89PNG" + bytes(range(256)))),
    event(6, value("t", tensor=tensor(7, [1], string_val=[b"bare"]))),
    *scalars("loss", range(7, 12)),
]

RESTART = sorted((GOLDEN / "torch_all" / "restart").iterdir())[0]
KERAS = next((GOLDEN / "keras_digits" / "validation").iterdir())
HPARAMS = next((GOLDEN / "tbx_all" / "hpx").iterdir())
LARGER = [
    next((GOLDEN / "tf2_all").iterdir()),
    next(path for path in (GOLDEN / "torch_all").iterdir() if path.name.endswith(".all")),
    next((GOLDEN / "tf1_all").iterdir()),
]


def tables(path, **options):
    """Rows of every kind, with where they come from."""
    logs = tfevents.open(path, **options)
    found = {}
    for kind in KINDS:
        columns = [*getattr(logs, kind)().schema.names, "offset"]
        found[kind] = exact(getattr(logs, kind)(columns=columns).to_arrow().to_pylist())
    return found


def without(found, offsets):
    return {
        kind: [row for row in rows if row["offset"] not in offsets] for kind, rows in found.items()
    }


def spans(raw):
    return [(offset, len(payload) + 16) for offset, payload in unframe(raw)]


def assert_flip_costs_one_record(path, raw, whole, at, mask):
    broken = bytearray(raw)
    broken[at] ^= mask
    path.write_bytes(broken)
    offset, length = next(span for span in spans(raw) if span[0] <= at < sum(span))
    expected = without(whole, {offset})
    # The plugin of a tag may have been told by the record that is gone.
    if b"bare" in raw and b"some text" in raw[offset : offset + length]:
        (row,) = [row for row in expected["text"] if row["text"] == ["bare"]]
        expected["text"].remove(row)
        got = quietly(tables, path)
        assert got.pop("tensors")[-1]["strings"] == [b"bare"]
        expected.pop("tensors")
    else:
        got = quietly(tables, path)
    assert got == expected, at
    assert damage(path) == [(offset, length)], at


SOURCES = {
    "small": b"".join(map(record, SMALL)),
    "restart": RESTART.read_bytes(),
    "keras": KERAS.read_bytes(),
    "hparams": HPARAMS.read_bytes(),
}


@pytest.mark.parametrize("name", SOURCES)
def test_each_byte_flipped_costs_its_record_only(tmp_path, name):
    raw, path = SOURCES[name], tmp_path / "x.tfevents"
    path.write_bytes(raw)
    whole = tables(path)
    assert sum(map(len, whole.values())) or name == "hparams"
    for at in range(len(raw)):
        assert_flip_costs_one_record(path, raw, whole, at, 0xFF if at % 2 else 1 << at % 8)


@pytest.mark.parametrize("name", SOURCES)
def test_cut_at_each_byte_everything_before_the_cut_is_read(tmp_path, name):
    raw, path = SOURCES[name], tmp_path / "x.tfevents"
    path.write_bytes(raw)
    whole = tables(path)
    for cut in range(len(raw)):
        path.write_bytes(raw[:cut])
        gone = {offset for offset, length in spans(raw) if offset + length > cut}
        assert tables(path) == without(whole, gone), cut  # an unfinished record is no damage
        assert damage(path) == [], cut


@pytest.mark.parametrize("source", LARGER, ids=lambda path: path.parent.name)
def test_flips_and_cuts_of_larger_files(tmp_path, source):
    raw, path = source.read_bytes(), tmp_path / "x.tfevents"
    path.write_bytes(raw)
    whole, generator = tables(path), random.Random(source.parent.name)
    for _ in range(60):
        at = generator.randrange(len(raw))
        broken = bytearray(raw)
        broken[at] ^= 1 << generator.randrange(8)
        path.write_bytes(broken)
        (offset, length) = next(s for s in spans_of[source] if s[0] <= at < sum(s))
        assert damage(path) == [(offset, length)]
        got = quietly(tables, path)
        # A tag whose metadata was in the damaged record may change its kind, no other.
        for kind in ("scalars", "histograms", "images"):
            assert got[kind] == without(whole, {offset})[kind], at
        cut = generator.randrange(len(raw))
        path.write_bytes(raw[:cut])
        gone = {start for start, length in spans_of[source] if start + length > cut}
        assert tables(path) == without(whole, gone), cut


spans_of = {path: spans(path.read_bytes()) for path in LARGER}


def test_without_checksums_a_flip_still_costs_no_other_record(tmp_path):
    raw, path = SOURCES["small"], tmp_path / "x.tfevents"
    path.write_bytes(raw)
    whole = tables(path)
    for at in range(len(raw)):
        broken = bytearray(raw)
        broken[at] ^= 0x55
        path.write_bytes(broken)
        offset, _ = next(span for span in spans(raw) if span[0] <= at < sum(span))
        got = without(quietly(tables, path, checksum=False), {offset})
        expected = without(whole, {offset})
        for kind in ("scalars", "histograms", "images"):
            assert got[kind] == expected[kind], at


# Kinds of damage.


@pytest.mark.parametrize("name", DAMAGE)
def test_reading_goes_on_after(tmp_path, name):
    path = tmp_path / "x.tfevents"
    path.write_bytes(around(DAMAGE[name]))
    at = sum(len(record(payload)) for payload in BEFORE)
    logs = tfevents.open(path)
    assert quietly(logs.scalars().to_arrow).column("step").to_pylist() == list(range(10))
    (row,) = logs.damage().to_arrow().to_pylist() or [None]
    assert (row["path"], row["offset"], row["length"]) == (str(path), at, len(DAMAGE[name]))
    assert row["reason"]
    (row,) = logs.files().to_arrow().to_pylist()
    assert (row["records"], row["damaged_bytes"]) == (10, len(DAMAGE[name]))


@pytest.mark.parametrize("name", [n for n in DAMAGE if not n.startswith(("a torn", "length"))])
def test_damage_at_the_end_is_damage(tmp_path, name):
    path = tmp_path / "x.tfevents"
    path.write_bytes(b"".join(map(record, BEFORE)) + DAMAGE[name])
    table = quietly(tfevents.open(path).scalars().to_arrow)
    assert table.column("step").to_pylist() == list(range(5))
    if len(DAMAGE[name]) >= 12:
        assert sum(length for _, length in damage(path)) == len(DAMAGE[name])


@pytest.mark.parametrize("name", [n for n in DAMAGE if n.startswith(("a torn", "length"))])
def test_an_unfinished_record_at_the_end_is_waited_for(tmp_path, name):
    path = tmp_path / "x.tfevents"
    path.write_bytes(b"".join(map(record, BEFORE)) + DAMAGE[name])
    table = tfevents.open(path).scalars().to_arrow()  # no warning
    assert table.column("step").to_pylist() == list(range(5))


def test_zeros_are_called_zeros(tmp_path):
    path = tmp_path / "x.tfevents"
    path.write_bytes(around(bytes(5000)))
    (row,) = tfevents.open(path).damage().to_arrow().to_pylist()
    assert "zeros" in row["reason"]


def test_several_places_are_listed_in_order_each_with_its_reason(tmp_path):
    path = tmp_path / "x.tfevents"
    parts = [around(DAMAGE[name]) for name in ("zeros", "no proto", "a bad payload checksum")]
    path.write_bytes(b"".join(parts))
    rows = tfevents.open(path).damage().to_arrow().to_pylist()
    start = sum(len(record(payload)) for payload in BEFORE)
    offsets = [start, start + len(parts[0]), start + len(parts[0]) + len(parts[1])]
    assert [row["offset"] for row in rows] == offsets
    zeros, proto, checksum = (row["reason"] for row in rows)
    assert "zeros" in zeros
    assert "Event" in proto
    assert "checksum" in checksum


def test_a_bad_value_costs_no_other_and_counts_nowhere(tmp_path):
    good, bad = histogram("h", [1.0, 2.0], [1.0, 1.0]), histogram("h", [1.0, 2.0], [1.0])
    path = tmp_path / "x.tfevents"
    path.write_bytes(record(event(3, bad, good, scalar("x", 1.0))))
    listed = quietly(tfevents.open(path).events().to_arrow)
    assert listed["kind"].to_pylist() == [None, "histograms", "scalars"]
    series = quietly(tfevents.open(path).series().to_arrow)
    assert series["count"].to_pylist() == [1, 1]
    assert quietly(tfevents.open(path).histograms().count) == 1
    for reader in ("events", "series", "histograms"):
        with pytest.raises(tfevents.DamagedFileError, match="bucket"):
            getattr(tfevents.open(path, on_damage="raise"), reader)().to_arrow()
    assert tfevents.open(path).damage().count() == 1


def test_a_torn_record_costs_nothing_of_what_was_written_after_it(tmp_path):
    """A writer died within a record and another went on in the same file.

    The length of the torn record holds, but covers whole records that follow; no record begins
    where it says to end.
    """
    torn = record(event(99, text("t", "x" * 300)))[:60]
    path = tmp_path / "x.tfevents"
    path.write_bytes(torn.join(b"".join(map(record, scalars("x", r))) for r in _RANGES))
    steps = quietly(tfevents.open(path).scalars().to_arrow).column("step").to_pylist()
    assert steps == list(range(100))
    at = sum(len(record(payload)) for payload in scalars("x", _RANGES[0]))
    assert damage(path) == [(at, 60)]


_RANGES = range(50), range(50, 100)


def test_one_damaged_file_affects_no_other(log):
    for run in ("a", "b", "c"):
        log(run, [version(1.0), *scalars("x", range(5))], "1.tfevents")
        log(run, [version(2.0), *scalars("x", range(5, 10))], "2.tfevents")
    log("b", raw=GARBAGE, name="0.tfevents")
    log("b", raw=bytes(100_000), name="3.tfevents")
    log("d", raw=header(1 << 50), name="0.tfevents")
    logs = tfevents.open(log.root)
    table = quietly(logs.scalars().to_arrow)
    got = list(zip(*(table.column(n).to_pylist() for n in ("run", "step")), strict=True))
    assert got == [(run, step) for run in "abc" for step in range(10)]
    damaged = {row["path"] for row in logs.damage().to_arrow().to_pylist()}
    assert damaged == {str(log.root / "b" / name) for name in ("0.tfevents", "3.tfevents")}


def test_a_damaged_record_teaches_nothing_about_its_tag(log):
    """Its metadata is not believed, however large it is and whichever reader skips over it."""
    wrong = value("t", "images", tensor=tensor(7, [2], string_val=[b"9", b"9" * 40_000]))
    bare = value("t", tensor=tensor(7, [1], string_val=[b"b"]))
    parts = [record(event(0, text("t", "a"))), bad_crc(event(1, wrong)), record(event(2, bare))]
    log(".", raw=b"".join(parts))
    rows = quietly(tfevents.open(log.root).text().to_arrow).to_pylist()
    assert [row["text"] for row in rows] == [["a"], ["b"]]


def test_a_plugin_name_that_is_no_utf8_is_damage(tmp_path):
    said = metadata("PLUGIN").SerializeToString().replace(b"PLUGIN", b"\xff" * 6)
    payload = wire_event(3, field(1, b"x") + b"\x15" + struct.pack("<f", 1) + field(9, said))
    path = tmp_path / "x.tfevents"
    path.write_bytes(around(record(payload)))
    with pytest.warns(tfevents.DamageWarning):
        steps = tfevents.open(path).scalars().to_arrow().column("step").to_pylist()
    assert steps == list(range(10))


@pytest.mark.parametrize("length", [0, 1, 1000])
def test_a_payload_of_zeros_with_its_checksum_is_no_event_unless_empty(tmp_path, length):
    path = tmp_path / "x.tfevents"
    path.write_bytes(around(record(bytes(length))))
    steps = quietly(tfevents.open(path).scalars().to_arrow).column("step").to_pylist()
    assert steps == list(range(10))
    assert len(damage(path)) == (1 if length else 0)


def test_the_checksum_is_that_of_the_format():
    assert masked(b"") == 0xA282EAD8
    assert masked(bytes(8)) == 0x07980329
    assert header(24)[8:] == struct.pack("<I", 0x224B7FA3)
