"""`write_parquet`: any kind, equal when read back, whole or not at all."""

import os
import random
import signal
import stat
import subprocess
import sys
import textwrap
import threading
import time

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tfevents
from eventfiles import GOLDEN, event, image, record, scalar, scalars
from oracle import KINDS, exact

TABLES = [*KINDS, "series", "events", "files", "hparams", "embeddings"]


@pytest.mark.parametrize("kind", TABLES)
def test_every_kind_reads_back_equal(tmp_path, kind):
    scan = getattr(tfevents.open(GOLDEN), kind)()
    path = tmp_path / f"{kind}.parquet"
    expected = scan.to_arrow()
    assert scan.write_parquet(path) == expected.num_rows > 0
    back = pq.read_table(path)
    assert back.column_names == expected.column_names
    assert back.schema.equals(expected.schema), kind
    assert exact(back.to_pylist()) == exact(expected.to_pylist())


@pytest.mark.parametrize("kind", KINDS)
def test_duckdb_and_polars_read_it(tmp_path, kind):
    scan = getattr(tfevents.open(GOLDEN), kind)()
    path = tmp_path / "x.parquet"
    scan.write_parquet(path)
    expected = [tuple(row.values()) for row in scan.to_arrow().to_pylist()]
    assert exact(pl.read_parquet(path).rows()) == exact(expected)
    found = duckdb.sql(f"select * from '{path}'").fetchall()
    assert exact(found) == exact(expected)


@pytest.mark.filterwarnings("ignore::tfevents.NoMatchWarning")
@pytest.mark.parametrize("kind", ["scalars", "images", "damage", "tensors"])
def test_an_empty_table_is_a_file_with_its_schema(tmp_path, log, kind):
    log(".", scalars("x", [1]))
    scan = getattr(tfevents.open(log.root), kind)(**({} if kind == "damage" else {"tags": "no"}))
    path = tmp_path / "x.parquet"
    assert scan.write_parquet(path) == 0
    back = pq.read_table(path)
    assert (back.num_rows, back.schema.names) == (0, scan.schema.names)
    assert back.schema.equals(scan.schema)


def test_columns_and_filters_hold(tmp_path, log):
    log(".", scalars("x", range(100)))
    path = tmp_path / "x.parquet"
    scan = tfevents.open(log.root).scalars(steps=slice(10, 20), columns=["step", "offset"])
    assert scan.write_parquet(path) == 10
    assert pq.read_table(path).equals(scan.to_arrow())


def test_it_is_compressed_with_zstd_and_encoded_for_the_data(tmp_path, log):
    log(".", scalars("x", range(5000)))
    path = tmp_path / "x.parquet"
    tfevents.open(log.root).scalars().write_parquet(path)
    group = pq.ParquetFile(path).metadata.row_group(0)
    columns = {group.column(n).path_in_schema: group.column(n) for n in range(group.num_columns)}
    assert {column.compression for column in columns.values()} == {"ZSTD"}
    assert "DELTA_BINARY_PACKED" in columns["step"].encodings
    assert "BYTE_STREAM_SPLIT" in columns["value"].encodings
    assert "RLE_DICTIONARY" in columns["tag"].encodings
    assert columns["step"].statistics.max == 4999
    assert path.stat().st_size < 60_000


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_threads_change_nothing(tmp_path, log, threads):
    for run in range(5):
        log(f"r{run}", scalars("x", range(3000), run))
    scan = tfevents.open(log.root, threads=threads).scalars()
    path = tmp_path / "x.parquet"
    assert scan.write_parquet(path, threads=threads) == 15_000
    assert pq.read_table(path).to_pylist() == scan.to_arrow().to_pylist()


def test_a_file_that_is_there_is_replaced(tmp_path, log):
    log(".", scalars("x", [1, 2]))
    path = tmp_path / "x.parquet"
    path.write_bytes(b"old")
    tfevents.open(log.root).scalars().write_parquet(str(path))
    assert pq.read_table(path).column("step").to_pylist() == [1, 2]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["logs", "x.parquet"]


