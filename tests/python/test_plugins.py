"""Whose data a value is: rows, `series()` and `events()` follow one rule."""

import random
from collections import Counter

import pytest
import tfevents
from eventfiles import GOLDEN, event, histogram, image, metadata, scalar, tensor, value, version
from oracle import KINDS

#: Many of these filters are meant to leave nothing.
pytestmark = pytest.mark.filterwarnings("ignore::tfevents.NoMatchWarning")

#: Kinds of which each value is one row, so that rows can be counted against events.
ROW_PER_VALUE = ["scalars", "histograms", "tensors", "text", "pr_curves", "layouts", "graphs"]
PLUGINS = ["scalars", "histograms", "images", "audio", "text", "pr_curves", "mine", "hparams"]


def count(table, *columns):
    return Counter(zip(*(table[name].to_pylist() for name in columns), strict=True))


def in_series(logs, **filters):
    rows = logs.series(**filters).to_arrow().to_pylist()
    counted = Counter()
    for row in rows:
        counted[row["run"], row["tag"], row["kind"]] += row["count"]
    return counted


def in_events(logs, **filters):
    rows = logs.events(**filters).to_arrow().to_pylist()
    return Counter((r["run"], r["tag"], r["kind"]) for r in rows if r["what"] == "summary")


def of_summaries(counted):
    """Without what `series()` counts and no summary holds."""
    return Counter({k: n for k, n in counted.items() if k[2] not in ("graphs", "meshes")})


def agree(logs):
    """Holds rows, `series()` and `events()` against each other, with each plugin and without."""
    rows = logs.events().to_arrow().to_pylist()
    named = {row["plugin"] for row in rows}
    for plugin in [None, *sorted(name for name in named | set(PLUGINS) if name)]:
        filters = {} if plugin is None else {"plugin": plugin}
        events = logs.events(**filters).to_arrow().to_pylist()
        if plugin is not None:
            assert events == [row for row in rows if row["plugin"] == plugin]
        assert of_summaries(in_series(logs, **filters)) == of_summaries(in_events(logs, **filters))
        for kind in ROW_PER_VALUE:
            found = count(getattr(logs, kind)(**filters).to_arrow(), "run", "step")
            listed = [row for row in events if row["kind"] == kind]
            if kind == "tensors" and plugin is not None:
                assert found >= Counter((row["run"], row["step"]) for row in listed)
            else:
                assert found == Counter((row["run"], row["step"]) for row in listed)
    of_plugin = {(r["run"], r["tag"], r["kind"]): r["plugin"] for r in reversed(rows)}
    for row in logs.series().to_arrow().to_pylist():
        key = row["run"], row["tag"], row["kind"]
        if row["kind"] not in ("graphs", "meshes"):
            assert (row["plugin"] or None) == of_plugin[key], key


@pytest.mark.parametrize("name", sorted(p.name for p in GOLDEN.iterdir() if p.is_dir()))
def test_rows_series_and_events_agree_on_every_golden_log(name):
    agree(tfevents.open(GOLDEN / name))


def random_value(chance):
    """A value of any content with any metadata: none, one that names no plugin, or a plugin."""
    tag = chance.choice("abcde")
    content = chance.choice(
        [
            {"simple_value": 1.0},
            {"histo": histogram("", [1.0, 2.0], [1, 2]).histo},
            {"image": image("", b"\x89PNG").image},
            {"tensor": tensor(1, [], float_val=[1.0])},
            {"tensor": tensor(1, [1, 3], float_val=[0, 1, 2])},
            {"tensor": tensor(7, [1], string_val=[b"text"])},
            {"tensor": tensor(7, [3], string_val=[b"1", b"1", b"GIF8"])},
            {"tensor": tensor(1, [6, 1], float_val=range(6))},
            {},
        ]
    )
    said = chance.choice([None, "", chance.choice(PLUGINS)])
    if said is not None:
        content["metadata"] = metadata(said, display_name=chance.choice(["", "title"]))
    return value(tag, **content)


