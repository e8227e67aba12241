"""Every argument of every public reader, given what makes no sense: one form of message."""

import inspect
import re

import pytest
import tfevents
from eventfiles import NAME, scalars, write

READERS = [
    name
    for name, method in inspect.getmembers(tfevents.LogDir, inspect.isfunction)
    if not name.startswith("_") and method.__annotations__.get("return") == "Scan"
]

#: Values that make no sense, by argument, and what they raise.
WRONG = {
    "runs": [
        (5, TypeError),
        (["a", 5], TypeError),
        (b"a", TypeError),
        (re.compile(b"a"), TypeError),
    ],
    "tags": [
        (5.5, TypeError),
        ([None], TypeError),
        (b"a", TypeError),
        (re.compile(b"a"), TypeError),
    ],
    "steps": [
        ("x", TypeError),
        (1.5, TypeError),
        ([1, "x"], TypeError),
        (b"ab", TypeError),
        (True, TypeError),
        ([0, False], TypeError),
        (slice("a", None), TypeError),
        (slice(None, None, -1), ValueError),
        (slice(0, 9, 0), ValueError),
    ],
    "wall_time": [
        (5, TypeError),
        ("ab", TypeError),
        ((1, 2, 3), ValueError),
        ((2, 1), ValueError),
        ((float("nan"), 1), ValueError),
        (("a", 1), TypeError),
        ((None, "1"), TypeError),
        (([], 1), TypeError),
        ((False, True), TypeError),
    ],
    "plugin": [(5, TypeError), (b"text", TypeError), (["text"], TypeError)],
    "columns": [("step", TypeError), (5, TypeError), ([5], TypeError), (b"step", TypeError)],
    "dtype": [(5, TypeError), (float, TypeError)],
    "restarts": [("first", ValueError), (None, TypeError), (1, TypeError)],
    "on_damage": [("ignore", ValueError), (None, TypeError), (False, TypeError)],
    "mmap": [("always", ValueError), (True, TypeError)],
    "checksum": [("yes", TypeError), (1, TypeError), (None, TypeError)],
    "missing_ok": [("yes", TypeError), (None, TypeError), (1, TypeError)],
    "follow": [("yes", TypeError), (None, TypeError), (1, TypeError)],
    "poll": [("a", TypeError), (None, TypeError), (True, TypeError), (0, ValueError)],
    "timeout": [("a", TypeError), (True, TypeError), (-1, ValueError)],
    "threads": [
        (0, ValueError),
        (-1, ValueError),
        (2**70, ValueError),
        (2.5, TypeError),
        ("2", TypeError),
        (True, TypeError),
    ],
    "storage_options": [({"key": "x"}, ValueError)],
    "size": [
        (0, ValueError),
        (-1, ValueError),
        (2**70, ValueError),
        ("a", TypeError),
        (2.5, TypeError),
        (None, TypeError),
        (True, TypeError),
    ],
    "n": [(-1, ValueError), ("a", TypeError), (2.5, TypeError), (None, TypeError)],
    "lazy": [("yes", TypeError), (1, TypeError)],
    "path": [
        (None, TypeError),
        (5, TypeError),
        (b"x", TypeError),
        ("", ValueError),
        ("a\0b", ValueError),
    ],
    "compression": [("lz4", ValueError), (5, TypeError)],
    "on_cast": [("drop", ValueError), (None, TypeError), (5, TypeError)],
}


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / NAME, scalars("x", [1, 2]))


def calls(path):
    """Every public function that reads, as `(what it is, which arguments, how it is called)`."""
    logs = tfevents.open(path)
    scan = logs.scalars()
    for name in READERS:
        yield name, inspect.signature(getattr(logs, name)).parameters, getattr(logs, name)
    for name in ("batches", "head", "to_polars", "write_parquet"):
        yield name, inspect.signature(getattr(scan, name)).parameters, getattr(scan, name)
    yield "records", inspect.signature(tfevents.records).parameters, tfevents.records
    yield "iterator", {"path": None}, tfevents.summary_iterator
    opens = dict(inspect.signature(tfevents.open).parameters)
    del opens["path"]  # tested with the forms it has
    yield "open", opens, lambda **given: tfevents.open(path, **given)


def required(name, argument, path):
    if name == "records" and argument != "path":
        return {"path": path}
    if name == "write_parquet" and argument != "path":
        return {"path": path.with_name("x.parquet")}
    return {}


def test_all_readers_are_covered():
    assert {"scalars", "series", "files", "damage", "events", "hparams", "embeddings"} <= {*READERS}
    assert len(READERS) == 16


def test_what_makes_no_sense_is_refused_at_the_call_in_one_form(path):
    for name, arguments, call in calls(path):
        for argument in arguments:
            assert argument in WRONG, f"{name}({argument}=) is tested with nothing"
            for given, expected in WRONG[argument]:
                with pytest.raises(expected) as caught:
                    call(**required(name, argument, path), **{argument: given})
                said = str(caught.value)
                assert re.match(rf"`{argument}` must be .*, not ", said, re.DOTALL), (name, said)
                assert repr(given) in said, (name, said)
                assert type(caught.value) is expected, (name, argument, given)


def test_long_values_are_cut(path):
    with pytest.raises(TypeError) as caught:
        tfevents.open(path).scalars(runs=[1] * 10_000)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("columns", [["vlaue"], ["step", "step"]])
def test_columns_that_are_not_there(path, columns):
    with pytest.raises(ValueError, match=r"`columns` must .*(vlaue|step)"):
        tfevents.open(path).scalars(columns=columns)


@pytest.mark.parametrize(
    "given", [None, 5, b"runs", [None], [5], {"a": 5}, {None: "a"}, {5: "a"}, "", []]
)
def test_paths_that_are_none(given):
    with pytest.raises((TypeError, ValueError), match=r"`path` must be .*, not "):
        tfevents.open(given)


def test_a_home_directory_is_one_wherever_a_path_is_taken(path, monkeypatch):
    monkeypatch.setenv("HOME", str(path.parent))
    monkeypatch.chdir(path.parent)
    assert tfevents.open("~").scalars().write_parquet("~/x.parquet") == 2
    assert path.with_name("x.parquet").exists()
    assert len(list(tfevents.records(f"~/{NAME}"))) == 2
    assert len(list(tfevents.summary_iterator(f"~/{NAME}"))) == 2
    with pytest.raises(FileNotFoundError):
        list(tfevents.records(f"./~/{NAME}"))
