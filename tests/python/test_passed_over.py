"""What stands beside event files: passed over, told once, and listed in `damage()`."""

import os
import warnings

import pytest
import tfevents
from eventfiles import GOLDEN, NAME, make_older, record, scalars, write


def runs_of(logs):
    return sorted(set(logs.scalars().to_arrow()["run"].to_pylist()))


def damage_of(logs, **filters):
    rows = logs.damage(**filters).to_arrow().to_pylist()
    return {os.path.basename(row["path"]): (row["offset"], row["length"]) for row in rows}  # noqa: PTH119


@pytest.fixture
def neighbours(log):
    """A run beside everything else that people keep there."""
    log("run", scalars("x", [1]))
    root = log.root
    (root / "checkpoints").mkdir()
    (root / "checkpoints" / "model.pt").write_bytes(b"weights")
    (root / "empty").mkdir()
    (root / "notes.txt").write_text("notes")
    (root / "empty.txt").write_bytes(b"")
    (root / "up").symlink_to(root)
    return root


def bad(root):
    """Entries that cannot be followed or read by anybody."""
    (root / "dangling").symlink_to(root / "nowhere")
    (root / "looping").symlink_to(root / "looping")
    (root / "gone.tfevents").symlink_to(root / "nowhere")
    os.mkfifo(root / "pipe.tfevents")
    return {"dangling", "looping", "gone.tfevents", "pipe.tfevents"}


def test_foreign_and_empty_neighbours_are_no_damage(neighbours):
    for path in (neighbours, f"{neighbours}/*"):
        logs = tfevents.open(path, on_damage="raise")  # and no warning, which would be an error
        assert runs_of(logs) == ["run"]
        assert damage_of(logs) == {}


@pytest.mark.parametrize("form", ["{}", "{}/*"])
def test_what_cannot_be_listed_is_told_once_and_listed(neighbours, form):
    entries = bad(neighbours)
    with pytest.warns(tfevents.DamageWarning, match="4 entries") as told:
        logs = tfevents.open(form.format(neighbours))
    assert len(told) == 1
    assert str(neighbours) in str(told[0].message)
    assert runs_of(logs) == ["run"]
    assert damage_of(logs) == dict.fromkeys(entries, (0, 0))
    assert all(logs.damage().to_arrow()["reason"].to_pylist())
    assert damage_of(logs, runs="run") == {}
    assert not logs.refresh()
    with pytest.raises(tfevents.DamagedFileError) as caught:
        tfevents.open(form.format(neighbours), on_damage="raise")
    assert os.path.basename(caught.value.path) in entries  # noqa: PTH119


def test_a_glob_that_matches_no_event_file_at_all_is_an_error(neighbours):
    with pytest.raises(ValueError, match=r"empty.*no event file"):
        tfevents.open(f"{neighbours}/e*y")
    with pytest.raises(ValueError, match=r"checkpoints.*no event file"):
        tfevents.open([neighbours / "run", neighbours / "checkpoints"])


def test_a_directory_that_may_not_be_listed_costs_itself_only(nobody):
    for run in ("a", "b/c", "d"):
        write(nobody.folder / run / NAME, scalars("x", [1]))
    (nobody.folder / "b").chmod(0)
    with nobody():
        with pytest.warns(tfevents.DamageWarning, match=r"b: Permission denied"):
            logs = tfevents.open(nobody.folder)
        assert runs_of(logs) == ["a", "d"]
        assert damage_of(logs) == {"b": (0, 0)}
        with pytest.raises(tfevents.DamagedFileError, match="Permission denied"):
            tfevents.open(nobody.folder, on_damage="raise")


@pytest.mark.parametrize("megabytes", [0, 13])
def test_a_file_that_may_not_be_read_costs_itself_only(nobody, megabytes):
    more = b"".join(record(bytes(1 << 20)) for _ in range(megabytes))
    for run in ("a", "b", "c"):
        path = write(nobody.folder / run / NAME, raw=record(scalars("x", [1])[0]) + more)
    closed = nobody.folder / "b" / NAME
    closed.chmod(0)
    size = path.stat().st_size
    with nobody():
        logs = tfevents.open(nobody.folder)
        with pytest.warns(tfevents.DamageWarning, match="Permission denied") as told:
            assert runs_of(logs) == ["a", "c"]
        assert len(told) == 1
        assert logs.scalars(runs=["a", "c"]).count() == 2
        listed = logs.damage(runs="b").to_arrow().to_pylist()
        assert listed == [
            {"path": str(closed), "offset": 0, "length": size, "reason": "Permission denied"}
        ]
        files = {row["run"]: row for row in logs.files().to_arrow().to_pylist()}
        assert (files["b"]["size"], files["b"]["records"]) == (size, 0)
        assert files["b"]["damaged_bytes"] == size
        assert set(logs.series().to_arrow()["run"].to_pylist()) == {"a", "c"}
        assert set(logs.events(tags="x").to_arrow()["run"].to_pylist()) == {"a", "c"}
        with pytest.raises(tfevents.DamagedFileError, match="Permission denied") as caught:
            tfevents.open(nobody.folder, on_damage="raise").scalars().to_arrow()
        assert caught.value.path == str(closed)
        assert tfevents.open(nobody.folder, on_damage="raise").scalars(runs="a").count() == 1


