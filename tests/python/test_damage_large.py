"""Damage in files so large that they are read in pieces, and hostile files in little memory."""

import random
import subprocess
import sys
import textwrap

import pytest
import tfevents
from eventfiles import (
    event,
    header,
    image,
    make_older,
    metadata,
    record,
    scalar,
    scalars,
    tensor,
    text,
    value,
    version,
    write,
)
from tensorboard.plugins.mesh.plugin_data_pb2 import MeshPluginData

MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def large():
    """`(bytes, offset and length of each record, their steps)`; 14 MB, small and large records."""
    generator = random.Random(11)
    picture = generator.randbytes(100_000)
    parts, spans, at = [], [], 0
    for n in range(12):
        for step in range(n * 1900, n * 1900 + 1900):
            spans.append((at, step))
            parts.append(record(event(step, scalar("x", step), text("t", "y" * 450))))
            at += len(parts[-1])
        parts.append(record(event(n, image("i", picture[n:]))))
        at += len(parts[-1])
    raw = b"".join(parts)
    assert len(raw) > 12 * MEGABYTE
    return raw, spans


def steps_of(path, **options):
    logs = tfevents.open(path, **options)
    return logs.scalars().to_arrow().column("step").to_pylist()


def test_a_large_file_is_whole_in_pieces(tmp_path, large):
    raw, spans = large
    path = write(tmp_path / "x.tfevents", raw=raw)
    for threads in (1, 2, 3, 8):
        assert steps_of(path, threads=threads) == [step for _, step in spans]
    assert tfevents.open(path).images().count() == 12
    assert tfevents.open(path).damage().count() == 0


def damage_of(raw, low, high, filling):
    return raw[:low] + filling + raw[high:]


@pytest.mark.parametrize(("threads", "age"), [(1, 0), (2, 1000), (5, 0)])
@pytest.mark.parametrize(
    ("low", "high", "filling"),
    [
        (4 * MEGABYTE - 50, 4 * MEGABYTE + 50, bytes(100)),
        (4 * MEGABYTE - 5, 4 * MEGABYTE + 5, b"0123456789"),
        (2 * MEGABYTE, 11 * MEGABYTE, bytes(9 * MEGABYTE)),
        (3 * MEGABYTE, 3 * MEGABYTE, b"inserted" * 100_000),
        (8 * MEGABYTE - 2000, 8 * MEGABYTE + 2000, b""),
        (5 * MEGABYTE, 5 * MEGABYTE + 12, header(1 << 40)),
        (9 * MEGABYTE, 9 * MEGABYTE + 12, header(1 << 62)),
        (0, MEGABYTE, random.Random(2).randbytes(MEGABYTE)),
        (12 * MEGABYTE, 12 * MEGABYTE + 1, b""),
    ],
    ids=["zeros", "text", "pages", "insertion", "hole", "2^40", "2^62", "start", "one byte"],
)
def test_damage_between_pieces_costs_what_it_hits(
    tmp_path, large, low, high, filling, age, threads
):
    raw, spans = large
    path = write(tmp_path / "x.tfevents", raw=damage_of(raw, low, high, filling), age=age)
    ends = [*(offset for offset, _ in spans[1:]), len(raw)]
    hit = {
        step
        for (offset, step), end in zip(spans, ends, strict=True)
        if offset < max(high, low + 1) and min(end, offset + 700) > low
    }
    logs = tfevents.open(path, threads=threads)
    with pytest.warns(tfevents.DamageWarning):
        got = logs.scalars(columns=["step"]).to_arrow().column("step").to_pylist()
    assert got == sorted(got)
    lost = {step for _, step in spans} - set(got)
    assert lost <= hit
    rows = logs.damage().to_arrow().to_pylist()
    assert rows
    changed = low, low + len(filling)
    assert all(
        row["offset"] <= max(changed) and row["offset"] + row["length"] >= low for row in rows
    )


@pytest.fixture(scope="module")
def nested():
    """`(outer file, offset of the record that holds a whole event file of 9 MB)`."""
    inner = b"".join(map(record, scalars("inner", range(500)))) * 400
    assert len(inner) > 8 * MEGABYTE
    before = b"".join(map(record, [version(), *scalars("x", range(100))]))
    after = b"".join(map(record, scalars("x", range(100, 200))))
    return before + record(event(50, image("i", inner))) + after, len(before)


