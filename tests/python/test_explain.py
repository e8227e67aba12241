"""What a scan says it will read: `repr` and `Scan.explain`."""

import re

import pytest
import tfevents
from eventfiles import NAME, scalars
from oracle import KINDS

TABLES = [*KINDS, "series", "files", "damage", "events", "hparams", "embeddings"]


@pytest.fixture
def runs(log):
    """Three runs, one of two files of which the second by name is the first by time."""
    log("a", scalars("x", range(30), run=1), name=f"{NAME}.1")
    log("a", scalars("x", range(3)), name=f"{NAME}.2")
    log("b2", scalars("x", range(4)))
    log("b10", scalars("x", range(5)))
    return log.root


def test_repr_shows_kind_filters_restarts_and_columns_in_one_line(runs):
    logs = tfevents.open(runs)
    assert repr(logs.scalars()) == (
        "<tfevents.Scan of scalars, restarts='all': run, tag, step, wall_time, value>"
    )
    some = tfevents.open(runs, restarts="last").scalars(
        runs=["a", "b*"],
        tags=re.compile("^x"),
        steps=slice(3, None),
        wall_time=(None, 9),
        plugin="scalars",
        columns=["step", "value"],
    )
    assert repr(some) == (
        "<tfevents.Scan of scalars, runs=['a', 'b*'], tags=re.compile('^x'), steps=3:, "
        "wall_time=(-inf, 9.0), plugin='scalars', restarts='last': step, value>"
    )
    assert repr(logs.events(steps=range(0, 9, 2))).startswith(
        "<tfevents.Scan of events, steps=0:9:2: run, file, offset"
    )
    assert "tags=['t0', 't1', 't2', … 97 more]" in repr(
        logs.scalars(tags=[f"t{i}" for i in range(100)])
    )


def test_repr_reads_nothing_to_know_the_columns(runs):
    logs = tfevents.open(runs)
    assert repr(logs.hparams()) == "<tfevents.Scan of hparams, not read yet>"
    typed = logs.tensors(dtype="float32")
    assert "dtype='float32'" in repr(typed)
    assert "not read yet" in repr(typed)
    assert typed.schema.names[-1] == "values"
    assert "values>" in repr(typed)


def test_explain_lists_the_files_in_the_order_in_which_they_are_read(runs):
    scan = tfevents.open(runs).scalars(runs=["a", "b*"], steps=slice(3, None))
    text = scan.explain()
    files = list(
        dict.fromkeys(scan._narrowed(["file"], {"steps": None}).to_arrow()["file"].to_pylist())
    )
    listed = [line.split("  ") for line in text.splitlines() if line.startswith("  ")]
    assert [path for _, _, path, _ in listed] == files
    assert [run for _, run, _, _ in listed] == ["a", "a", "b2", "b10"]
    sizes = sum((runs / path).stat().st_size for path in files)
    assert f"files     4, {sizes:,} bytes" in text
    assert "runs      3 of 3" in text
    assert "filters   runs=['a', 'b*'], steps=3:" in text
    assert "columns   run, tag, step, wall_time, value" in text


def test_explain_leaves_out_what_the_filter_does(runs):
    text = tfevents.open(runs).scalars(runs="b*").explain()
    assert "runs      2 of 3" in text
    assert "files     2," in text
    assert "/a/" not in text


def test_explain_says_how_often_the_log_is_read(runs):
    logs = tfevents.open(runs, restarts="last")
    assert "passes    keys, to find the restarts; rows" in logs.scalars().explain()
    assert "passes    rows" in logs.damage().explain()
    pattern = logs.events(tags=re.compile("x"))
    assert "passes    the names of all tags, for the pattern" in pattern.explain()
    assert "checksum=False" in tfevents.open(runs, checksum=False).scalars().explain()


def test_explain_decodes_nothing(runs):
    for path in runs.rglob("*tfevents*"):
        raw = bytearray(path.read_bytes())
        raw[-10] ^= 1  # in the last payload
        path.write_bytes(raw)
    logs = tfevents.open(runs, on_damage="raise")
    assert "files     4," in logs.scalars().explain()
    with pytest.raises(tfevents.DamagedFileError):
        logs.scalars().count()


def test_explain_names_the_first_of_many_files(log):
    for i in range(50):
        log(f"run{i}", scalars("x", [i]))
    text = tfevents.open(log.root).scalars().explain()
    assert "  run19  " in text
    assert "run20" not in text
    assert text.endswith("  and 30 more")


@pytest.mark.parametrize("table", TABLES)
def test_every_table_explains_itself(table, runs):
    scan = getattr(tfevents.open(runs), table)()
    assert scan.explain().startswith(f"table     {table}\n")
    assert repr(scan).startswith(f"<tfevents.Scan of {table}")
    assert scan.schema.names  # found at the first use, where they depend on the log
    assert scan.explain().startswith(f"table     {table}\n")
