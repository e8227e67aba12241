"""Bad input: a clear error that names the argument and the path, never an empty result."""

import re

import pytest
import tfevents
from eventfiles import GOLDEN, NAME, scalars, write


@pytest.fixture
def logs(log):
    log("a", scalars("x", range(5)))
    return tfevents.open(log.root)


def test_a_missing_path(tmp_path):
    path = tmp_path / "nowhere"
    for given in (path, str(path), [path], {"name": path}):
        with pytest.raises(FileNotFoundError, match=re.escape(str(path))) as caught:
            tfevents.open(given)
        assert caught.value.errno == 2
        assert caught.value.filename == str(path)


def test_a_directory_without_event_files(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(ValueError, match=f"path=.*{re.escape(str(tmp_path))}.*tfevents"):
        tfevents.open(tmp_path)


def test_one_empty_directory_among_others_is_named(tmp_path, log):
    log("a", scalars("x", [1]))
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ValueError, match=re.escape(str(empty))):
        tfevents.open([log.root, empty])


@pytest.mark.parametrize("content", [b"hello, this is some text\n" * 10, b"PK\x03\x04" + bytes(90)])
@pytest.mark.parametrize("name", ["notes.txt", "x.tfevents.1"])
def test_a_file_that_is_no_event_file(tmp_path, content, name):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(str(path))):
        tfevents.open(path)


@pytest.mark.parametrize("what", ["file", "run"])
def test_a_named_path_that_may_not_be_read(nobody, what):
    path = write(nobody.folder / "a" / NAME, scalars("x", [1]))
    closed = path if what == "file" else path.parent
    closed.chmod(0)
    with nobody(), pytest.raises(PermissionError, match=re.escape(str(closed))) as caught:
        tfevents.open(closed)
    assert caught.value.filename == str(closed)


@pytest.mark.parametrize("glob", ["{}/no*", "{}/**/nothing-*", "{}/[a"])
def test_a_glob_that_matches_nothing(log, glob):
    log("a", scalars("x", [1]))
    given = glob.format(log.root)
    with pytest.raises(FileNotFoundError, match=re.escape(given)):
        tfevents.open(given)


@pytest.mark.parametrize("given", [[], {}, (), ""])
def test_no_path_at_all(given):
    with pytest.raises((ValueError, FileNotFoundError)):
        tfevents.open(given)


@pytest.mark.parametrize("given", [None, 5, b"runs", [None], [5], {"a": 5}])
def test_a_path_of_the_wrong_type(given):
    with pytest.raises(TypeError, match="path"):
        tfevents.open(given)


@pytest.mark.parametrize(
    ("argument", "value", "allowed"),
    [
        ("restarts", "first", ["all", "last"]),
        ("on_damage", "ignore", ["skip", "raise"]),
        ("mmap", "always", ["auto", "never"]),
        ("threads", 0, ["threads"]),
        ("threads", -1, ["threads"]),
        ("threads", 2**70, ["`threads`", "must"]),
        ("storage_options", {"key": "x"}, ["storage_options"]),
    ],
)
def test_an_argument_of_open_that_makes_no_sense(log, argument, value, allowed):
    log("a", scalars("x", [1]))
    with pytest.raises((ValueError, OverflowError)) as caught:
        tfevents.open(log.root, **{argument: value})
    assert isinstance(caught.value, ValueError)
    assert all(word in str(caught.value) for word in [argument, *allowed])


def test_an_object_store():
    with pytest.raises(ValueError, match="s3://bucket"):
        tfevents.open("s3://bucket/runs")


@pytest.mark.parametrize("argument", ["runs", "tags"])
@pytest.mark.parametrize("given", [5, [5], re.compile(b"x"), [re.compile("x")]])
def test_a_name_filter_of_the_wrong_type(logs, argument, given):
    with pytest.raises(TypeError, match=argument):
        logs.scalars(**{argument: given})


@pytest.mark.parametrize("table", ["scalars", "series", "events", "files", "damage", "hparams"])
def test_an_unknown_column_is_named_beside_those_there_are(logs, table):
    with pytest.raises(ValueError, match="columns") as caught:
        getattr(logs, table)(columns=["vlaue"]).to_arrow()
    assert "vlaue" in str(caught.value)
    if table == "scalars":
        assert all(word in str(caught.value) for word in ("value", "step", "attempt"))


@pytest.mark.parametrize("given", [["step", "step"], "step", 5, [5]])
def test_columns_that_make_no_sense(logs, given):
    with pytest.raises((ValueError, TypeError), match="columns"):
        logs.scalars(columns=given).to_arrow()


def test_an_unknown_kind(logs):
    with pytest.raises(AttributeError, match="scalar"):
        logs.scalar()


def test_an_unknown_dtype(logs):
    with pytest.raises(ValueError, match="dtype") as caught:
        logs.tensors(dtype="float33").to_arrow()
    assert "float33" in str(caught.value)
    assert "float32" in str(caught.value)


@pytest.mark.parametrize("steps", [slice(None, None, -1), slice(0, 5, 0), slice(5, 0, -1)])
def test_a_slice_without_a_positive_stride(logs, steps):
    with pytest.raises(ValueError, match="`steps` must be a slice with a positive stride"):
        logs.scalars(steps=steps)


@pytest.mark.parametrize("steps", [1.5, "10", [1.5], slice(0.5, None), [None]])
def test_steps_that_are_no_whole_numbers(logs, steps):
    with pytest.raises(TypeError, match="steps"):
        logs.scalars(steps=steps).to_arrow()


@pytest.mark.parametrize("given", [(5, 1), (float("nan"), 1.0), (1,), (1, 2, 3)])
def test_a_wall_time_that_makes_no_sense(logs, given):
    with pytest.raises(ValueError, match="wall_time"):
        logs.scalars(wall_time=given)


@pytest.mark.parametrize("given", [5, "ab", ("a", "b"), ([], 1)])
def test_a_wall_time_of_the_wrong_type(logs, given):
    with pytest.raises(TypeError, match="wall_time"):
        logs.scalars(wall_time=given)


def test_a_plugin_that_is_no_name(logs):
    with pytest.raises(TypeError, match="plugin"):
        logs.tensors(plugin=5)


@pytest.mark.parametrize("size", [0, -1])
def test_batches_of_no_size(logs, size):
    with pytest.raises(ValueError, match="size"):
        logs.scalars().batches(size)


def test_filters_are_named_not_counted(logs):
    with pytest.raises(TypeError):
        logs.scalars("a")
    with pytest.raises(TypeError):
        tfevents.open(GOLDEN, "last")


def test_errors_are_one_family():
    assert issubclass(tfevents.DamagedFileError, tfevents.TfeventsError)
    assert issubclass(tfevents.TfeventsError, Exception)
    assert issubclass(tfevents.DamageWarning, UserWarning)
