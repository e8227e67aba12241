"""Row order is part of the contract, whatever the threads and whatever the file system says."""

import os
import random

import pytest
import tfevents
from eventfiles import GOLDEN, event, image, make_older, record, scalar, version
from oracle import KINDS, exact


def steps(root, **options):
    table = tfevents.open(root, **options).scalars().to_arrow()
    return list(zip(table.column("run").to_pylist(), table.column("step").to_pylist(), strict=True))


def test_runs_come_in_natural_order(log):
    runs = ["run_10", "run_2", "run_2/val", "run_1", ".", "run_02", "a", "B", "run_2b", "x/y/z"]
    for run in runs:
        log(run, [version(), event(1, scalar("x", 1))])
    found = tfevents.open(log.root).runs
    assert sorted(found) == sorted(runs)
    expected = [".", "run_1", "run_2", "run_2/val", "run_10"]
    assert [run for run in found if run in expected] == expected
    assert [run for run, _ in steps(log.root)] == found


def test_decimals_in_run_names_come_in_order_of_their_value(log):
    for run in ("lr0.1", "lr0.001", "lr0.01", "lr1.0", "lr0.001/val"):
        log(run, [event(1, scalar("x", 1))])
    assert tfevents.open(log.root).runs == ["lr0.001", "lr0.001/val", "lr0.01", "lr0.1", "lr1.0"]


def test_files_come_by_the_wall_time_of_their_first_event_not_by_name(log):
    log(".", [version(30.0), event(3, scalar("x", 3), wall_time=1.0)], "a.tfevents")
    log(".", [version(10.0), event(1, scalar("x", 1), wall_time=99.0)], "c.tfevents")
    log(".", [version(20.0), event(2, scalar("x", 2), wall_time=50.0)], "b.tfevents")
    assert [step for _, step in steps(log.root)] == [1, 2, 3]


def test_files_of_one_second_come_by_name_in_natural_order(log):
    for uid in (10, 9, 1, 2, 100):
        log(".", [version(5.0), event(uid, scalar("x", 1))], f"events.out.tfevents.7.vm.3.{uid}")
    assert [step for _, step in steps(log.root)] == [1, 2, 9, 10, 100]


def test_a_large_first_event_has_its_wall_time_as_well(log):
    """The first event may be larger than what is read to find its wall time."""
    picture = image("i", random.Random(1).randbytes(3_000_000))
    log(".", [event(1, picture, wall_time=5.0), event(1, scalar("x", 1))], "b.tfevents")
    log(".", [version(10.0), event(2, scalar("x", 2))], "a.tfevents")
    log(".", [version(1.0), event(0, scalar("x", 0))], "c.tfevents")
    assert [step for _, step in steps(log.root)] == [0, 1, 2]


def test_damage_at_the_start_of_a_file_does_not_move_it(log):
    """The first event is the first that can be read."""
    broken = bytearray(record(version(1.0)))
    broken[20] ^= 1
    log(".", raw=bytes(broken) + record(event(1, scalar("x", 1), wall_time=2.0)), name="b.tfevents")
    log(".", [version(10.0), event(2, scalar("x", 2))], "a.tfevents")
    with pytest.warns(tfevents.DamageWarning):
        assert [step for _, step in steps(log.root)] == [1, 2]


def test_empty_files_are_no_obstacle(log):
    log(".", [], "a.tfevents")
    log(".", scalars_at(1), "b.tfevents")
    log("empty", [], "c.tfevents")
    assert steps(log.root) == [(".", 1)]
    assert tfevents.open(log.root).runs == [".", "empty"]


def scalars_at(step):
    return [version(), event(step, scalar("x", step))]


def test_dates_and_order_of_arrival_change_nothing(log, tmp_path):
    generator = random.Random(7)
    described = [
        (run, f"{n}.tfevents", [version(float(n)), event(n, scalar("x", n))])
        for run in ("r1", "r2", "r10")
        for n in range(8)
    ]
    generator.shuffle(described)
    for run, name, payloads in described:
        path = log(run, payloads, name)
        make_older(path, generator.randrange(10**6))
    expected = [(run, n) for run in ("r1", "r2", "r10") for n in range(8)]
    assert steps(log.root) == expected
    again = tmp_path / "again"
    generator.shuffle(described)
    for run, name, _ in described:
        (again / run).mkdir(parents=True, exist_ok=True)
        os.link(log.root / run / name, again / run / name)
    assert steps(again) == expected


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    """Runs of several files, one of them large, tags interleaved, large and small records."""
    root = tmp_path_factory.mktemp("busy")
    generator = random.Random(3)
    picture = generator.randbytes(300_000)
    blob = record(event(0, image("img", picture)))
    for run in range(6):
        for part in range(3):
            payloads = [version(float(part))]
            for n in range(400 if run else 4000):
                step = generator.randrange(1000)
                payloads.append(
                    event(step, *(scalar(f"t{generator.randrange(5)}", n) for _ in range(2)))
                )
            raw = b"".join(map(record, payloads))
            if run == 0:
                raw += blob * 30 + raw
            path = root / f"run_{run}" / f"{part}.tfevents"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(raw)
            if run % 2:
                make_older(path, 1000)
    return root


@pytest.mark.parametrize(
    "options", [{}, {"restarts": "last"}, {"mmap": "never"}, {"checksum": False}]
)
def test_the_number_of_threads_changes_nothing(busy, options):
    columns = ["run", "tag", "step", "wall_time", "value", "file", "offset", "attempt"]
    first = tfevents.open(busy, threads=1, **options).scalars(columns=columns).to_arrow()
    assert first.num_rows > 10_000 or options.get("restarts")
    series = tfevents.open(busy, threads=1, **options).series().to_arrow()
    for threads in range(2, 9):
        logs = tfevents.open(busy, threads=threads, **options)
        assert logs.scalars(columns=columns).to_arrow().equals(first)
        assert logs.series().to_arrow().equals(series)
        assert logs.images().count() == (3 * 30 if not options.get("restarts") else 30 * 3)


def test_rows_come_in_record_order_within_a_file(busy):
    table = tfevents.open(busy).scalars(columns=["run", "file", "offset"]).to_arrow().to_pylist()
    places = [(row["run"], row["file"], row["offset"]) for row in table]
    assert places == sorted(places)
    assert len(places) == 3 * 16_000 + 15 * 800


@pytest.mark.parametrize("kind", [*KINDS, "series", "events", "files", "hparams"])
def test_threads_change_nothing_in_any_table(kind):
    tables = [
        exact(getattr(tfevents.open(GOLDEN, threads=n), kind)().to_arrow().to_pylist())
        for n in (1, 2, 8)
    ]
    assert tables[0]
    assert tables[1] == tables[0]
    assert tables[2] == tables[0]


def test_a_scan_gives_the_same_rows_every_time(busy):
    scan = tfevents.open(busy).scalars(tags="t1")
    tables = [scan.to_arrow() for _ in range(3)]
    assert tables[0].num_rows > 0
    assert tables[1].equals(tables[0])
    assert tables[2].equals(tables[0])
