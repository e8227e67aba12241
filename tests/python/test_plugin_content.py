"""What plugins keep in their metadata, and what events say that are no values."""

from __future__ import annotations

import tfevents
from eventfiles import event, metadata, scalar, tensor, value, write
from tables import rows
from tensorboard.compat.proto import event_pb2

CONTENT = bytes(range(256))


def described(tag, content, plugin="mine", number=1.0):
    """A tensor whose metadata has a message of the plugin."""
    one = value(tag, tensor=tensor(1, [1], float_val=[number]))
    one.metadata.CopyFrom(metadata(plugin, content))
    return one


def test_series_and_tensors_have_the_content(log):
    bare = value("t", tensor=tensor(1, [1], float_val=[2.0]))
    log("a", [event(0, described("t", CONTENT), scalar("s", 1.0)), event(1, bare)])
    log("b", [event(0, described("t", b""), described("u", b"other"))])
    series = {(row["run"], row["tag"]): row["plugin_content"] for row in rows(log, "series")}
    assert series == {("a", "t"): CONTENT, ("a", "s"): None, ("b", "t"): None, ("b", "u"): b"other"}
    found = rows(log, "tensors", columns=["run", "tag", "step", "plugin_content"])
    # A value that brings no metadata has that of its series.
    assert [(row["run"], row["step"], row["plugin_content"]) for row in found] == [
        ("a", 0, CONTENT),
        ("a", 1, CONTENT),
        ("b", 0, None),
        ("b", 0, b"other"),
    ]
    assert "plugin_content" not in tfevents.open(log.root).tensors().schema.names
    typed = rows(log, "tensors", dtype="float64", columns=["values", "plugin_content"])
    assert [row["values"] for row in typed] == [[1.0], [2.0], [1.0], [1.0]]
    assert typed[0]["plugin_content"] == CONTENT


def test_each_tensor_has_the_content_of_its_own_metadata(log):
    log("a", [event(step, described("t", b"%d" % step)) for step in range(5)])
    found = rows(log, "tensors", columns=["plugin_content"])
    assert [row["plugin_content"] for row in found] == [b"0", b"1", b"2", b"3", b"4"]
    (series,) = rows(log, "series", columns=["plugin_content"])
    assert series == {"plugin_content": b"0"}  # the first metadata describes the series


def test_content_told_in_an_earlier_file_of_the_run_counts(log):
    bare = value("t", tensor=tensor(1, [1], float_val=[2.0]))
    run = log.root / "a"
    write(run / "x.tfevents.1", [event(0, described("t", CONTENT), wall_time=1.0)])
    write(run / "x.tfevents.2", [event(step, bare, wall_time=2.0) for step in range(1, 5)])
    found = rows(log, "tensors", columns=["step", "plugin_content"])
    assert [row["plugin_content"] for row in found] == [CONTENT] * 5


SESSIONS = [
    ({"status": 1}, "START"),
    ({"status": 2}, "STOP"),
    ({"status": 3, "checkpoint_path": "m-10"}, "CHECKPOINT m-10"),
    ({"status": 3, "checkpoint_path": "m", "msg": "late"}, "CHECKPOINT m: late"),
    ({"status": 1, "msg": "again"}, "START: again"),
    ({}, "STATUS_UNSPECIFIED"),
]
LOGS = [(10, "DEBUGGING: x"), (20, "INFO: x"), (30, "WARN: x"), (50, "FATAL: x"), (0, "UNKNOWN: x")]


def test_events_have_a_detail_when_asked_for(log):
    events = [event_pb2.Event(file_version="brain.Event:2")]
    events += [event_pb2.Event(session_log=event_pb2.SessionLog(**one)) for one, _ in SESSIONS]
    events += [
        event_pb2.Event(log_message=event_pb2.LogMessage(level=level, message="x"))
        for level, _ in LOGS
    ]
    events += [event_pb2.Event(graph_def=b"g"), event_pb2.Event(meta_graph_def=b"m")]
    profile = event_pb2.TaggedRunMetadata(tag="step1", run_metadata=b"p")
    events.append(event_pb2.Event(tagged_run_metadata=profile))
    keras = value("k", "graph_keras_model", tensor=tensor(7, [], string_val=[b"{}"]))
    log(
        "a",
        [one.SerializeToString() for one in events] + [event(1, keras, scalar("s", 1.0))],
    )
    found = rows(log, "events", columns=["what", "tag", "detail"])
    wanted = ["brain.Event:2", *(detail for _, detail in SESSIONS), *(detail for _, detail in LOGS)]
    wanted += ["graph_def", "meta_graph", "run_metadata", "keras", None]
    assert [row["detail"] for row in found] == wanted
    assert "detail" not in tfevents.open(log.root).events().schema.names
    assert rows(log, "events", tags="k", columns=["detail"]) == [{"detail": "keras"}]
