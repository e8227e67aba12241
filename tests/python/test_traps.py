"""What trips readers up, one claim a test; tensors have a file of their own."""

import math
import struct

import numpy as np
import pytest
import tfevents
from eventfiles import (
    Event,
    Summary,
    event,
    field,
    histogram,
    image,
    metadata,
    record,
    scalar,
    scalars,
    start,
    tensor,
    text,
    value,
    version,
    wire_event,
    write,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tables import only, rows

FLOAT = struct.pack("<f", 1.5)

# Metadata.


def test_metadata_of_the_first_event_counts_for_the_later_ones(log):
    bare = value("t", tensor=tensor(7, [1], string_val=[b"b"]))
    log(".", [version(), event(0, text("t", "a")), event(1, bare), event(2, bare)])
    assert [row["text"] for row in rows(log, "text")] == [["a"], ["b"], ["b"]]
    assert rows(log, "tensors") == []


def test_metadata_of_an_earlier_file_of_the_run_counts(log):
    bare = value("t", tensor=tensor(7, [1], string_val=[b"b"]))
    log(".", [version(10.0), event(0, text("t", "a"), wall_time=11.0)], "a.tfevents")
    log(".", [version(20.0), event(1, bare, wall_time=21.0)], "b.tfevents")
    log("other", [version(30.0), event(2, bare, wall_time=31.0)], "c.tfevents")
    assert [row["text"] for row in rows(log, "text")] == [["a"], ["b"]]
    assert [row["run"] for row in rows(log, "tensors")] == ["other"]


def test_metadata_reaches_over_the_pieces_a_large_file_is_read_in(log):
    bare = value("t", tensor=tensor(7, [1], string_val=[b"b"]))
    filler = record(event(0, image("i", bytes(1 << 20))))
    raw = record(event(0, text("t", "a"))) + filler * 13 + record(event(1, bare))
    log(".", raw=raw)
    for threads in (1, 2, 5):
        logs = tfevents.open(log.root, threads=threads)
        table = logs.text().to_arrow()
        assert table.column("text").to_pylist() == [["a"], ["b"]]
        assert logs.tensors().count() == 0


@pytest.mark.parametrize("megabytes", [0, 13])
def test_how_a_file_is_cut_does_not_decide_which_metadata_counts(log, megabytes):
    """Two events disagree on the plugin; what has no metadata follows them, near or far."""
    bare = value("t", tensor=tensor(7, [1], string_val=[b"c"]))
    labels = [value("t", plugin, tensor=bare.tensor) for plugin in ("text", "other")]
    filler = record(event(0, image("i", bytes(1 << 20)))) * megabytes
    log(".", raw=b"".join(record(event(0, v)) for v in labels) + filler + record(event(1, bare)))
    near = tfevents.open(log.root).text().to_arrow().num_rows
    log.root.joinpath("small").mkdir()
    log("small", [*(event(0, v) for v in labels), event(1, bare)])
    assert tfevents.open(log.root / "small").text().to_arrow().num_rows == near


def test_display_name_and_description_are_kept_without_a_plugin(log):
    said = metadata("", display_name="S!", summary_description="**md**")
    log(".", [event(0, Summary.Value(tag="s", simple_value=1, metadata=said))])
    row = only(log, "series")
    assert (row["kind"], row["display_name"], row["description"]) == ("scalars", "S!", "**md**")
    assert only(log, "scalars")["value"] == 1.0


def test_plugin_decides_although_no_data_class_is_stored(log):
    curve = tensor(1, [6, 2], float_val=range(12))
    log(".", [event(0, value("p", "pr_curves", tensor=curve))])
    assert only(log, "pr_curves")["recall"] == [10.0, 11.0]


def test_a_plugin_nobody_knows_leaves_a_tensor(log):
    log(".", [event(0, value("t", "mine", tensor=tensor(3, [1], int_val=[4])))])
    assert only(log, "tensors")["data"] == struct.pack("<i", 4)
    assert only(log, "series")["plugin"] == "mine"


# Histograms.


def test_outer_edges_of_a_legacy_histogram_are_min_and_max(log):
    limits = [-1.0, 0.0, 1.0, 1.7976931348623157e308]
    stored = histogram("h", limits, [1, 0, 2, 3], min=-5, max=9, num=6, sum=4, sum_squares=11)
    log(".", [event(0, stored)])
    row = only(log, "histograms")
    edges = [(b["left"], b["right"], b["count"]) for b in row["buckets"]]
    assert edges == [(-5, -1, 1), (-1, 0, 0), (0, 1, 2), (1, 9, 3)]
    assert [row[name] for name in ("min", "max", "num", "sum", "sum_squares")] == [-5, 9, 6, 4, 11]


def test_no_bucket_runs_backwards(log):
    stored = histogram("h", [0.5, 1.0], [4, 6], min=0.7, max=0.9, num=10)
    log(".", [event(0, stored)])
    buckets = only(log, "histograms")["buckets"]
    assert all(bucket["left"] <= bucket["right"] for bucket in buckets)
    assert [bucket["count"] for bucket in buckets] == [4, 6]


LARGEST = 1.7976931348623157e308
edges = st.floats(-2, 2)


@given(
    st.lists(edges, max_size=6),
    st.booleans(),
    edges | st.just(float("-inf")) | st.just(float("nan")),
    edges | st.just(float("inf")) | st.just(float("nan")),
)
@example([0.994, 1.009], True, 0.9, 1.0)
@settings(max_examples=200, deadline=None)
def test_no_bucket_of_any_legacy_histogram_runs_backwards(
    tmp_path_factory, limits, open_end, low, high
):
    limits = sorted(limits) + [LARGEST] * open_end
    counts = [1.0] * len(limits)
    root = tmp_path_factory.mktemp("log")
    write(root / "a.tfevents.1", [event(0, histogram("h", limits, counts, min=low, max=high))])
    (row,) = tfevents.open(root).histograms().to_arrow().to_pylist()
    buckets = row["buckets"]
    assert [bucket["count"] for bucket in buckets] == counts
    assert all(bucket["left"] <= bucket["right"] for bucket in buckets)
    inner = [bucket["right"] for bucket in buckets[:-1]]
    assert inner == [bucket["left"] for bucket in buckets[1:]] == limits[: len(inner)]


@pytest.mark.parametrize("dtype", [1, 2])
def test_a_tensor_histogram_has_no_statistics(log, dtype):
    width = {1: "<f4", 2: "<f8"}[dtype]
    content = np.array([[0, 1, 5], [1, 2, 0]], width).tobytes()
    stored = tensor(dtype, [2, 3], tensor_content=content)
    log(".", [event(0, value("h", "histograms", tensor=stored))])
    row = only(log, "histograms")
    assert [tuple(bucket.values()) for bucket in row["buckets"]] == [(0, 1, 5), (1, 2, 0)]
    assert row["min"] is row["max"] is row["num"] is row["sum"] is row["sum_squares"] is None


def test_an_empty_histogram_has_no_buckets(log):
    log(".", [event(0, value("h", "histograms", tensor=tensor(2, [0, 3])))])
    assert only(log, "histograms")["buckets"] == []


# Times.


def test_wall_time_is_as_stored_and_orders_nothing_within_a_file(log):
    times = [5.0, 0.0, math.inf, -1.5, 5.0, 1e-300]
    log(".", [event(n, scalar("x", n), wall_time=t) for n, t in enumerate(times)])
    found = rows(log, "scalars")
    assert [row["wall_time"] for row in found] == times
    assert [row["step"] for row in found] == list(range(6))


def test_wall_time_may_be_nan(log):
    payloads = [event(n, scalar("x", n), wall_time=t) for n, t in enumerate([1.0, math.nan, 2.0])]
    log(".", [version(), *payloads])
    found = rows(log, "scalars")
    assert [row["step"] for row in found] == [0, 1, 2]
    assert math.isnan(found[1]["wall_time"])


@pytest.mark.parametrize("step", [-1, -5, 2**62, 2**63 - 1, -(2**63)])
def test_steps_are_64_bits_with_sign(log, step):
    log(".", [event(step, scalar("x", 1), wall_time=1.0)])
    assert only(log, "scalars")["step"] == step


def test_an_absent_step_is_zero(log):
    log(".", [Event(wall_time=1, summary=Summary(value=[scalar("x", 1)])).SerializeToString()])
    assert only(log, "scalars")["step"] == 0


def test_equal_and_decreasing_steps_are_all_kept(log):
    steps = [1, 2, 3, 3, 2, 2, 5]
    log(".", scalars("x", steps))
    assert [row["step"] for row in rows(log, "scalars")] == steps


def test_a_session_start_removes_nothing_unless_asked(log):
    log(".", [version(), *scalars("x", range(4)), start(2), *scalars("x", [2, 3])])
    assert [row["step"] for row in rows(log, "scalars")] == [0, 1, 2, 3, 2, 3]


def test_the_latest_of_several_version_events_counts(log):
    log(".", [version(number=1), version(number=2, step=5), *scalars("x", [5])])
    assert only(log, "files")["file_version"] == "brain.Event:2"
    assert only(log, "files")["records"] == 3
    assert only(log, "scalars")["step"] == 5


@pytest.mark.parametrize("begin", [[], [version(number=1)], [version(number=0)]])
def test_a_log_without_or_with_an_old_version_is_read(log, begin):
    log(".", [*begin, *scalars("x", [1])])
    assert only(log, "scalars")["step"] == 1


# Values and events that hold less, or more, than usual.


def test_a_value_without_content_breaks_nothing(log):
    failed = Summary.Value(tag="video", metadata=metadata("images"))
    log(
        ".",
        [event(0, failed, scalar("x", 1)), event(1, Summary.Value(tag="bare")), *scalars("x", [2])],
    )
    assert [row["step"] for row in rows(log, "scalars")] == [0, 2]
    assert rows(log, "images") == []
    assert {row["tag"]: row["kind"] for row in rows(log, "series")} == {
        "video": None,
        "x": "scalars",
        "bare": None,
    }


def test_an_event_may_hold_many_values(log):
    log(".", [event(1, *(scalar(f"t{n}", n) for n in range(50)), text("s", "x"))])
    assert [row["value"] for row in rows(log, "scalars")] == list(range(50))
    assert only(log, "text")["text"] == ["x"]


def test_an_empty_record_is_an_event_that_holds_nothing(log):
    log(".", [version(), b"", *scalars("x", [1])])
    assert [row["step"] for row in rows(log, "scalars")] == [1]
    assert only(log, "files")["records"] == 3
    assert [row["what"] for row in rows(log, "events")] == ["file_version", None, "summary"]


def test_two_files_joined_by_cat_are_one_file(log):
    one = b"".join(map(record, [version(1.0), *scalars("x", [1])]))
    log(".", raw=one + one)
    assert [row["step"] for row in rows(log, "scalars")] == [1, 1]


def test_fields_may_come_in_any_order_and_unknown_ones_are_passed_over(log):
    number = b"\x15" + FLOAT
    odd = field(99, b"what") + number + field(1, b"x") + field(1000, 7)
    summary = field(77, b"?") + field(1, odd)
    payload = field(5, summary) + field(500, 1) + field(2, 6) + field(1, 3.0)
    log(".", [payload])
    row = only(log, "scalars")
    assert (row["tag"], row["step"], row["wall_time"], row["value"]) == ("x", 6, 3.0, 1.5)


def test_the_last_of_repeated_fields_counts_and_messages_merge(log):
    one, two = field(1, b"old") + b"\x15" + FLOAT, field(1, b"b") + b"\x15" + FLOAT
    payload = field(2, 1) + field(5, field(1, one)) + field(2, 8) + field(5, field(1, two))
    log(".", [payload])
    assert Event.FromString(payload).step == 8
    assert [(row["tag"], row["step"]) for row in rows(log, "scalars")] == [("old", 8), ("b", 8)]


@pytest.mark.parametrize("size", [10, 100_000, 10_000_000])
def test_a_tag_after_the_content_is_still_the_tag(log, size):
    """Legal order of fields, in values small enough to be read at once and in large ones."""
    picture = field(4, b"\x89PNG" + bytes(size))
    log(".", [wire_event(0, field(4, picture) + field(1, b"wanted"))])
    assert only(log, "images", tags="wanted")["tag"] == "wanted"


@pytest.mark.parametrize("size", [10, 100_000])
def test_the_node_name_stands_in_for_the_tag_of_a_tensor(log, size):
    body = tensor(4, [size], tensor_content=bytes(size)).SerializeToString()
    log(".", [wire_event(0, field(7, b"node") + field(8, body))])
    assert only(log, "tensors")["tag"] == "node"
    assert only(log, "tensors", tags="node")["tag"] == "node"
    assert only(log, "series")["tag"] == "node"


def test_tags_may_be_empty_or_of_any_script(log):
    tags = ["", "ünï/códe 标签 😀", " a ", "a\nb", "x" * 5000]
    log(".", [event(n, scalar(tag, n)) for n, tag in enumerate(tags)])
    assert [row["tag"] for row in rows(log, "scalars")] == tags


def test_hparams_without_any_value_are_read(log):
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    said = HParamsPluginData()
    said.session_start_info.hparams["lr"].number_value = 0.5
    said.session_start_info.hparams["flag"].bool_value = True
    said.session_start_info.hparams["opt"].string_value = "sgd"
    info = metadata("hparams", said.SerializeToString())
    log("a", [event(0, Summary.Value(tag="_hparams_/session_start_info", metadata=info))])
    row = only(log, "hparams")
    assert (row["run"], row["lr"], row["flag"], row["opt"]) == ("a", 0.5, True, "sgd")
