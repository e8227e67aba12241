"""Graphs: of torch models, ONNX and OpenVINO files, and ready-made ``GraphDef`` messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tfevents import _checks, _extras
from tfevents._summary import graphdef
from tfevents._summary.base import Base


class Graphs(Base):
    """The graph methods of `SummaryWriter`."""

    def add_graph(
        self,
        model: Any,
        input_to_model: Any = None,
        verbose: bool = False,
        use_strict_trace: bool = True,
    ) -> None:
        """Adds a graph.

        Args:
            model: A ``torch.nn.Module`` (PyTorch's own converter does the work), or a ``GraphDef``:
                a message of any protobuf library, or its bytes.
            input_to_model: What to trace a torch model with.
            verbose: Whether the converter prints the graph.
            use_strict_trace: Passed to ``torch.jit.trace``.
        """
        if isinstance(model, bytes | bytearray | memoryview):
            self._add_graph(bytes(model))
        elif hasattr(model, "SerializeToString"):
            self._add_graph(model.SerializeToString())
        elif hasattr(model, "forward"):
            from torch.utils.tensorboard._pytorch_graph import graph

            definition, stats = graph(model, input_to_model, verbose, use_strict_trace)
            self._add_graph(definition.SerializeToString(), stats.SerializeToString())
        else:
            message = (
                "`model` must be a torch.nn.Module, a GraphDef message or its bytes, not "
                f"{_checks.shown(model)}"
            )
            raise TypeError(message)

    def add_onnx_graph(
        self,
        prototxt: str | Path | None = None,
        *,
        onnx_model_file: str | Path | None = None,
    ) -> None:
        """Adds the graph of an ONNX file. Needs the onnx package.

        Args:
            prototxt: The file, ``*.onnx``.
            onnx_model_file: The same, as tensorboardX calls it.
        """
        onnx = _extras.require("onnx", "onnx", "add_onnx_graph()")
        path = onnx_model_file if prototxt is None else prototxt
        if path is None:
            message = "`prototxt` must be the path of an ONNX file, not None"
            raise TypeError(message)
        model = onnx.load(str(path), load_external_data=False)
        self._add_graph(graphdef.from_onnx(model.graph))

    def add_openvino_graph(self, xmlname: str | Path) -> None:
        """Adds the graph of an OpenVINO intermediate representation.

        Args:
            xmlname: The file, ``*.xml``.
        """
        self._add_graph(graphdef.from_openvino(Path(xmlname)))

    def _add_graph(self, graph_def: bytes, run_metadata: bytes | None = None) -> None:
        writer = self._get_file_writer()
        step, wall_time = self._defaults(None, None)
        del step  # torch writes graphs at no step
        writer.add_graph_def(graph_def, wall_time)
        if run_metadata is not None:
            writer.add_run_metadata("step1", run_metadata, None, wall_time)
