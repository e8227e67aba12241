"""`open`: what it takes, how runs are named, and a `LogDir`'s life."""

import os
from pathlib import Path

import pytest
import tfevents
from eventfiles import GOLDEN, NAME, event, record, scalar, scalars, version
from oracle import KINDS, exact


@pytest.fixture
def tree(log):
    for n, run in enumerate(["lr0.1/train", "lr0.1/val", "lr0.2/train", "."]):
        log(run, [version(), *scalars("x", [n])])
    log("notes", name="readme.txt")
    return log.root


def runs_and_steps(path, **options):
    table = tfevents.open(path, **options).scalars().to_arrow()
    return list(zip(table.column("run").to_pylist(), table.column("step").to_pylist(), strict=True))


@pytest.mark.parametrize("form", [str, Path, lambda path: f"{path}/", lambda p: os.fspath(p)])
def test_a_directory_in_any_form(tree, form):
    expected = [(".", 3), ("lr0.1/train", 0), ("lr0.1/val", 1), ("lr0.2/train", 2)]
    assert runs_and_steps(form(tree)) == expected


def test_any_path_like(tree):
    class Somewhere:
        def __fspath__(self):
            return str(tree / "lr0.1")

    assert runs_and_steps(Somewhere()) == [("train", 0), ("val", 1)]


def test_a_relative_path_and_a_home(tree, monkeypatch):
    monkeypatch.chdir(tree)
    assert runs_and_steps("lr0.1") == [("train", 0), ("val", 1)]
    assert len(runs_and_steps(".")) == 4
    monkeypatch.setenv("HOME", str(tree))
    assert runs_and_steps("~/lr0.2") == [("train", 2)]


def test_one_file_is_the_run_dot(tree):
    assert runs_and_steps(tree / "lr0.1" / "val" / NAME) == [(".", 1)]


def test_a_glob_of_directories(tree):
    assert runs_and_steps(f"{tree}/lr*") == [
        ("lr0.1/train", 0),
        ("lr0.1/val", 1),
        ("lr0.2/train", 2),
    ]


def test_a_glob_of_files(tree):
    assert sorted(step for _, step in runs_and_steps(f"{tree}/**/*tfevents*")) == [0, 1, 2, 3]
    assert [step for _, step in runs_and_steps(f"{tree}/lr0.1/*/*tfevents*")] == [0, 1]


def test_a_list_is_named_by_what_its_paths_have_in_common(tree):
    paths = [tree / "lr0.2", str(tree / "lr0.1")]
    assert runs_and_steps(paths) == [("lr0.1/train", 0), ("lr0.1/val", 1), ("lr0.2/train", 2)]


def test_a_dict_names_its_paths(tree):
    given = {"b": tree / "lr0.1", "a": str(tree / "lr0.2" / "train"), "c": tree / "." / NAME}
    assert runs_and_steps(given) == [("a", 2), ("b/train", 0), ("b/val", 1), ("c", 3)]


def test_a_path_with_magic_characters_that_exists_is_no_glob(log):
    log("run[1]*?", scalars("x", [7]))
    assert runs_and_steps(log.root / "run[1]*?") == [(".", 7)]


def test_links_are_followed_and_a_loop_ends(tree, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / NAME).write_bytes(record(event(9, scalar("x", 9))))
    (tree / "linked").symlink_to(elsewhere)
    (tree / "lr0.1" / "up").symlink_to(tree)
    (tree / "dangling.tfevents").symlink_to(tmp_path / "nowhere")
    with pytest.warns(tfevents.DamageWarning, match=r"dangling\.tfevents"):
        steps = dict(runs_and_steps(tree))
    assert steps["linked"] == 9
    assert {"lr0.1/train", "lr0.2/train"} <= steps.keys()