@pytest.mark.parametrize("seed", range(25))
def test_rows_series_and_events_agree_on_random_logs(log, seed):
    chance = random.Random(seed)
    for run in ("a", "b"):
        for n in range(2):
            payloads = [version(float(n))]
            for step in range(12):
                values = [random_value(chance) for _ in range(chance.randint(1, 3))]
                payloads.append(event(100 * n + step, *values))
            log(run, payloads, f"{n}.tfevents")
    agree(tfevents.open(log.root))


def padding(megabytes):
    """Events that fill so many pieces of a file that workers read its parts side by side."""
    blob = tensor(7, [1], string_val=[bytes(1 << 20)])
    return [event(10, value("padding", "mine", tensor=blob))] * megabytes


@pytest.mark.parametrize("megabytes", [0, 13])
@pytest.mark.parametrize("threads", [1, 3])
def test_metadata_without_a_plugin_leaves_a_value_in_its_series(log, megabytes, threads):
    def point(step, **said):
        more = {"metadata": metadata(**said)} if said else {}
        return event(step, value("x", tensor=tensor(1, [], float_val=[step]), **more))

    between = padding(megabytes)
    payloads = [point(1, plugin="scalars", display_name="X"), *between]
    payloads += [point(2, plugin="", display_name="later"), *between, point(3)]
    log("r", payloads)
    logs = tfevents.open(log.root, threads=threads)
    assert logs.scalars().to_arrow()["step"].to_pylist() == [1, 2, 3]
    assert logs.tensors(tags="x").count() == 0
    (series,) = logs.series(tags="x").to_arrow().to_pylist()
    assert (series["kind"], series["plugin"], series["count"]) == ("scalars", "scalars", 3)
    assert series["display_name"] == "X"
    events = logs.events(tags="x", plugin="scalars").to_arrow()
    assert events["step"].to_pylist() == [1, 2, 3]
    assert set(events["kind"].to_pylist()) == {"scalars"}


@pytest.mark.parametrize("megabytes", [0, 13])
def test_the_first_metadata_that_names_a_plugin_counts(log, megabytes):
    def point(step, **more):
        return event(step, value("x", tensor=tensor(1, [], float_val=[step]), **more))

    unnamed, named = metadata(display_name="X"), metadata("scalars", display_name="Y")
    payloads = [point(1, metadata=unnamed), *padding(megabytes), point(2, metadata=named)]
    log("r", [*payloads, *padding(megabytes), point(3)])
    logs = tfevents.open(log.root)
    assert logs.scalars().to_arrow()["step"].to_pylist() == [2, 3]
    series = logs.series(tags="x").to_arrow().to_pylist()
    assert [(s["kind"], s["count"], s["display_name"]) for s in series] == [
        ("tensors", 1, "X"),
        ("scalars", 2, "X"),
    ]


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        ("scalars", scalar("x", 1.0)),
        ("histograms", histogram("x", [1.0, 2.0], [1, 2])),
        ("images", image("x", b"\x89PNG" + bytes(20))),
        ("images", image("x", b"\x89PNG" + bytes(30_000))),
    ],
)
def test_values_without_metadata_are_of_the_plugin_that_shows_them(log, kind, made):
    assert kind in KINDS
    log("r", [event(1, made), event(2, made)])
    logs = tfevents.open(log.root)
    assert getattr(logs, kind)(plugin=kind).count() == 2
    for listed in (logs.events(plugin=kind).to_arrow(), logs.series(plugin=kind).to_arrow()):
        assert set(listed["plugin"].to_pylist()) == {kind}
        assert set(listed["kind"].to_pylist()) == {kind}
    assert logs.events(plugin="mine").count() == 0


def test_graphs_are_of_the_plugin_graphs():
    logs = tfevents.open(GOLDEN / "tf1_all")
    graphs = logs.graphs(plugin="graphs").to_arrow()
    events = logs.events(plugin="graphs").to_arrow()
    assert len(graphs) == len(events) > 0
    counts = logs.series(plugin="graphs").to_arrow()["count"].to_pylist()
    assert sum(counts) == len(graphs)
