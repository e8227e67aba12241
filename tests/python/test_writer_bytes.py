"""The native writers: their bytes, and what they take."""

from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np
import pytest
from records import read_records, run_events
from tensorboard.compat.proto.event_pb2 import (
    Event,
    SessionLog,
    SourceMetadata,
    TaggedRunMetadata,
)
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tfevents import _native

STEPS = [0, 1, 127, 128, 2**31, 2**63 - 1, -1, -(2**63)]
PLUGIN = SummaryMetadata.PluginData(plugin_name="scalars")


def payloads(directory: Path) -> list[bytes]:
    """The payloads of the only file of ``directory``, without the version event's."""
    (path,) = directory.iterdir()
    found, rest = read_records(path)
    assert rest == 0
    return found[1:]


class TestBytes:
    """Equal to what protobuf serialises."""

    def test_version_event(self, tmp_path):
        before = time.time()
        _native.Writer(tmp_path).close()
        (path,) = tmp_path.iterdir()
        (payload,), _ = read_records(path)
        event = Event.FromString(payload)
        assert before <= event.wall_time <= time.time()
        expected = Event(
            wall_time=event.wall_time,
            file_version="brain.Event:2",
            source_metadata=SourceMetadata(writer="tfevents"),
        )
        assert payload == expected.SerializeToString(deterministic=True)

    def test_scalars(self, tmp_path):
        writer = _native.Writer(tmp_path)
        expected = []
        numbers = [0.0, -0.0, 1.5, 1e-45, 3.4e38, 1e39, math.inf, -math.inf, math.nan]
        for number in numbers:
            for step in STEPS:
                for tag in ["", "loss", "ünï/çødé 🜛", "x" * 200]:
                    for wall_time in [0.0, 1.25]:
                        writer.add_scalar(tag, number, step, wall_time)
                        with np.errstate(over="ignore"):
                            single = float(np.float32(number))
                        value = Summary.Value(tag=tag, simple_value=single)
                        summary = Summary(value=[value])
                        expected.append(Event(step=step, wall_time=wall_time, summary=summary))
        writer.close()
        assert payloads(tmp_path) == [event.SerializeToString() for event in expected]

    @pytest.mark.parametrize("number", [0.0, 0.1, 1e300, math.inf])
    def test_tensor_scalars_and_metadata(self, tmp_path, number):
        writer = _native.Writer(tmp_path)
        names = {"display_name": "Name", "description": "*text*" * 50}
        with np.errstate(over="ignore"):
            single = float(np.float32(number))
        writer.add_scalar("t", number, 3, 1.0, new_style=True)
        writer.add_scalar("t", number, 3, 1.0, new_style=True, double_precision=True)
        writer.add_scalar("t", number, 3, 1.0, new_style=True, **names)
        writer.add_scalar("t", number, 3, 1.0, double_precision=True, **names)
        writer.close()
        plain = SummaryMetadata(plugin_data=PLUGIN)
        named = {"display_name": names["display_name"], "summary_description": "*text*" * 50}
        one = TensorProto(dtype=1, float_val=[single])
        two = TensorProto(dtype=2, double_val=[number])
        expected = [
            Summary.Value(tag="t", tensor=one, metadata=plain),
            Summary.Value(tag="t", tensor=two, metadata=plain),
            Summary.Value(
                tag="t", tensor=one, metadata=SummaryMetadata(plugin_data=PLUGIN, **named)
            ),
            Summary.Value(tag="t", simple_value=single, metadata=SummaryMetadata(**named)),
        ]
        assert payloads(tmp_path) == [
            Event(step=3, wall_time=1.0, summary=Summary(value=[value])).SerializeToString()
            for value in expected
        ]

    def test_log_is_one_event(self, tmp_path):
        writer = _native.Writer(tmp_path)
        values = {"a": 1.5, "b/c": 2, "": np.float32(3.5), "d": True, "e": np.array([4.5])}
        writer.log(values, 7, 2.0)
        writer.log({"a": 1.0, "b": 2.0}, 8, 2.0)
        writer.log({}, 9, 2.0)
        writer.close()
        wanted = [(7, {"a": 1.5, "b/c": 2, "": 3.5, "d": 1, "e": 4.5}), (8, {"a": 1, "b": 2})]
        expected = [
            Event(
                step=step,
                wall_time=2.0,
                summary=Summary(
                    value=[Summary.Value(tag=tag, simple_value=v) for tag, v in held.items()]
                ),
            )
            for step, held in wanted
        ]
        assert payloads(tmp_path) == [event.SerializeToString() for event in expected]

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize("timed", [True, False])
    def test_a_batch_equals_its_points(self, tmp_path, dtype, timed):
        rng = np.random.default_rng(0)
        n = 40_000
        values = rng.normal(size=n).astype(dtype)
        steps = rng.integers(-(2**62), 2**62, size=n)
        steps[:5] = [0, 0, 1, -1, 127]
        times = rng.random(n) * 1e9 if timed else None
        writer = _native.Writer(tmp_path / "batch")
        writer.add_scalar("x", 1.0, 1, 1.0)
        writer.add_scalar_batch("x", values, steps, times)
        writer.add_scalar("x", 2.0, 2, 2.0)
        writer.close()
        events = run_events(tmp_path / "batch")
        assert [event.step for event in events] == [1, *steps.tolist(), 2]
        found = [event.summary.value[0].simple_value for event in events]
        np.testing.assert_array_equal(found, [1, *values.astype(np.float32).tolist(), 2])
        if timed:
            assert [event.wall_time for event in events[1:-1]] == times.tolist()
        else:
            assert len({event.wall_time for event in events[1:-1]}) == 1
            assert abs(events[1].wall_time - time.time()) < 60

    def test_other_events(self, tmp_path):
        writer = _native.Writer(tmp_path)
        value = Summary.Value(tag="big", simple_value=1)
        big = Summary.Value(tag="x" * 300_000)
        raw = Event(step=5, file_version="brain.Event:7")
        encoded = [value.SerializeToString(), big.SerializeToString(), b""]
        writer.add_values([_native.Value(one) for one in encoded], 1, 1.0)
        writer.add_graph_def(b"graph" * 1000, 1.0)
        writer.add_meta_graph(b"meta", 1.0)
        writer.add_run_metadata("step1", b"stats", None, 1.0)
        writer.add_session_start(9, 1.0)
        writer.add_event(raw.SerializeToString())
        writer.add_event(b"")
        writer.close()
        expected = [
            Event(step=1, wall_time=1, summary=Summary(value=[value, big, Summary.Value()])),
            Event(wall_time=1, graph_def=b"graph" * 1000),
            Event(wall_time=1, meta_graph_def=b"meta"),
            Event(
                wall_time=1,
                tagged_run_metadata=TaggedRunMetadata(tag="step1", run_metadata=b"stats"),
            ),
            Event(step=9, wall_time=1, session_log=SessionLog(status=SessionLog.START)),
            raw,
            Event(),
        ]
        assert payloads(tmp_path) == [event.SerializeToString() for event in expected]

    def test_purge_step_writes_torchs_two_events(self, tmp_path):
        _native.Writer(tmp_path, purge_step=10).close()
        version, start = (Event.FromString(payload) for payload in payloads(tmp_path))
        assert (version.step, version.file_version) == (10, "brain.Event:2")
        assert not version.HasField("source_metadata")
        assert (start.step, start.session_log.status) == (10, SessionLog.START)

    def test_raw_records_and_events(self, tmp_path):
        data = [b"", b"a", bytes(range(256)) * 5000]
        writer = _native.RecordWriter(tmp_path / "records")
        events = _native.EventWriter(tmp_path / "x.tfevents.y", version=False)
        for record in data:
            writer.write(record)
            events.write(record)
        writer.close()
        events.close()
        assert read_records(tmp_path / "records") == (data, 0)
        assert read_records(tmp_path / "x.tfevents.y") == (data, 0)
        with pytest.raises(ValueError, match="closed"):
            writer.write(b"late")
        assert read_records(tmp_path / "records") == (data, 0)

    def test_event_writer_takes_a_directory(self, tmp_path):
        with pytest.raises(TypeError, match="no option"):
            _native.EventWriter(tmp_path / "run", unknown=1)
        writer = _native.EventWriter(tmp_path / "run", filename_suffix=".me")
        writer.write(Event(step=4).SerializeToString())
        writer.close()
        assert [event.step for event in run_events(tmp_path / "run")] == [4]
        assert writer.path.name.endswith(".me")


