"""The command line: what it prints, its exit codes, and wrong use."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import tfevents
from docblocks import ROOT
from eventfiles import event, record, scalar, text
from golden import GOLDEN
from tfevents import SummaryWriter
from tfevents._cli.main import main
from tfevents._cli.text import size

COMMANDS = ("ls", "show", "tail", "stats", "extract", "verify")


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


def command(*arguments):
    """Runs a command in this process, which is quicker; what it printed, and its exit code."""
    out, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        try:
            code = main([*map(str, arguments)])
        except SystemExit as end:
            code = end.code
    return Done(code, out.getvalue(), errors.getvalue())


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def printed(*arguments, code=0, errors=""):
    done = command(*arguments)
    assert (done.returncode, done.stderr) == (code, errors), done.stderr
    return done.stdout


def found(*arguments, **options):
    return json.loads(printed(*arguments, "--json", **options))


@pytest.fixture
def log(tmp_path):
    """Two runs: 1,500 points, a step that comes again, and names that a terminal must not see."""
    steps = [*range(1500), 7]
    rows = [event(step, scalar("loss", step / 2), wall_time=step) for step in steps]
    rows.append(event(3, text("note", "first\nsecond"), wall_time=9000.0))
    rows.append(event(4, scalar("\x1b[31mred\n", float("nan")), wall_time=9001.0))
    for run in ("a", "b/c"):
        path = tmp_path / "log" / run / "events.out.tfevents.1.host"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"".join(map(record, rows)))
    return tmp_path / "log"


def hurt(log):
    path = next((log / "a").iterdir())
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    return path


def test_ls_says_what_there_is(log):
    lines = printed("ls", log).splitlines()
    assert lines[0].split() == [
        "run,",
        "tag",
        "kind",
        "points",
        "shown",
        "last",
        "step",
        "last",
        "value",
    ]
    assert lines[1] == "a"
    assert lines[2].split() == ["loss", "scalars", "1,501", "1,000", "7", "3.5"]
    assert lines[3].split() == ["note", "text", "1", "1", "3"]
    assert lines[4].split() == ["\\x1b[31mred\\n", "scalars", "1", "1", "4", "nan"]
    assert lines[5] == "b/c"


def test_ls_as_json_is_the_table_of_series():
    with tfevents.open(GOLDEN) as logs:
        series = logs.series().to_arrow().to_pylist()
        last = {(s.run, s.tag): s.value[-1] for s in logs.scalars().by_series()}
    rows = found("ls", GOLDEN)
    assert [(row["run"], row["tag"], row["points"]) for row in rows] == [
        (row["run"], row["tag"], row["count"]) for row in series
    ]
    numbers = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": -float("inf")}
    for row in rows:
        if row["kind"] == "scalars":
            value = numbers.get(row["last_value"], row["last_value"])
            assert value == pytest.approx(last[row["run"], row["tag"]], rel=0, nan_ok=True)


def test_filters_are_those_of_the_readers(log):
    rows = found("show", log, "--runs", "b/*", "--tags", "loss", "--steps", "10:12")
    assert [(row["run"], row["tag"], row["step"]) for row in rows] == [
        ("b/c", "loss", 10),
        ("b/c", "loss", 11),
    ]
    last = found("show", log, "--runs", "a", "--tags", "loss", "--restarts", "last", "--all")
    assert [row["step"] for row in last] == [*range(7), 7]
    assert len(found("show", log, "--tags", "note", "--tags", "loss", "-n", "3")) == 8


def test_show_prints_values_as_people_read_them(log):
    shown = printed("show", log, "--runs", "a", "-n", "1")
    assert shown.splitlines() == [
        "a: loss (scalars)",
        "           7  1970-01-01 00:00:07  3.5",
        "",
        "a: \\x1b[31mred\\n (scalars)",
        "           4  1970-01-01 02:30:01  nan",
        "",
        "a: note (text)",
        "           3  1970-01-01 02:30:00  first",
        "    first",
        "    second",
    ]
    bars = printed("show", GOLDEN, "--tags", "*/bias/histogram", "-n", "1")
    assert "█" in bars
    assert " values from " in bars


def test_every_kind_has_a_line():
    shown = printed("show", GOLDEN, "--all")
    with tfevents.open(GOLDEN) as logs:
        kinds = set(filter(None, logs.series().to_arrow()["kind"].to_pylist()))
    for kind in kinds - {"hparams"}:
        assert f"({kind})" in shown


def test_tail_prints_the_latest_by_wall_time(log):
    lines = printed("tail", log, "-n", "3").splitlines()
    assert [line.split("  ")[1:] for line in lines] == [
        ["b/c: note", "step 3", "first"],
        ["a: \\x1b[31mred\\n", "step 4", "nan"],
        ["b/c: \\x1b[31mred\\n", "step 4", "nan"],
    ]


def test_tail_follows_what_is_written(tmp_path):
    arguments = ["tail", "-f", str(tmp_path / "new"), "--json", "--kinds", "scalars"]
    with (
        subprocess.Popen(
            [sys.executable, "-m", "tfevents", *arguments], stdout=subprocess.PIPE, text=True
        ) as tail,
        SummaryWriter(tmp_path / "new") as writer,
    ):
        for step in range(3):
            writer.add_scalar("loss", step / 4, step)
            writer.flush()
            row = json.loads(tail.stdout.readline())
            assert (row["kind"], row["tag"], row["step"], row["value"]) == (
                "scalars",
                "loss",
                step,
                step / 4,
            )
        tail.send_signal(signal.SIGINT)
        assert tail.wait(30) == 130


def test_stats_accounts_for_every_record_and_byte():
    rows = found("stats", GOLDEN)
    with tfevents.open(GOLDEN) as logs:
        events = logs.events(columns=["file", "offset", "length"]).to_arrow().to_pylist()
    records = {(row["file"], row["offset"]): row["length"] for row in events}
    for by in ("kinds", "tags", "files"):
        of = [row for row in rows if row["by"] == by]
        assert sum(row["values"] for row in of) == len(events)
        assert sum(row["records"] for row in of) == len(records)
        assert sum(row["bytes"] for row in of) == pytest.approx(sum(records.values()), abs=len(of))
        assert sum(row["share"] for row in of) == pytest.approx(1)


def test_stats_shows_the_largest(log):
    lines = printed("stats", log, "--top", "1").splitlines()
    assert lines[0].split() == ["kind", "values", "records", "bytes", "share"]
    assert lines[1].split()[:3] == ["scalars", "3,004", "3,004"]
    assert "… and 5 tags more" in lines
    assert "… and 1 file more" in lines


def test_extract_writes_the_encoded_bytes(tmp_path):
    out = tmp_path / "out"
    said = printed("extract", GOLDEN, out)
    files = [path for path in out.rglob("*") if path.is_file()]
    with tfevents.open(GOLDEN) as logs:
        rows = [
            row["data"]
            for scan in (logs.images(), logs.audio(), logs.graphs())
            for row in scan.to_arrow().to_pylist()
        ]
    assert sorted(path.read_bytes() for path in files) == sorted(rows)
    assert said.startswith(f"{len(rows)} files, ")
    assert command("extract", GOLDEN, out).returncode == 2, "files are not replaced unasked"
    printed("extract", GOLDEN, out, "--overwrite")
    assert [path for path in out.rglob("*") if path.is_file()] == files


@pytest.mark.parametrize("tag", ["../../up", "/root", "a/../../b", "..", "c\0d\n", "x" * 300])
def test_extract_stays_where_it_is_told(tmp_path, tag):
    with SummaryWriter(tmp_path / "log") as writer:
        for _ in range(2):
            writer.add_image(tag, np.zeros((3, 2, 2), "u1"), 5)
    printed("extract", tmp_path / "log", tmp_path / "deep" / "out")
    files = list(tmp_path.rglob("*.png"))
    assert len(files) == 2
    assert all((tmp_path / "deep" / "out") in path.resolve().parents for path in files)
    assert {path.name for path in files} == {"5.png", "5_2.png"}


def test_verify_lists_damage_and_fails(log):
    bytes_ = sum(path.stat().st_size for path in log.rglob("*") if path.is_file())
    assert printed("verify", log) == f"2 files, 3,006 records, {size(bytes_)}: no damage\n"
    path = hurt(log)
    lines = printed("verify", log, code=1).splitlines()
    assert lines[0].split() == ["path", "offset", "length", "reason"]
    assert lines[1].split()[0] == str(path)
    assert lines[-1].endswith(": 1 damaged place")
    assert [row["path"] for row in found("verify", log, code=1)] == [str(path)]


@pytest.mark.parametrize("name", ["ls", "show", "tail", "stats"])
def test_damage_is_counted_and_ends_nothing(log, name):
    path = hurt(log)
    done = command(name, log)
    assert done.returncode == 0
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"tfevents {name}: 1 damaged place(s), ")
    assert str(path) in done.stderr
    assert "damage()" not in done.stderr, "that is Python"
    assert command(name, log, "--fail-on", "damage").returncode == 1
    assert command(name, log, "--fail-on", "unreadable,replaced").returncode == 0


def test_what_cannot_be_opened_is_unreadable(log):
    path = next((log / "a").iterdir())
    path.unlink()
    path.symlink_to("/proc/self/mem-of-nobody")
    (log / "a" / "loop.tfevents").symlink_to("loop.tfevents")
    done = command("ls", log, "--fail-on", "unreadable")
    assert done.returncode == 1
    assert "passed over" in done.stderr or "damaged" in done.stderr


def test_a_filter_that_matches_nothing_is_exit_code_1(log):
    done = command("ls", log, "--tags", "lass")
    assert done.returncode == 1
    assert "the nearest are 'loss'" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ls", "/nowhere"], "tfevents ls: /nowhere: No such file or directory"),
        (["ls"], "the following arguments are required: LOG"),
        (["lss", "x"], "invalid choice: 'lss'"),
        (["ls", GOLDEN, "--steps", "a:b"], "must be FROM:TO or a step, not 'a:b'"),
        (
            ["ls", GOLDEN, "--fail-on", "rain"],
            "must be some of damage, unreadable, replaced, not 'rain'",
        ),
        (["show", GOLDEN, "-n", "0"], "must be a number from 1 on, not '0'"),
        (["show", GOLDEN, "-n", "1", "--all"], "not allowed with argument -n"),
        (["tail", GOLDEN, "--kinds", "scalar"], "--kinds: must be some of scalars, "),
        (["extract", GOLDEN, "x", "--kinds", "text"], "must be some of images, audio, graphs"),
        (["extract", GOLDEN], "the following arguments are required: DIRECTORY"),
        (["verify", ROOT / "README.md"], "README.md"),
        (["verify", ROOT / "docs"], "docs"),
        ([], "the following arguments are required: COMMAND"),
    ],
)
def test_wrong_use_is_answered_in_a_line_and_exit_code_2(arguments, message):
    done = command(*arguments)
    assert done.returncode == 2
    assert message in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert not done.stdout


def test_a_reader_that_goes_away_is_no_error():
    pipe = f"{sys.executable} -m tfevents show {GOLDEN} --all | head -n 1"
    done = subprocess.run(["bash", "-c", pipe], capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_examples_and_loads_no_pyarrow(name):
    code = f"""
import sys
from tfevents._cli.main import main
try:
    main([{name!r}, "--help"])
except SystemExit as end:
    assert end.code == 0
assert not {{"pyarrow", "numpy"}} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"tfevents {name} " in done.stdout.partition("examples:")[2]


def test_the_script_and_the_module_are_the_same():
    script = shutil.which("tfevents", path=str(Path(sys.executable).parent))
    assert script, "the package installs a command"
    done = subprocess.run([script, "--version"], capture_output=True, text=True)
    assert done.stdout == printed("--version") == f"tfevents {tfevents.__version__}\n"


def test_several_logs_and_single_files(log):
    files = [next(run.iterdir()) for run in (log / "a", log / "b" / "c")]
    assert len(found("ls", *files)) == 6
