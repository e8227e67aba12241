"""What `follow` refuses, and what it says."""

import pytest
import tfevents
from eventfiles import scalars


@pytest.fixture
def logs(log):
    log("a", scalars("x", range(20)))
    return tfevents.open(log.root)


WRONG = [
    ("cursor", 3, TypeError),
    ("cursor", b"tfe1.", TypeError),
    ("poll", "fast", TypeError),
    ("poll", None, TypeError),
    ("poll", True, TypeError),
    ("poll", 0, ValueError),
    ("poll", -1, ValueError),
    ("poll", float("nan"), ValueError),
    ("timeout", "long", TypeError),
    ("timeout", -1, ValueError),
    ("timeout", float("nan"), ValueError),
    ("settle", None, TypeError),
    ("settle", -1, ValueError),
]


@pytest.mark.parametrize(("name", "given", "error"), WRONG)
def test_a_wrong_argument_is_named(logs, name, given, error):
    for follow in (logs.scalars().follow, logs.follow):
        with pytest.raises(error, match=f"`{name}` must be .*, not "):
            follow(**{name: given})


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ("scalars", TypeError),
        (3, TypeError),
        ([3], TypeError),
        ([], ValueError),
        (["embeddings"], ValueError),
        (["events"], ValueError),
    ],
)
def test_wrong_kinds_are_named(logs, given, error):
    with pytest.raises(error, match="`kinds` must be a list of scalars, "):
        logs.follow(kinds=given)


@pytest.mark.parametrize("number", [float("inf"), 1e300])
def test_numbers_beyond_all_times_are_for_ever(logs, number):
    for name in ("poll", "timeout", "settle"):
        with logs.scalars().follow(**{name: number}) as follower:
            assert next(follower).num_rows == 20


@pytest.mark.parametrize("name", ["runs", "tags", "steps", "wall_time", "plugin"])
def test_wrong_filters_are_named(logs, name):
    with pytest.raises(TypeError, match=f"`{name}` must be "):
        logs.follow(**{name: 3.5})


@pytest.mark.parametrize("table", ["hparams", "embeddings", "series", "files", "damage"])
def test_what_cannot_be_followed_says_what_to_do(logs, table):
    with pytest.raises(ValueError, match=rf"{table}\(\) .*refresh\(\).*{table}\(\) again"):
        getattr(logs, table)().follow()


def test_a_cursor_that_is_none_says_why(logs, log):
    follower = logs.scalars().follow(timeout=0)
    list(follower)
    cursor = follower.cursor
    assert next(logs.scalars(columns=["step"]).follow(cursor, timeout=0), None) is None
    for length in range(5, len(cursor), 7):
        with pytest.raises(ValueError, match=r"`cursor` .* cut short"):
            logs.scalars().follow(cursor[:length])
    flipped = cursor[:20] + ("A" if cursor[20] != "A" else "B") + cursor[21:]
    with pytest.raises(ValueError, match="`cursor` is damaged"):
        logs.scalars().follow(flipped)
    for foreign in ("", "tfe", "42", '{"offset": 3}', "é" * 20):
        with pytest.raises(ValueError, match="`cursor` must be what `cursor` of a follower was"):
            logs.scalars().follow(foreign)
    with pytest.raises(ValueError, match="`cursor` is of version 7"):
        logs.scalars().follow("tfe7." + cursor[5:])
    other = tfevents.open(log.root, checksum=False)
    for scan in (
        logs.text(),
        logs.scalars(tags="x"),
        logs.scalars(columns=["attempt"]),
        other.scalars(),
    ):
        with pytest.raises(ValueError, match="`cursor` belongs to another question"):
            scan.follow(cursor)


def test_a_cursor_of_another_directory_is_refused(logs, log, tmp_path):
    follower = logs.scalars().follow(timeout=0)
    list(follower)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "b.tfevents").write_bytes(b"")
    elsewhere = tfevents.open(tmp_path / "other").scalars().follow(follower.cursor)
    with pytest.raises(ValueError, match="`cursor` belongs to another directory"):
        next(elsewhere)
    moved = tmp_path / "moved"
    log.root.rename(moved)  # with its files: the same log
    assert list(tfevents.open(moved).scalars().follow(follower.cursor, timeout=0)) == []