def test_a_directory_without_the_right_to_enter_it(nobody):
    """Its files are listed, but nothing tells their length, and none can be opened."""
    for run in ("a", "b"):
        write(nobody.folder / run / NAME, scalars("x", [1]))
    (nobody.folder / "b").chmod(0o444)
    with nobody():
        logs = tfevents.open(nobody.folder)
        with pytest.warns(tfevents.DamageWarning, match="Permission denied"):
            assert runs_of(logs) == ["a"]
        assert damage_of(logs) == {NAME: (0, 0)}


def test_what_becomes_unreadable_remains_listed_after_a_refresh(nobody):
    paths = [write(nobody.folder / run / NAME, scalars("x", [1])) for run in ("a", "b", "c")]
    logs = tfevents.open(nobody.folder)
    assert logs.scalars().count() == 3
    paths[1].parent.chmod(0)
    paths[2].chmod(0)
    paths[0].write_bytes(b"".join(map(record, scalars("x", [1, 2]))))
    with nobody():
        with pytest.warns(tfevents.DamageWarning, match="b: Permission denied"):
            assert logs.refresh().files == [paths[0], paths[2]]  # whose rights changed
        assert logs.runs == ["a", "b", "c"]
        with pytest.warns(tfevents.DamageWarning, match="2 damaged"):
            assert logs.scalars().to_arrow()["step"].to_pylist() == [1, 2]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert not logs.refresh()  # told once
    paths[1].parent.chmod(0o755)
    paths[2].chmod(0o644)
    logs.refresh()
    assert logs.scalars().to_arrow()["step"].to_pylist() == [1, 2, 1, 1]
    assert damage_of(logs) == {}


def test_a_name_with_a_tilde_is_a_name(log, monkeypatch):
    log("home/run", scalars("x", [1]))
    log("here/~/run", scalars("x", [2]))
    monkeypatch.setenv("HOME", str(log.root / "home"))
    monkeypatch.chdir(log.root / "here")
    assert tfevents.open("./~").scalars().to_arrow()["step"].to_pylist() == [2]
    assert tfevents.open("~").scalars().to_arrow()["step"].to_pylist() == [1]


def test_a_directory_named_twice_is_that_directory_once(log, monkeypatch):
    log("two/a", scalars("x", [1]))
    log("one/b", scalars("x", [2]))
    monkeypatch.chdir(log.root)
    (log.root / "link").symlink_to(log.root / "two")
    for twice in (["two", log.root / "two"], ["two", "./two/"], ["two", "one/../two"]):
        assert tfevents.open(twice).runs == tfevents.open(["two"]).runs
        assert tfevents.open(twice).scalars().count() == 1
    assert tfevents.open(["one", "two", log.root / "two"]).runs == ["one/b", "two/a"]
    assert tfevents.open(["two", log.root / "two" / "a"]).scalars().count() == 1
    assert tfevents.open(["two", "link"]).runs == ["link/a", "two/a"]  # as a walk finds them


def test_a_file_of_one_byte(tmp_path):
    path = tmp_path / "notes.txt"
    for content in (b"x", b"\n", b"\x18"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="no event file"):
            tfevents.open(path)


TEXTS = [b"x", b"\n", b"ok", b"x\n", b"todo", b"notes\r\n", b"12345678", b"{}", b"\x18\x01", b"\0x"]


@pytest.mark.parametrize("content", TEXTS)
def test_a_small_file_of_anything_else_is_none_whatever_its_name(tmp_path, content):
    path = tmp_path / "x.tfevents"
    path.write_bytes(content)
    for given in (path, [path], {"a": path}):
        with pytest.raises(ValueError, match="no event file"):
            tfevents.open(given)


@pytest.mark.parametrize("writer", ["torch_all", "tf1_all", "tf2_all", "tbx_all", "tb_writer"])
def test_the_first_bytes_of_an_event_file_are_an_empty_log(tmp_path, writer):
    original = next(path for path in (GOLDEN / writer).rglob("*tfevents*") if path.is_file())
    whole = original.read_bytes()
    begun = tmp_path / original.name
    for length in [*range(30), 60]:
        begun.write_bytes(whole[:length])
        make_older(begun, 10)
        assert tfevents.open(begun).scalars().count() == 0
