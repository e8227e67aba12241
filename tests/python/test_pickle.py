"""`LogDir`, `Scan` and `Series` pickled and copied: another process reads the same rows."""

import concurrent.futures
import copy
import multiprocessing
import os
import pickle
import re
import shutil
import threading
import warnings
from pathlib import Path

import cloudpickle
import pytest
import tfevents
from eventfiles import GOLDEN, NAME, make_older, record, scalars, version, write
from oracle import KINDS, exact

TABLES = (*KINDS, "series", "files", "damage", "events", "hparams", "embeddings")
FILTERS = {
    "runs": ["torch_*", "keras_digits/train"],
    "tags": re.compile("loss|acc"),
    "steps": slice(1, None, 2),
    "wall_time": (None, 4e9),
    "columns": ["run", "tag", "step", "value", "file", "offset"],
}


def rows(scan):
    return exact(scan.to_arrow().to_pylist())


def arrive(thing):
    return pickle.loads(pickle.dumps(thing))


def copies(thing):
    """`thing` after each way to copy it in this process."""
    pickled = [pickle.loads(pickle.dumps(thing, n)) for n in range(pickle.HIGHEST_PROTOCOL + 1)]
    clouded = pickle.loads(cloudpickle.dumps(thing))
    return [copy.copy(thing), copy.deepcopy(thing), clouded, *pickled]


@pytest.fixture(scope="module")
def child():
    """A process of its own that shares nothing with this one."""
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=spawn) as pool:
        yield lambda function, *arguments: pool.submit(function, *arguments).result(timeout=300)


@pytest.mark.parametrize("table", TABLES)
def test_a_copied_scan_has_the_same_rows(table):
    scan = getattr(tfevents.open(GOLDEN), table)()
    expected = rows(scan)
    for one in copies(scan):
        assert one.schema == scan.schema
        assert rows(one) == expected
        assert repr(one) == repr(scan)


@pytest.mark.parametrize("table", TABLES)
def test_a_spawned_process_reads_the_same_rows(child, table):
    scan = getattr(tfevents.open(GOLDEN, threads=1), table)()
    assert child(rows, scan) == rows(scan)


def test_all_filters_and_options_arrive(child):
    logs = tfevents.open(GOLDEN)
    filtered = logs.scalars(**FILTERS)
    assert filtered.count() > 10
    assert child(rows, filtered) == rows(filtered)
    typed = logs.tensors(plugin="pr_curves", dtype="float32", runs="torch_digits/*")
    assert child(rows, typed) == rows(typed)
    last = tfevents.open(GOLDEN, restarts="last").scalars(runs="torch_all/restart")
    assert last.count() == 8
    assert child(rows, last) == rows(last)


def test_a_log_arrives(child):
    logs = tfevents.open(GOLDEN)
    for one in copies(logs):
        assert one.runs == logs.runs
        assert rows(one.scalars()) == rows(logs.scalars())
    assert child(tfevents.LogDir.scalars, logs).count() == logs.scalars().count()


@pytest.mark.parametrize(
    "given",
    [
        lambda root: f"{root}/a*",
        lambda root: [root / "a", root / "b"],
        lambda root: {"x": root / "a", "y": root / "b" / NAME},
        lambda root: root / "b" / NAME,
    ],
)
def test_any_form_of_path_arrives(log, given):
    for n, run in enumerate(["a", "a/b", "b"]):
        log(run, scalars("x", [n]))
    logs = tfevents.open(given(log.root))
    for one in copies(logs):
        assert one.runs == logs.runs
        assert rows(one.scalars()) == rows(logs.scalars())
    log("a/c", scalars("x", [9]))
    before, after = arrive(logs), arrive(logs)
    assert after.refresh() == logs.refresh()
    assert after.runs == logs.runs
    assert "a/c" not in before.runs


def test_a_closed_log_stays_closed(log):
    log("a", scalars("x", [1]))
    logs = tfevents.open(log.root)
    scan = logs.scalars()
    logs.close()
    for one in copies(logs):
        with pytest.raises(ValueError, match="closed"):
            _ = one.runs
    assert all(rows(one) == rows(scan) for one in copies(scan))


def test_a_copy_is_refreshed_alone(log):
    log("a", scalars("x", [1]))
    logs = tfevents.open(log.root)
    one, other = copy.copy(logs), copy.deepcopy(logs)
    log("b", scalars("x", [2]))
    assert (one.refresh().runs, one.runs, other.runs, logs.runs) == (
        ["b"],
        ["a", "b"],
        ["a"],
        ["a"],
    )


