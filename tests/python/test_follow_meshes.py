"""Meshes of a followed log whose components come one after another."""

import pytest
import tfevents
from eventfiles import Summary, event, metadata, tensor
from followers import append, now

VERTEX, FACE, COLOR = 1, 2, 3
COLUMNS = ["vertices", "colors", "faces"]
#: A bit for each of them.
ALL = 1 << VERTEX | 1 << FACE | 1 << COLOR


def component(content, components, name="m"):
    """A component of a mesh of one point, whose metadata lists `components`."""
    described = metadata("mesh")
    listed = [24, content, 56, components]
    described.plugin_data.content = bytes([18, len(name), *name.encode(), *listed])
    numbers = {"int_val": [1, 1, 1]} if content == FACE else {"float_val": [1, 2, 3]}
    points = tensor(3 if content == FACE else 1, [1, 1, 3], **numbers)
    return Summary.Value(tag=f"{name}_{content}", tensor=points, metadata=described)


def there(rows):
    """Which columns each mesh has."""
    return [[name for name in COLUMNS if row[name] is not None] for row in rows]


def test_components_in_separate_events_are_one_row_over_any_cursor(log):
    path = log("a", [event(0, component(VERTEX, ALL))])
    scan = tfevents.open(log.root).meshes()
    rows, cursor = now(scan)
    assert rows == []
    append(path, [event(0, component(FACE, ALL))])
    rows, cursor = now(scan, cursor)
    assert rows == []
    follower = scan.follow(cursor, timeout=0)
    assert list(follower) == []
    assert [(found.path, found.offset) for found in follower.pending] == [(path, 0)]
    append(path, [event(0, component(COLOR, ALL))])
    rows, cursor = now(scan, cursor)
    assert there(rows) == [COLUMNS]
    assert now(scan, cursor)[0] == []
    logs = tfevents.open(log.root)
    assert rows == logs.meshes().to_arrow().to_pylist()


def test_a_mesh_comes_at_once_when_it_has_what_its_metadata_lists(log):
    log("a", [event(0, component(VERTEX, 1 << VERTEX))])
    rows, _ = now(tfevents.open(log.root).meshes(), settle=3600)
    assert there(rows) == [["vertices"]]


def test_a_mesh_whose_metadata_lists_nothing_waits_for_settle_seconds(log):
    log("a", [event(0, component(VERTEX, 0))])
    scan = tfevents.open(log.root).meshes()
    rows, cursor = now(scan, settle=3600)
    assert rows == []
    rows, cursor = now(scan, cursor, settle=0)
    assert there(rows) == [["vertices"]]
    assert now(scan, cursor, settle=0)[0] == []


@pytest.mark.parametrize("times", [(1000, 1001), (1001, 1002), (1002, 1003)])
def test_the_wall_time_of_a_mesh_is_that_of_its_first_component(log, times):
    contents = enumerate([VERTEX, FACE, COLOR])
    log("a", [event(0, component(c, ALL), wall_time=1000.5 + i) for i, c in contents])
    logs = tfevents.open(log.root)
    expected = logs.meshes(wall_time=times).to_arrow().to_pylist()
    assert len(expected) == (times == (1000, 1001))
    assert now(logs.meshes(wall_time=times))[0] == expected
    kinds = ["meshes", "scalars"]
    found = dict(logs.follow(timeout=0, kinds=kinds, wall_time=times))
    assert [row for batch in found.values() for row in batch.to_pylist()] == expected


def test_a_cursor_with_meshes_that_are_begun_is_small(log):
    names = ("head", "body")
    for run in range(200):
        values = [component(c, ALL, name) for name in names for c in (VERTEX, FACE)]
        log(f"lr=0.{run:03}/train", [event(run, value) for value in values])
    follower = tfevents.open(log.root).meshes().follow(timeout=0)
    assert list(follower) == []
    assert len(follower.pending) == 200
    assert len(follower.cursor) <= 200 * 64 + 200 * 4 * 32