class TestArguments:
    """Wrong ones are told by name, and write nothing."""

    @pytest.mark.parametrize(
        ("arguments", "error", "name"),
        [
            ((1, 1.0), TypeError, "tag"),
            (("t", "text"), TypeError, "value"),
            (("t", None), TypeError, "value"),
            (("t", 1j), TypeError, "value"),
            (("t", np.zeros(2)), (TypeError, ValueError), "value"),
            (("t", 1.0, 0.5), TypeError, "step"),
            (("t", 1.0, 2**63), OverflowError, "step|int"),
            (("t", 1.0, 1, "now"), TypeError, "wall_time"),
        ],
    )
    def test_scalar(self, tmp_path, arguments, error, name):
        writer = _native.Writer(tmp_path)
        with pytest.raises(error, match=name):
            writer.add_scalar(*arguments)
        writer.close()
        assert payloads(tmp_path) == []

    @pytest.mark.parametrize(
        ("values", "steps", "times", "name"),
        [
            (np.zeros(3), np.zeros(2, np.int64), None, "one length"),
            (np.zeros(3), np.zeros(3, np.int64), np.zeros(4), "one length"),
            (np.zeros((3, 1)), np.zeros(3, np.int64), None, "values"),
            (np.zeros(6)[::2], np.zeros(3, np.int64), None, "values"),
            (np.zeros(3, np.int64), np.zeros(3, np.int64), None, "values"),
            (np.zeros(3), np.zeros(3, np.int32), None, "steps"),
            (np.zeros(3), np.zeros(3, np.int64), np.zeros(3, np.float32), "wall_times"),
        ],
    )
    def test_batch(self, tmp_path, values, steps, times, name):
        writer = _native.Writer(tmp_path)
        with pytest.raises(ValueError, match=name):
            writer.add_scalar_batch("t", values, steps, times)
        writer.close()
        assert payloads(tmp_path) == []

    @pytest.mark.parametrize(
        "option",
        [
            {"durability": "no"},
            {"on_error": 3},
            {"on_full": ""},
            {"flush_secs": 0},
            {"rotate_bytes": 0},
            {"rotate_secs": -1},
            {"max_buffer_bytes": 0},
            {"close_timeout": math.nan},
            {"filename_suffix": "a/b"},
        ],
    )
    def test_options(self, tmp_path, option):
        (name,) = option
        with pytest.raises(ValueError, match=name):
            _native.Writer(tmp_path / "run", **option)
        assert not (tmp_path / "run").exists()

    def test_a_value_that_writes_while_it_is_converted(self, tmp_path):
        writer = _native.Writer(tmp_path)

        class Nested:
            def item(self):
                writer.log({"inner": Inner()}, 1, 1.0)
                held["new"] = 1.0
                return 2.0

        class Inner:
            def item(self):
                return 3.0

        held = {"outer": Nested()}
        with pytest.raises(RuntimeError, match="changed size"):
            writer.log(held, 2, 1.0)
        writer.close()
        (event,) = run_events(tmp_path)
        assert [(value.tag, value.simple_value) for value in event.summary.value] == [
            ("inner", 3.0)
        ]