def test_the_file_has_the_usual_permissions(tmp_path, log):
    log(".", scalars("x", [1]))
    path, usual = tmp_path / "x.parquet", tmp_path / "usual"
    tfevents.open(log.root).scalars().write_parquet(path)
    usual.touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(usual.stat().st_mode)


@pytest.mark.parametrize("old", [None, b"old"])
def test_what_fails_midway_leaves_nothing_behind(tmp_path, log, old):
    payloads = b"".join(map(record, scalars("x", range(50_000, 50_100))))
    picture = record(event(0, image("i", bytes(2 << 20))))
    log(".", raw=payloads + picture * 5 + payloads + bytes(100) + payloads)
    folder = tmp_path / "out"
    folder.mkdir()
    path = folder / "x.parquet"
    if old:
        path.write_bytes(old)
    for kind in ("images", "scalars"):
        scan = getattr(tfevents.open(log.root, on_damage="raise"), kind)()
        with pytest.raises(tfevents.DamagedFileError):
            scan.write_parquet(path)
    assert [p.name for p in folder.iterdir()] == (["x.parquet"] if old else [])
    if old:
        assert path.read_bytes() == old


@pytest.mark.parametrize("target", ["nowhere/x.parquet", "."])
def test_a_place_that_cannot_be_written_is_named(tmp_path, log, target):
    log(".", scalars("x", [1]))
    path = tmp_path / target
    with pytest.raises(OSError, match=str(path)):
        tfevents.open(log.root).scalars().write_parquet(path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["logs"]


WRITE = """
    import sys
    import tfevents
    scan = tfevents.open(sys.argv[1], threads=1).images()
    print("go", flush=True)
    scan.write_parquet(sys.argv[2], threads=1)
"""


@pytest.mark.parametrize("old", [None, b"old"])
def test_an_interrupted_write_leaves_nothing_behind(tmp_path, log, old):
    blob = record(event(0, image("i", random.Random(1).randbytes(1 << 20))))
    path = log("r0", raw=blob * 60)
    for run in range(1, 20):
        (log.root / f"r{run}").mkdir()
        os.link(path, log.root / f"r{run}" / path.name)
    folder = tmp_path / "out"
    folder.mkdir()
    target = folder / "x.parquet"
    if old:
        target.write_bytes(old)
    command = [sys.executable, "-c", textwrap.dedent(WRITE), str(log.root), str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"go\n"
        while process.poll() is None and len(list(folder.iterdir())) == bool(old):
            time.sleep(0.001)  # until the temporary file is there
        assert process.poll() is None, "the write ended before it could be interrupted"
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=300)
    assert b"KeyboardInterrupt" in stderr
    assert [p.name for p in folder.iterdir()] == (["x.parquet"] if old else [])
    if old:
        assert target.read_bytes() == old


def test_types_survive_without_arrow_metadata(tmp_path, log):
    """Readers that know nothing of Arrow see plain logical types."""
    log(".", scalars("x", [1]))
    path = tmp_path / "x.parquet"
    tfevents.open(log.root).scalars().write_parquet(path)
    fields = {f.name: f for f in (pq.ParquetFile(path).schema[n] for n in range(5))}
    assert fields["step"].physical_type == "INT64"
    assert fields["value"].physical_type == "DOUBLE"
    assert str(fields["run"].logical_type) == "String"
    assert pa.types.is_dictionary(pq.read_schema(path).field("run").type)


def test_a_log_of_one_thread_is_written_by_one(log, tmp_path):
    """Sampling may miss a thread, but sees none that is not there."""
    log("r", [event(n, scalar("a", n), scalar("b", -n)) for n in range(60_000)])
    scan = tfevents.open(log.root, threads=1).scalars()
    threads, done = [], threading.Event()

    def sample():
        while not (done.is_set() and threads):
            threads.append(len(os.listdir("/proc/self/task")))  # noqa: PTH208  (thousands of times)

    sampler = threading.Thread(target=sample)
    sampler.start()
    before = len(os.listdir("/proc/self/task"))  # noqa: PTH208
    rows = scan.write_parquet(tmp_path / "x.parquet")
    done.set()
    sampler.join()
    assert rows == 120_000
    assert max(threads) <= before + 1
