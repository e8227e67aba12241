"""Symbolic links in a log: each is followed once, and what it leads to has one name for it."""

import itertools
import warnings

import pytest
import tfevents
from eventfiles import NAME, scalars, write


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def put(directory, step=1):
    write(directory / NAME, scalars("x", [step]))
    return directory


def test_directories_that_link_to_one_another_are_as_many_runs_as_there_are_links(tmp_path):
    names = "abcdefghijkl"
    directories = [put(tmp_path / name) for name in names]
    for one, other in itertools.permutations(directories, 2):
        (one / other.name).symlink_to(other)
    pairs = [f"{one}/{other}" for one, other in itertools.permutations(names, 2)]
    assert tfevents.open(tmp_path).runs == sorted([*names, *pairs])
    assert len(tfevents.open(f"{tmp_path}/*").runs) < len(names) ** 4


def test_two_links_in_each_of_many_directories_are_followed_once(tmp_path):
    depth = 30  # 2 to the power of 30 paths; Linux follows 40 links in one
    for level in range(depth):
        here = put(tmp_path / "elsewhere" / str(level))
        for link in ("left", "right"):
            (here / link).symlink_to(tmp_path / "elsewhere" / str(level + 1))
    put(tmp_path / "elsewhere" / str(depth))
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "run").symlink_to(tmp_path / "elsewhere" / "0")
    runs = tfevents.open(tmp_path / "log").runs
    assert len(runs) == 1 + 2 * depth
    assert runs[:3] == ["run", "run/left", "run/left/left"]


def test_a_link_beside_its_target_is_a_run_too(tmp_path):
    put(tmp_path / "run_5", 5)
    put(tmp_path / "run_5" / "val", 6)
    (tmp_path / "latest").symlink_to(tmp_path / "run_5")
    logs = tfevents.open(tmp_path)
    assert logs.runs == ["latest", "latest/val", "run_5", "run_5/val"]
    assert logs.scalars(runs="latest*").to_arrow()["step"].to_pylist() == [5, 6]


def test_no_link_leads_to_a_directory_it_was_reached_by(tmp_path):
    log = put(tmp_path / "log" / "a").parent
    elsewhere = put(tmp_path / "elsewhere")
    (log / "out").symlink_to(elsewhere)
    (log / "a" / "self").symlink_to(log / "a")
    (log / "a" / "up").symlink_to(log)
    (elsewhere / "back").symlink_to(log)
    assert tfevents.open(log).runs == ["a", "out"]
    assert tfevents.open([log, elsewhere]).runs == [
        "elsewhere",
        "elsewhere/back/a",
        "log/a",
        "log/out",
    ]


def test_names_depend_on_no_order_in_which_a_directory_is_listed(tmp_path):
    found = set()
    for number, order in enumerate(itertools.permutations(["a", "b", "c"])):
        root = tmp_path / str(number)
        shared = put(root / "shared" / "deep").parent
        (shared / "again").symlink_to(shared / "deep")
        for name in order:
            (root / "log" / name).mkdir(parents=True)
            (root / "log" / name / "link").symlink_to(shared)
        found.add(tuple(tfevents.open(root / "log").runs))
    assert found == {("a/link/again", "a/link/deep", "b/link/deep", "c/link/deep")}


def test_a_refresh_follows_the_same_links(tmp_path):
    one, other = put(tmp_path / "one"), put(tmp_path / "other")
    (one / "link").symlink_to(other)
    logs = tfevents.open(tmp_path)
    (other / "link").symlink_to(one)
    put(other / "new")
    logs.refresh()
    assert logs.runs == ["one", "one/link", "one/link/new", "other", "other/link", "other/new"]