def test_threads_that_copy_and_read_at_once():
    scan = tfevents.open(GOLDEN).scalars(tags=re.compile("loss"))
    expected, found = rows(scan), []
    threads = [threading.Thread(target=lambda: found.append(rows(arrive(scan)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 8


def test_relative_paths_mean_the_directory_they_were_given_in(log, tmp_path, monkeypatch):
    log("a", scalars("x", [1]))
    monkeypatch.chdir(log.root.parent)
    logs = tfevents.open(log.root.name)
    pickled = pickle.dumps(logs)
    assert rows(pickle.loads(pickled).files()) == rows(logs.files())
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    one = pickle.loads(pickled)
    assert rows(one.scalars())[0]["step"] == 1
    assert Path(one.files().to_arrow()["path"][0].as_py()) == log.root / "a" / NAME
    assert not one.refresh()


# The identity of files, checked when they are first read.


def appended(path, steps):
    with path.open("ab") as file:
        file.writelines(map(record, scalars("x", steps)))


def test_what_was_appended_meanwhile_is_not_read(log):
    path = log("a", [version(), *scalars("x", range(3))])
    logs = tfevents.open(log.root)
    scan = logs.scalars(columns=["step"])
    for pickled in (pickle.dumps((logs, scan)),):
        appended(path, [3, 4])
        there, again = pickle.loads(pickled)
        assert again.to_arrow()["step"].to_pylist() == [0, 1, 2]
        assert there.scalars().count() == 3
        assert there.refresh().files == [path]
        assert there.scalars().count() == 5


def test_a_file_moved_to_another_disk_is_the_same_file(log):
    """Another inode and another time, as on another machine that sees the same folder."""
    path = log("a", [version(), *scalars("x", range(3))])
    pickled = pickle.dumps(tfevents.open(log.root).scalars(columns=["step"]))
    twin = path.with_name("twin")
    shutil.copy(path, twin)
    twin.replace(path)
    make_older(path, 1000)
    appended(path, [3])
    assert pickle.loads(pickled).to_arrow()["step"].to_pylist() == [0, 1, 2]


@pytest.mark.parametrize("change", ["shorter", "other beginning", "other end", "same length"])
@pytest.mark.parametrize("what", ["log", "scan"])
def test_a_file_replaced_meanwhile_is_warned_about_and_read_as_it_is(log, change, what):
    path = log("a", [version(), *scalars("x", range(3))])
    logs = tfevents.open(log.root)
    pickled = pickle.dumps(logs if what == "log" else logs.scalars(columns=["step"]))
    first = 1.0 if change == "other beginning" else 999.0
    steps = {"shorter": [0], "other beginning": [0, 1, 2, 3], "other end": [0, 1, 5, 6]}
    wanted = steps.get(change, [7, 8, 9])
    write(path, [version(first), *scalars("x", wanted)])
    arrived = pickle.loads(pickled)  # does not warn: in a pool, that would end the worker

    def read():
        scan = arrived.scalars(columns=["step"]) if what == "log" else arrived
        return scan.to_arrow()["step"].to_pylist(), scan.count()

    with pytest.warns(tfevents.ReplacedFileWarning, match=re.escape(str(path))) as warned:
        assert read() == (wanted, len(wanted))
    assert len(warned) == 1
    assert warned[0].filename == __file__


def test_a_file_that_is_gone_is_damage(log):
    path = log("a", scalars("x", [1]))
    log("b", scalars("x", [2]))
    pickled = pickle.dumps(tfevents.open(log.root).scalars(columns=["step"]))
    path.unlink()
    with pytest.warns(tfevents.DamageWarning, match="gone"):
        assert pickle.loads(pickled).to_arrow()["step"].to_pylist() == [2]


def test_only_the_files_a_scan_needs_are_pickled_and_looked_at(log):
    paths = [log(f"run_{n}", scalars("x", [n])) for n in range(200)]
    logs = tfevents.open(log.root)
    one = pickle.dumps(logs.scalars(runs="run_7"))
    assert len(one) < len(pickle.dumps(logs.scalars())) / 20
    everything = pickle.dumps(logs)
    write(paths[0], scalars("x", [500, 501]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pickle.loads(one).count() == 1
        assert pickle.loads(everything).scalars(runs="run_7").count() == 1


def test_a_pickle_of_a_pickle_is_that_pickle(log):
    path = log("a", scalars("x", range(3)))
    pickled = pickle.dumps(arrive(tfevents.open(log.root).scalars()))
    appended(path, [3])
    assert pickle.loads(pickled).count() == 3


# Series


def test_a_series_arrives(child):
    series = list(tfevents.open(GOLDEN).scalars(runs="torch_digits/*").by_series())
    for one in series:
        for other in [*copies(one), child(arrive, one)]:
            assert (other.run, other.tag, len(other)) == (one.run, one.tag, len(one))
            assert other.step.tolist() == one.step.tolist()
            assert other.to_arrow() == one.to_arrow()


def test_series_go_through_a_pool_of_processes():
    spawn = multiprocessing.get_context("spawn")
    series = tfevents.open(GOLDEN).scalars(runs="torch_digits/*").by_series()
    with spawn.Pool(1) as pool:
        lengths = pool.map(len, series)
    assert sum(lengths) == tfevents.open(GOLDEN).scalars(runs="torch_digits/*").count()


def test_a_fork_reads_a_scan_of_its_parent():
    scan = tfevents.open(GOLDEN).scalars()
    expected = scan.count()
    child = os.fork()
    if not child:
        os._exit(0 if scan.count() == arrive(scan).count() == expected else 1)
    assert os.waitpid(child, 0)[1] == 0
