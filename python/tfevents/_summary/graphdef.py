"""``GraphDef`` messages of foreign graphs, written by hand.

::

    GraphDef   node=1, versions=4 { producer=1 }
    NodeDef    name=1, op=2, input=3 repeated, attr=5 map<string, AttrValue>
    AttrValue  s=2, type=6, shape=7 { dim=2 { size=1 } }
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tfevents._protos import varint

# Versions of GraphDef that know nothing newer than what is used here.
_PRODUCER = 22

# onnx.TensorProto.DataType to tensorflow.DataType.
_ONNX_TYPES = {
    1: 1, 2: 4, 3: 6, 4: 17, 5: 5, 6: 3, 7: 9, 8: 7, 9: 10, 10: 19, 11: 2, 12: 22, 13: 23,
    14: 8, 15: 18, 16: 14, 17: 25, 18: 26, 19: 24, 20: 28, 21: 30, 22: 29, 23: 33,
}  # fmt: skip


def from_onnx(graph: Any) -> bytes:
    """The nodes of an ``onnx.GraphProto``: its inputs and outputs as variables, and its operators.

    An operator is named by its first output, its attributes become one text.
    """
    nodes = []
    for value in [*graph.input, *graph.output]:
        tensor = value.type.tensor_type
        sizes = [dim.dim_value for dim in tensor.shape.dim]
        shape = b"".join(_field(2, _number(1, size)) for size in sizes)
        attributes = {
            "dtype": _number(6, _ONNX_TYPES.get(tensor.elem_type, 0)),
            "shape": _field(7, shape),
        }
        nodes.append(_node(value.name, "Variable", [], attributes))
    for node in graph.node:
        text = ", ".join(
            " = ".join(str(field[1]) for field in attribute.ListFields())
            for attribute in node.attribute
        )
        name = node.output[0] if node.output else node.name
        nodes.append(_node(name, node.op_type, node.input, {"parameters": _field(2, _utf8(text))}))
    return _graph(nodes)


def from_openvino(path: Path) -> bytes:
    """The layers of an OpenVINO ``.xml`` file, joined by its edges.

    Raises:
        ValueError: If the file is no such description.
    """
    from xml.etree import ElementTree

    try:
        root = ElementTree.parse(path).getroot()  # noqa: S314 (the user's own model)
        # Statistics and the bodies of loops have elements of these names, too.
        layers = {layer.attrib["id"]: layer for layer in root.iterfind("layers/layer")}
        inputs: dict[str, list[str]] = {number: [] for number in layers}
        for edge in root.iterfind("edges/edge"):
            source = layers[edge.attrib["from-layer"]]
            inputs[edge.attrib["to-layer"]].append(source.attrib["name"])
        nodes = [_layer(layer, inputs[number]) for number, layer in layers.items()]
    except (ElementTree.ParseError, KeyError) as error:
        message = f"`xmlname` must be an OpenVINO model, not {str(path)!r}: {error!r}"
        raise ValueError(message) from error
    if not nodes:
        message = f"`xmlname` must be an OpenVINO model, not {str(path)!r}: it has no layers"
        raise ValueError(message)
    return _graph(nodes)


def _layer(layer: Any, inputs: Iterable[str]) -> bytes:
    data = layer.find("data")
    parameters = {} if data is None else data.attrib
    text = ", ".join(f"{name} = {value}" for name, value in parameters.items())
    attributes = {"parameters": _field(2, _utf8(text))}
    return _node(layer.attrib["name"], layer.attrib["type"], inputs, attributes)


def _graph(nodes: Iterable[bytes]) -> bytes:
    body = b"".join(_field(1, node) for node in nodes)
    return body + _field(4, _number(1, _PRODUCER))


def _node(name: str, op: str, inputs: Iterable[str], attributes: dict[str, bytes]) -> bytes:
    parts = [_field(1, _utf8(name)), _field(2, _utf8(op))]
    parts += [_field(3, _utf8(one)) for one in inputs]
    parts += [
        _field(5, _field(1, _utf8(key)) + _field(2, value)) for key, value in attributes.items()
    ]
    return b"".join(parts)


def _utf8(text: str) -> bytes:
    return text.encode()


def _number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def _field(field: int, payload: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(payload)) + payload
