"""`open(..., missing_ok=True)`: a log in which there is nothing yet, and what becomes of it."""

import pickle
import shutil

import pytest
import tfevents
from eventfiles import scalars, write

READERS = [
    "scalars",
    "histograms",
    "tensors",
    "images",
    "audio",
    "text",
    "pr_curves",
    "meshes",
    "graphs",
    "layouts",
    "embeddings",
    "hparams",
    "events",
    "series",
    "files",
    "damage",
]

FORMS = {
    "directory": lambda root: root / "runs",
    "text": lambda root: str(root / "runs"),
    "file": lambda root: root / "runs" / "a" / NAME,
    "glob": lambda root: f"{root}/runs/*",
    "deep glob": lambda root: f"{root}/runs/**/*tfevents*",
    "list": lambda root: [root / "runs" / "a", root / "runs" / "b"],
    "names": lambda root: {"mine": root / "runs", "yours": f"{root}/other/*"},
}
NAME = "events.out.tfevents.1700000000.host"


def steps(logs, **filters):
    return logs.scalars(**filters).to_arrow()["step"].to_pylist()


@pytest.fixture(params=FORMS)
def given(request, tmp_path):
    return FORMS[request.param](tmp_path)


def test_nothing_yet_is_an_empty_log_that_fills(given, tmp_path):
    logs = tfevents.open(given, missing_ok=True)
    copied = pickle.loads(pickle.dumps(logs))
    path = write(tmp_path / "runs" / "a" / NAME, scalars("x", [1]))
    for one in (logs, copied):
        assert (one.runs, steps(one)) == ([], [])
        changes = one.refresh()
        assert changes.files == [path]
        assert changes.runs == one.runs
        assert len(one.runs) == 1
        assert steps(one) == [1]
        assert tfevents.open(given, missing_ok=True).runs == one.runs
        assert not one.refresh()


def test_without_it_nothing_yet_is_an_error(given):
    with pytest.raises(FileNotFoundError):
        tfevents.open(given)


@pytest.mark.parametrize("form", ["{}", "{}/*"])
def test_a_directory_without_event_files_is_empty(tmp_path, form):
    below = tmp_path / "runs" / "a"
    below.mkdir(parents=True)
    (below / "notes.txt").write_text("no event file")
    path = form.format(tmp_path / "runs")
    with pytest.raises(ValueError, match="no event file"):
        tfevents.open(path)
    logs = tfevents.open(path, missing_ok=True)
    assert (logs.runs, steps(logs)) == ([], [])
    write(below / NAME, scalars("x", [1]))
    assert logs.refresh().runs == ["a"]


@pytest.mark.parametrize("reader", READERS)
def test_all_tables_of_an_empty_log_have_their_columns(tmp_path, log, reader):
    log("run", scalars("x", [1]))
    some = getattr(tfevents.open(log.root), reader)
    none = getattr(tfevents.open(tmp_path / "none", missing_ok=True), reader)
    expected = some(runs="run").schema
    if reader not in ("embeddings", "hparams"):  # whose columns depend on what there is
        assert none().schema == expected
    assert none().to_arrow().num_rows == none().count() == 0
    assert none().to_pandas().columns.tolist() == none().schema.names
    assert none().to_polars().columns == none().schema.names
    assert list(none().batches(10)) == []
    assert pickle.loads(pickle.dumps(none())).count() == 0
    assert none().head(3).num_rows == 0


def test_an_empty_log_can_be_looked_at(tmp_path):
    logs = tfevents.open(tmp_path / "none", missing_ok=True)
    assert repr(logs) == "<tfevents.LogDir of 0 runs, 0 files>"
    assert "<table" in logs._repr_html_()
    assert logs.scalars().to_dataset().count_rows() == 0
    assert list(logs.scalars().by_series()) == []
    assert logs.tensors(dtype="float32").to_arrow().num_rows == 0
    with pytest.warns(tfevents.NoMatchWarning):
        assert logs.scalars(runs="a").count() == 0


def test_what_vanishes_is_empty_again(tmp_path):
    logs = tfevents.open(tmp_path / "runs", missing_ok=True)
    path = write(tmp_path / "runs" / "a" / NAME, scalars("x", [1]))
    assert logs.refresh().runs == ["a"]
    shutil.rmtree(tmp_path / "runs")
    assert logs.refresh().removed == [path]
    assert (logs.runs, steps(logs)) == ([], [])
    write(tmp_path / "runs" / "b" / NAME, scalars("x", [2]))
    assert logs.refresh().runs == ["b"]
    assert steps(logs) == [2]


def test_what_cannot_be_listed_is_an_error_all_the_same(tmp_path):
    with pytest.raises(ValueError, match="no event file"):
        path = tmp_path / "notes.txt"
        path.write_text("no event file, and no directory either")
        tfevents.open(path, missing_ok=True)
    with pytest.raises(TypeError, match="missing_ok"):
        tfevents.open(tmp_path, missing_ok="yes")
