"""Datasets of damaged, empty and large logs, and what is left half-read."""

import subprocess
import sys
import textwrap

import pyarrow.dataset as ds
import pytest
import tfevents
from eventfiles import event, scalar


def test_damage_met_is_told_once(log):
    path = log("a", [event(n, scalar("t", n)) for n in range(9)])
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    dataset = tfevents.open(log.root).scalars().to_dataset()
    with pytest.warns(tfevents.DamageWarning):
        assert dataset.to_table().num_rows == 8
    dataset.to_table()
    dataset = tfevents.open(log.root).scalars().to_dataset()
    with pytest.warns(tfevents.DamageWarning):
        assert len(list(dataset.to_batches(batch_size=5))) == 2
    dataset = tfevents.open(log.root).scalars().to_dataset()
    with pytest.warns(tfevents.DamageWarning):
        assert dataset.sort_by("run").count_rows() == 8


def test_an_error_in_a_native_reader_is_that_error(log):
    path = log("a", [event(n, scalar("t", n)) for n in range(9)])
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    dataset = tfevents.open(log.root, on_damage="raise").scalars().to_dataset()
    with pytest.raises(tfevents.DamagedFileError, match="checksum"):
        ds.Scanner.from_dataset(dataset).to_table()


def test_nothing_comes_of_nothing(root):
    dataset = tfevents.open(root).scalars(steps=[99]).to_dataset()
    assert dataset.to_table().schema == dataset.schema
    assert dataset.count_rows() == ds.Scanner.from_dataset(dataset).count_rows() == 0
    assert dataset.sort_by("run").count_rows() == 0


def test_a_log_of_many_runs_has_files_of_several_runs(log):
    for number in range(1003):
        log(f"r{number}", [event(1, scalar("t", number))])
    dataset = tfevents.open(log.root).scalars().to_dataset()
    assert len(dataset.files) <= 1000
    native = ds.Scanner.from_dataset(dataset).to_table()
    assert native["value"].to_pylist() == list(range(1003))
    assert ds.Scanner.from_dataset(dataset, filter=ds.field("run") == "r7").to_table().num_rows == 1


LEFT = {
    "scanner": "left = ds.Scanner.from_dataset(d, batch_size=10).to_batches(); next(left)",
    "dropped": "left = ds.Scanner.from_dataset(d).to_batches(); next(left); del left",
    "batches": "left = d.to_batches(batch_size=10); next(left)",
    "acero": "left = acero.Declaration('scan', acero.ScanNodeOptions(d)).to_reader()",
    "fork": """
        ds.Scanner.from_dataset(d).to_table()
        if (child := os.fork()) == 0:
            same = ds.Scanner.from_dataset(d).to_table().num_rows == d.to_table().num_rows
            os._exit(0 if same else 1)
        assert os.waitpid(child, 0)[1] == 0
    """,
    "one thread": """
        pa.set_io_thread_count(1), pa.set_cpu_count(1)
        assert ds.dataset([d, d]).count_rows() == 2 * d.to_table().num_rows
    """,
}


@pytest.mark.parametrize("name", LEFT)
def test_a_process_ends_well_whatever_it_left_half_read(root, name):
    program = textwrap.dedent("""
        import os, sys, tfevents, pyarrow as pa, pyarrow.dataset as ds, pyarrow.acero as acero
        d = tfevents.open(sys.argv[1]).scalars().to_dataset()
    """) + textwrap.dedent(LEFT[name])
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, root],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
