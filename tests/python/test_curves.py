"""Precision-recall curves and meshes against their definitions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import golden
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.mesh.plugin_data_pb2 import MeshPluginData
from tensorboard.plugins.pr_curve.plugin_data_pb2 import PrCurvePluginData
from tfevents import SummaryWriter, _arrays, _native


def curve(labels: Any, predictions: Any, weights: Any, thresholds: int) -> np.ndarray:
    packed = [_arrays.pack(x, "x") for x in (labels, predictions)]
    weighed = None if weights is None else _arrays.pack(weights, "x")
    encoded, problem = _native.pr_curve_value("p", *packed, weighed, thresholds)
    assert problem is None
    value = Summary.Value.FromString(bytes(encoded))
    content = value.metadata.plugin_data.content
    assert PrCurvePluginData.FromString(content).num_thresholds == thresholds
    assert [dim.size for dim in value.tensor.tensor_shape.dim] == [6, thresholds]
    return np.array(value.tensor.float_val).reshape(6, thresholds)


@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 1), st.floats(0, 4)), min_size=1, max_size=60),
    st.integers(2, 300),
)
@settings(max_examples=100, deadline=None)
def test_counts_are_those_at_or_above_each_threshold(
    rows: list[tuple[bool, float, float]], thresholds: int
) -> None:
    labels, scores, weights = (np.array(column) for column in zip(*rows, strict=True))
    got = curve(labels, scores, weights, thresholds)
    bucket = np.floor(scores * (thresholds - 1))
    at = bucket >= np.arange(thresholds)[:, None]
    tp = (at * labels * weights).sum(1)
    fp = (at * ~labels * weights).sum(1)
    wanted = [tp, fp, fp[0] - fp, tp[0] - tp]
    wanted += [tp / np.maximum(1e-7, tp + fp), tp / np.maximum(1e-7, tp[0])]
    assert got == pytest.approx(np.stack(wanted), rel=1e-5, abs=1e-6)


def test_a_mesh_has_three_parts_of_one_name(tmp_path: Path) -> None:
    faces = np.array([[[0, 1, 2]]], np.int32)
    colors = np.full((1, 3, 3), 200, np.uint8)
    with SummaryWriter(tmp_path) as w:
        w.add_mesh("m", np.eye(3)[None], colors, faces, {"b": 1, "a": {"c": 2}}, 4)
    (event,) = [event for event in golden.run(tmp_path) if event.summary.value]
    assert event.step == 4
    assert [value.tag for value in event.summary.value] == ["m_VERTEX", "m_FACE", "m_COLOR"]
    for value in event.summary.value:
        content = MeshPluginData.FromString(value.metadata.plugin_data.content)
        assert (content.name, content.components) == ("m", 14)
        assert json.loads(content.json_config) == {"a": {"c": 2}, "b": 1}
    assert list(event.summary.value[2].tensor.float_val) == [200] * 9


def test_a_point_cloud_has_one_part(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as w:
        w.add_mesh("m", np.zeros((2, 5, 3)))
    (value,) = golden.run(tmp_path)[-1].summary.value
    content = MeshPluginData.FromString(value.metadata.plugin_data.content)
    assert (list(content.shape), content.components) == ([2, 5, 3], 2)