@pytest.mark.parametrize("threads", [1, 2, 4, 8])
@pytest.mark.parametrize("age", [0, 1000], ids=["read", "mapped"])
def test_an_event_file_inside_a_payload_fools_nobody(tmp_path, nested, threads, age):
    path = write(tmp_path / "x.tfevents", raw=nested[0], age=age)
    logs = tfevents.open(path, threads=threads)
    table = logs.scalars().to_arrow()
    assert table.column("tag").unique().to_pylist() == ["x"]
    assert table.column("step").to_pylist() == list(range(200))
    (picture,) = logs.images().to_arrow().column("data").to_pylist()
    assert picture in nested[0]
    assert len(picture) > 8 * MEGABYTE
    assert logs.damage().count() == 0
    assert logs.events().count() == 202
    assert [row["tag"] for row in logs.series().to_arrow().to_pylist()] == ["x", "i"]


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_nothing_inside_a_damaged_payload_is_a_value(tmp_path, nested, threads):
    raw, offset = bytearray(nested[0]), nested[1]
    raw[offset + 5 * MEGABYTE] ^= 1
    path = write(tmp_path / "x.tfevents", raw=bytes(raw))
    logs = tfevents.open(path, threads=threads)
    rows = logs.damage().to_arrow().to_pylist()
    assert [row["offset"] for row in rows] == [offset]
    table = logs.scalars().to_arrow()
    assert table.column("tag").unique().to_pylist() == ["x"]
    assert table.column("step").to_pylist() == list(range(200))
    with pytest.warns(tfevents.DamageWarning):
        assert logs.images().count() == 0


HOSTILE = {
    "tensor of 2^40": value("t", "any", tensor=tensor(1, [1 << 40], float_val=[1])),
    "tensor of 2^60": value("t", "any", tensor=tensor(1, [1 << 30, 1 << 30])),
    "tensor that overflows": value("t", "any", tensor=tensor(1, [1 << 40, 1 << 40])),
    "strings": value("t", "text", tensor=tensor(7, [1 << 40], string_val=[b"x"])),
    "images": value("t", "images", tensor=tensor(7, [1 << 40], string_val=[b"1", b"1"])),
    "audio": value("t", "audio", tensor=tensor(7, [1 << 40, 2], string_val=[b"1"])),
    "histogram": value("t", "histograms", tensor=tensor(2, [1 << 40, 3])),
    "curve": value("t", "pr_curves", tensor=tensor(1, [6, 1 << 40])),
    "scalar": value("t", "scalars", tensor=tensor(1, [1, 1 << 40, 0])),
    "many meshes of nothing": value("t", "mesh", tensor=tensor(1, [1 << 40, 0, 3])),
    "meshes of no width": value("t", "mesh", tensor=tensor(1, [1 << 40, 1 << 20, 0])),
    "points of no width": value("t", "mesh", tensor=tensor(1, [1, 1 << 40, 0])),
}

LITTLE_MEMORY = """
    import resource, sys, warnings
    import tfevents
    # What a first scan brings in, threads and all, is not what is measured.
    tfevents.open(sys.argv[2], threads=2).scalars().to_arrow()
    pages = int(open("/proc/self/statm").read().split()[0])
    limit = pages * resource.getpagesize() + (512 << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    warnings.simplefilter("ignore")
    logs = tfevents.open(sys.argv[1], threads=2)
    for kind in ("tensors", "text", "images", "audio", "histograms", "pr_curves", "meshes",
                 "series", "events", "damage", "files"):
        for batch in getattr(logs, kind)():
            pass
    print(logs.scalars().to_arrow().column("step").to_pylist())
"""


def in_little_memory(path, harmless):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(LITTLE_MEMORY), str(path), str(harmless)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


def mesh_described(message):
    if message.metadata.plugin_data.plugin_name == "mesh":
        content = MeshPluginData(name="m", content_type=1).SerializeToString()
        message.metadata.CopyFrom(metadata("mesh", content))
    return message


@pytest.mark.parametrize("name", HOSTILE)
def test_a_few_bytes_cannot_ask_for_gigabytes(tmp_path, name):
    payloads = [version(), *scalars("x", [1]), event(2, mesh_described(HOSTILE[name]))]
    path = write(tmp_path / "bad.tfevents", [*payloads, *scalars("x", [3])])
    harmless = write(tmp_path / "good.tfevents", scalars("x", [1]))
    assert in_little_memory(path, harmless) == "[1, 3]"


@pytest.mark.parametrize("length", [1 << 31, 1 << 40, 1 << 62, (1 << 64) - 17, (1 << 64) - 1])
def test_an_absurd_length_allocates_nothing(tmp_path, length):
    middle = b"".join(map(record, scalars("x", [1]))) + header(length)
    raw = middle + b"".join(map(record, scalars("x", [3]))) + header(length)
    path = write(tmp_path / "bad.tfevents", raw=raw)
    harmless = write(tmp_path / "good.tfevents", scalars("x", [1]))
    assert in_little_memory(path, harmless) == "[1, 3]"


def test_a_sparse_file_of_zeros_is_passed_over(tmp_path):
    path = tmp_path / "x.tfevents"
    with path.open("wb") as file:
        file.write(record(scalars("x", [1])[0]))
        file.seek(64 * MEGABYTE)
        file.write(record(scalars("x", [2])[0]))
    make_older(path, 1000)
    with pytest.warns(tfevents.DamageWarning):
        assert steps_of(path) == [1, 2]