def test_names_need_only_contain_tfevents(log):
    for n, name in enumerate(["tfevents", "x.tfevents.bak", "a.tfevents.1.v2", "events.tfevents"]):
        log(f"r{n}", scalars("x", [n]), name)
    log("no", scalars("x", [99]), "events.out")
    assert runs_and_steps(log.root) == [(f"r{n}", n) for n in range(4)]


def test_names_may_be_of_any_script(log):
    log("läuf 标签 😀", scalars("x", [1]))
    assert tfevents.open(log.root).runs == ["läuf 标签 😀"]
    assert runs_and_steps(log.root) == [("läuf 标签 😀", 1)]


def test_open_reads_nothing(log):
    """Opening lists: a file that cannot be read is found out by the scan that needs it."""
    log("a", scalars("x", [1]))
    log("b", raw=b"this is no event file, only its name says so")
    assert tfevents.open(log.root).runs == ["a", "b"]


def test_a_run_without_events_is_listed_and_has_no_rows(log):
    log("a", scalars("x", [1]))
    log("b", [version()])
    logs = tfevents.open(log.root)
    assert logs.runs == ["a", "b"]
    assert set(logs.scalars().to_arrow().column("run").to_pylist()) == {"a"}


def test_a_closed_log_says_so_and_its_scans_go_on(tree):
    with tfevents.open(tree) as logs:
        scan = logs.scalars()
        assert "4 runs" in repr(logs)
    assert scan.count() == 4
    for use in (lambda: logs.runs, logs.scalars, logs.refresh, logs.series):
        with pytest.raises(ValueError, match="closed"):
            use()
    assert "closed" in repr(logs)
    logs.close()


def test_repr_shows_runs_and_kinds(tree):
    logs = tfevents.open(tree)
    assert repr(logs) == (
        "<tfevents.LogDir of 4 runs, 4 files: ., lr0.1/train, lr0.1/val, lr0.2/train; "
        "series: 4 of scalars>"
    )


def test_repr_is_one_line(log):
    log("two\nlines", scalars("x", [1]))
    assert "1 file: 'two\\nlines'; series: 1 of scalars>" in repr(tfevents.open(log.root))


def test_repr_reads_no_large_log(log):
    path = log("a", scalars("x", [1]))
    with path.open("r+b") as file:
        file.truncate(1 << 30)
    assert repr(tfevents.open(log.root)) == "<tfevents.LogDir of 1 run, 1 file: a>"


def test_repr_of_a_damaged_log_is_no_error(log):
    path = log("a", [version(), *scalars("x", [1, 2])])
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert "of 1 run," in repr(tfevents.open(log.root, on_damage="raise"))
    path.unlink()
    assert "of 1 run," in repr(tfevents.open({"a": log("b", scalars("x", [1]))}))


def test_html_shows_the_kinds_of_each_run(tree):
    shown = tfevents.open(tree)._repr_html_()
    assert "<th>scalars</th>" in shown
    assert "<tr><th>lr0.1/val</th><td>1</td></tr>" in shown


def test_a_scan_shows_its_columns_and_first_rows(log):
    log("a", scalars("<x>", range(30)))
    logs = tfevents.open(log.root)
    scan = logs.scalars()
    shown = scan._repr_html_()
    assert "the first 10 rows" in shown
    assert "&lt;x&gt;" in shown
    assert shown.count("<tr>") == 11


@pytest.mark.parametrize("table", [*KINDS, "series", "files", "damage", "events", "hparams"])
def test_the_first_rows_of_every_table(table):
    scan = getattr(tfevents.open(GOLDEN), table)()
    whole = scan.to_arrow()
    for n in (0, 1, 3, 10**6):
        first = scan.head(n)
        assert first.schema == scan.schema
        assert exact(first.to_pylist()) == exact(whole.slice(0, n).to_pylist())
    assert scan._repr_html_().startswith("<table>")


def test_html_escapes_names(log):
    log("<b>&", scalars("x", [1]))
    shown = tfevents.open(log.root)._repr_html_()
    assert "<b>" not in shown
    assert "&lt;b&gt;&amp;" in shown
