"""Graphs of foreign formats."""

from __future__ import annotations

from pathlib import Path

import golden
import onnx
from onnx import TensorProto, helper
from tensorboard.compat.proto import graph_pb2, types_pb2
from tfevents import SummaryWriter


def graph(directory: Path) -> graph_pb2.GraphDef:
    (event,) = [event for event in golden.run(directory) if event.graph_def]
    return graph_pb2.GraphDef.FromString(event.graph_def)


def test_onnx_models_become_graphs(tmp_path: Path) -> None:
    x = helper.make_tensor_value_info("x", TensorProto.INT64, [2, 3])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 3])
    nodes = [
        helper.make_node("Cast", ["x"], ["c"], to=TensorProto.FLOAT),
        helper.make_node("Relu", ["c"], ["y"]),
    ]
    model = helper.make_model(helper.make_graph(nodes, "g", [x], [y]))
    onnx.save(model, tmp_path / "m.onnx")
    with SummaryWriter(tmp_path / "run") as w:
        w.add_onnx_graph(tmp_path / "m.onnx")
    read = graph(tmp_path / "run")
    assert read.versions.producer == 22
    assert [(node.name, node.op) for node in read.node] == [
        ("x", "Variable"),
        ("y", "Variable"),
        ("c", "Cast"),
        ("y", "Relu"),
    ]
    assert read.node[0].attr["dtype"].type == types_pb2.DT_INT64
    assert [dim.size for dim in read.node[0].attr["shape"].shape.dim] == [2, 3]
    assert list(read.node[3].input) == ["c"]
    assert b"to" in read.node[2].attr["parameters"].s


def test_openvino_models_become_graphs(tmp_path: Path) -> None:
    (tmp_path / "m.xml").write_text(
        '<net><layers><layer id="0" name="in" type="Parameter"><data shape="1,3"/></layer>'
        '<layer id="1" name="act" type="ReLU"/></layers>'
        '<edges><edge from-layer="0" from-port="0" to-layer="1" to-port="0"/></edges></net>'
    )
    with SummaryWriter(tmp_path / "run") as w:
        w.add_openvino_graph(tmp_path / "m.xml")
    read = graph(tmp_path / "run")
    assert [(node.name, node.op, list(node.input)) for node in read.node] == [
        ("in", "Parameter", []),
        ("act", "ReLU", ["in"]),
    ]
    assert read.node[0].attr["parameters"].s == b"shape = 1,3"


def test_layers_under_the_statistics_of_an_openvino_model_are_no_nodes(tmp_path: Path) -> None:
    (tmp_path / "m.xml").write_text(
        '<net><layers><layer id="0" name="in" type="Input"/></layers><edges/>'
        "<statistics><layer><name>in</name><min>0,0</min><max>1,1</max></layer></statistics></net>"
    )
    with SummaryWriter(tmp_path / "run") as w:
        w.add_openvino_graph(tmp_path / "m.xml")
    assert [(node.name, node.op) for node in graph(tmp_path / "run").node] == [("in", "Input")]
