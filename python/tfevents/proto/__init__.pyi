# ruff: noqa: A002, E501, N802
# fmt: off
"""The messages of event files and of the plugins' contents. Made by tools/generate_protos.py."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias

from google.protobuf.internal.containers import (
    MessageMap,
    RepeatedCompositeFieldContainer,
    RepeatedScalarFieldContainer,
    ScalarMap,
)
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
from google.protobuf.internal.well_known_types import Any as _AnyMethods
from google.protobuf.internal.well_known_types import ListValue as _ListValueMethods
from google.protobuf.internal.well_known_types import Struct as _StructMethods
from google.protobuf.message import Message

# What a constructor takes for a message: the message, or its fields.
_Fields: TypeAlias = Mapping[str, object]

__all__ = [
    "AllocationDescription",
    "AllocationRecord",
    "AllocatorMemoryUsed",
    "AssetFileDef",
    "AttrValue",
    "AudioPluginData",
    "Category",
    "Chart",
    "CollectionDef",
    "CostGraphDef",
    "DataClass",
    "DataType",
    "DatasetType",
    "DeviceStepStats",
    "EmbeddingInfo",
    "Event",
    "Experiment",
    "FullTypeDef",
    "FullTypeId",
    "FunctionDef",
    "FunctionDefLibrary",
    "GradientDef",
    "GraphDebugInfo",
    "GraphDef",
    "HParamInfo",
    "HParamsDataType",
    "HParamsPluginData",
    "HistogramPluginData",
    "HistogramProto",
    "ImagePluginData",
    "Interval",
    "Layout",
    "ListValue",
    "LogMessage",
    "MarginChartContent",
    "MemoryStats",
    "MeshPluginData",
    "MetaGraphDef",
    "MetricInfo",
    "MetricName",
    "MultilineChartContent",
    "NameAttrList",
    "NodeDef",
    "NodeExecStats",
    "NodeOutput",
    "NullValue",
    "OpDef",
    "OpDeprecation",
    "OpList",
    "PrCurvePluginData",
    "ProjectorConfig",
    "ProtobufAny",
    "RegisteredGradient",
    "RequestedExitCode",
    "ResourceHandleProto",
    "RunMetadata",
    "SaverDef",
    "ScalarPluginData",
    "SessionEndInfo",
    "SessionLog",
    "SessionMetadata",
    "SessionStartInfo",
    "SignatureDef",
    "SourceMetadata",
    "SpriteMetadata",
    "Status",
    "StepStats",
    "Struct",
    "Summary",
    "SummaryDescription",
    "SummaryMetadata",
    "TaggedRunMetadata",
    "TensorDescription",
    "TensorInfo",
    "TensorProto",
    "TensorShapeProto",
    "TextPluginData",
    "Value",
    "VariantTensorDataProto",
    "VersionDef",
    "WatchdogConfig",
    "WorkerHealth",
    "WorkerHeartbeatRequest",
    "WorkerHeartbeatResponse",
    "WorkerShutdownMode",
]

class AllocationDescription(Message):
    """A piece of memory."""

    requested_bytes: int
    allocated_bytes: int
    allocator_name: str
    allocation_id: int
    has_single_reference: bool
    ptr: int
    def __init__(
        self,
        *,
        requested_bytes: int | None = ...,
        allocated_bytes: int | None = ...,
        allocator_name: str | None = ...,
        allocation_id: int | None = ...,
        has_single_reference: bool | None = ...,
        ptr: int | None = ...,
    ) -> None: ...

class AllocationRecord(Message):
    """Memory taken, or where negative given back, at a moment."""

    alloc_micros: int
    alloc_bytes: int
    def __init__(
        self,
        *,
        alloc_micros: int | None = ...,
        alloc_bytes: int | None = ...,
    ) -> None: ...

class AllocatorMemoryUsed(Message):
    """What a node took from one allocator."""

    allocator_name: str
    total_bytes: int
    peak_bytes: int
    live_bytes: int
    # All the allocator has handed out, to whomever.
    allocator_bytes_in_use: int
    @property
    def allocation_records(self) -> RepeatedCompositeFieldContainer[AllocationRecord]: ...
    def __init__(
        self,
        *,
        allocator_name: str | None = ...,
        total_bytes: int | None = ...,
        peak_bytes: int | None = ...,
        live_bytes: int | None = ...,
        allocator_bytes_in_use: int | None = ...,
        allocation_records: Iterable[AllocationRecord | _Fields] | None = ...,
    ) -> None: ...

class AssetFileDef(Message):
    """A file the graph needs, and the tensor that takes its name."""

    @property
    def tensor_info(self) -> TensorInfo: ...
    filename: str
    def __init__(
        self,
        *,
        tensor_info: TensorInfo | _Fields | None = ...,
        filename: str | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["tensor_info"]) -> bool: ...

class AttrValue(Message):
    """The value of a node's attribute."""

    class ListValue(Message):
        """Several values of one kind."""

        @property
        def s(self) -> RepeatedScalarFieldContainer[bytes]: ...
        @property
        def i(self) -> RepeatedScalarFieldContainer[int]: ...
        @property
        def f(self) -> RepeatedScalarFieldContainer[float]: ...
        @property
        def b(self) -> RepeatedScalarFieldContainer[bool]: ...
        @property
        def type(self) -> RepeatedScalarFieldContainer[int]: ...
        @property
        def shape(self) -> RepeatedCompositeFieldContainer[TensorShapeProto]: ...
        @property
        def tensor(self) -> RepeatedCompositeFieldContainer[TensorProto]: ...
        @property
        def func(self) -> RepeatedCompositeFieldContainer[NameAttrList]: ...
        def __init__(
            self,
            *,
            s: Iterable[bytes] | None = ...,
            i: Iterable[int] | None = ...,
            f: Iterable[float] | None = ...,
            b: Iterable[bool] | None = ...,
            type: Iterable[int | str] | None = ...,
            shape: Iterable[TensorShapeProto | _Fields] | None = ...,
            tensor: Iterable[TensorProto | _Fields] | None = ...,
            func: Iterable[NameAttrList | _Fields] | None = ...,
        ) -> None: ...

    @property
    def list(self) -> AttrValue.ListValue: ...
    s: bytes
    i: int
    f: float
    b: bool
    type: int
    @property
    def shape(self) -> TensorShapeProto: ...
    @property
    def tensor(self) -> TensorProto: ...
    # In a function's body: the function's attribute of this name.
    placeholder: str
    @property
    def func(self) -> NameAttrList: ...
    def __init__(
        self,
        *,
        list: AttrValue.ListValue | _Fields | None = ...,
        s: bytes | None = ...,
        i: int | None = ...,
        f: float | None = ...,
        b: bool | None = ...,
        type: int | str | None = ...,
        shape: TensorShapeProto | _Fields | None = ...,
        tensor: TensorProto | _Fields | None = ...,
        placeholder: str | None = ...,
        func: NameAttrList | _Fields | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["b", "f", "func", "i", "list", "placeholder", "s", "shape", "tensor", "type", "value"]) -> bool: ...
    def WhichOneof(self, oneof_group: Literal["value"]) -> Literal["list", "s", "i", "f", "b", "type", "shape", "tensor", "placeholder", "func"] | None: ...

class AudioPluginData(Message):
    """Of plugin `audio`.

    Tensors are [k, 2]: encoded sounds and their labels, or [k]: sounds alone.
    """

    class _Encoding(EnumTypeWrapper):
        """The format of the sounds."""

        UNKNOWN: Final = 0
        WAV: Final = 11

    Encoding: Final[_Encoding]
    UNKNOWN: Final = 0
    WAV: Final = 11

    version: int
    encoding: int
    # Was a legacy audio value before it was converted.
    converted_to_tensor: bool
    def __init__(
        self,
        *,
        version: int | None = ...,
        encoding: int | str | None = ...,
        converted_to_tensor: bool | None = ...,
    ) -> None: ...

class Category(Message):
    """A group of charts under a heading."""

    title: str
    @property
    def chart(self) -> RepeatedCompositeFieldContainer[Chart]: ...
    # Folded when the page opens.
    closed: bool
    def __init__(
        self,
        *,
        title: str | None = ...,
        chart: Iterable[Chart | _Fields] | None = ...,
        closed: bool | None = ...,
    ) -> None: ...

class Chart(Message):
    """One chart."""

    title: str
    @property
    def multiline(self) -> MultilineChartContent: ...
    @property
    def margin(self) -> MarginChartContent: ...
    def __init__(
        self,
        *,
        title: str | None = ...,
        multiline: MultilineChartContent | _Fields | None = ...,
        margin: MarginChartContent | _Fields | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["content", "margin", "multiline"]) -> bool: ...
    def WhichOneof(self, oneof_group: Literal["content"]) -> Literal["multiline", "margin"] | None: ...

class CollectionDef(Message):
    """A named list of anything that goes with a graph."""

    class NodeList(Message):
        """Names of nodes."""

        @property
        def value(self) -> RepeatedScalarFieldContainer[str]: ...
        def __init__(
            self,
            *,
            value: Iterable[str] | None = ...,
        ) -> None: ...

    class BytesList(Message):
        """Serialised messages."""

        @property
        def value(self) -> RepeatedScalarFieldContainer[bytes]: ...
        def __init__(
            self,
            *,
            value: Iterable[bytes] | None = ...,
        ) -> None: ...

    class Int64List(Message):
        """Integers."""

        @property
        def value(self) -> RepeatedScalarFieldContainer[int]: ...
        def __init__(
            self,
            *,
            value: Iterable[int] | None = ...,
        ) -> None: ...

    class FloatList(Message):
        """Numbers."""

        @property
        def value(self) -> RepeatedScalarFieldContainer[float]: ...
        def __init__(
            self,
            *,
            value: Iterable[float] | None = ...,
        ) -> None: ...

    class AnyList(Message):
        """Messages that name their own type."""

        @property
        def value(self) -> RepeatedCompositeFieldContainer[ProtobufAny]: ...
        def __init__(
            self,
            *,
            value: Iterable[ProtobufAny | _Fields] | None = ...,
        ) -> None: ...

    @property
    def node_list(self) -> CollectionDef.NodeList: ...
    @property
    def bytes_list(self) -> CollectionDef.BytesList: ...
    @property
    def int64_list(self) -> CollectionDef.Int64List: ...
    @property
    def float_list(self) -> CollectionDef.FloatList: ...
    @property
    def any_list(self) -> CollectionDef.AnyList: ...
    def __init__(
        self,
        *,
        node_list: CollectionDef.NodeList | _Fields | None = ...,
        bytes_list: CollectionDef.BytesList | _Fields | None = ...,
        int64_list: CollectionDef.Int64List | _Fields | None = ...,
        float_list: CollectionDef.FloatList | _Fields | None = ...,
        any_list: CollectionDef.AnyList | _Fields | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["any_list", "bytes_list", "float_list", "int64_list", "kind", "node_list"]) -> bool: ...
    def WhichOneof(self, oneof_group: Literal["kind"]) -> Literal["node_list", "bytes_list", "int64_list", "float_list", "any_list"] | None: ...

class CostGraphDef(Message):
    """What nodes were reckoned to cost."""

    class Node(Message):
        """One node's cost."""

        class InputInfo(Message):
            """An edge into the node."""

            preceding_node: int
            preceding_port: int
            def __init__(
                self,
                *,
                preceding_node: int | None = ...,
                preceding_port: int | None = ...,
            ) -> None: ...

        class OutputInfo(Message):
            """An output; may be the memory of an input."""

            size: int
            # -1: memory of its own.
            alias_input_port: int
            @property
            def shape(self) -> TensorShapeProto: ...
            dtype: int
            def __init__(
                self,
                *,
                size: int | None = ...,
                alias_input_port: int | None = ...,
                shape: TensorShapeProto | _Fields | None = ...,
                dtype: int | str | None = ...,
            ) -> None: ...
            def HasField(self, field_name: Literal["shape"]) -> bool: ...

        name: str
        device: str
        id: int
        @property
        def input_info(self) -> RepeatedCompositeFieldContainer[CostGraphDef.Node.InputInfo]: ...
        @property
        def output_info(self) -> RepeatedCompositeFieldContainer[CostGraphDef.Node.OutputInfo]: ...
        temporary_memory_size: int
        # Its outputs leave the graph.
        is_final: bool
        @property
        def control_input(self) -> RepeatedScalarFieldContainer[int]: ...
        compute_cost: int
        host_temp_memory_size: int
        device_temp_memory_size: int
        persistent_memory_size: int
        compute_time: int
        memory_time: int
        device_persistent_memory_size: int
        # Sizes and times are guesses.
        inaccurate: bool
        def __init__(
            self,
            *,
            name: str | None = ...,
            device: str | None = ...,
            id: int | None = ...,
            input_info: Iterable[CostGraphDef.Node.InputInfo | _Fields] | None = ...,
            output_info: Iterable[CostGraphDef.Node.OutputInfo | _Fields] | None = ...,
            temporary_memory_size: int | None = ...,
            is_final: bool | None = ...,
            control_input: Iterable[int] | None = ...,
            compute_cost: int | None = ...,
            host_temp_memory_size: int | None = ...,
            device_temp_memory_size: int | None = ...,
            persistent_memory_size: int | None = ...,
            compute_time: int | None = ...,
            memory_time: int | None = ...,
            device_persistent_memory_size: int | None = ...,
            inaccurate: bool | None = ...,
        ) -> None: ...

    class AggregatedCost(Message):
        """A sum of costs along one dimension."""

        cost: float
        dimension: str
        def __init__(
            self,
            *,
            cost: float | None = ...,
            dimension: str | None = ...,
        ) -> None: ...

    @property
    def node(self) -> RepeatedCompositeFieldContainer[CostGraphDef.Node]: ...
    @property
    def cost(self) -> RepeatedCompositeFieldContainer[CostGraphDef.AggregatedCost]: ...
    def __init__(
        self,
        *,
        node: Iterable[CostGraphDef.Node | _Fields] | None = ...,
        cost: Iterable[CostGraphDef.AggregatedCost | _Fields] | None = ...,
    ) -> None: ...

class _DataClass(EnumTypeWrapper):
    """Which form a plugin's tensors take."""

    DATA_CLASS_UNKNOWN: Final = 0
    DATA_CLASS_SCALAR: Final = 1
    DATA_CLASS_TENSOR: Final = 2
    DATA_CLASS_BLOB_SEQUENCE: Final = 3

DataClass: Final[_DataClass]

class _DataType(EnumTypeWrapper):
    """What the elements of a tensor are.

    A _REF twin (+100) is a mutable reference in old graphs.
    """

    DT_INVALID: Final = 0
    DT_FLOAT: Final = 1
    DT_DOUBLE: Final = 2
    DT_INT32: Final = 3
    DT_UINT8: Final = 4
    DT_INT16: Final = 5
    DT_INT8: Final = 6
    DT_STRING: Final = 7
    DT_COMPLEX64: Final = 8
    DT_INT64: Final = 9
    DT_BOOL: Final = 10
    DT_QINT8: Final = 11
    DT_QUINT8: Final = 12
    DT_QINT32: Final = 13
    DT_BFLOAT16: Final = 14
    DT_QINT16: Final = 15
    DT_QUINT16: Final = 16
    DT_UINT16: Final = 17
    DT_COMPLEX128: Final = 18
    DT_HALF: Final = 19
    DT_RESOURCE: Final = 20
    DT_VARIANT: Final = 21
    DT_UINT32: Final = 22
    DT_UINT64: Final = 23
    DT_FLOAT8_E5M2: Final = 24
    DT_FLOAT8_E4M3FN: Final = 25
    DT_FLOAT8_E4M3FNUZ: Final = 26
    DT_FLOAT8_E4M3B11FNUZ: Final = 27
    DT_FLOAT8_E5M2FNUZ: Final = 28
    DT_INT4: Final = 29
    DT_UINT4: Final = 30
    DT_INT2: Final = 31
    DT_UINT2: Final = 32
    DT_FLOAT4_E2M1FN: Final = 33
    DT_FLOAT_REF: Final = 101
    DT_DOUBLE_REF: Final = 102
    DT_INT32_REF: Final = 103
    DT_UINT8_REF: Final = 104
    DT_INT16_REF: Final = 105
    DT_INT8_REF: Final = 106
    DT_STRING_REF: Final = 107
    DT_COMPLEX64_REF: Final = 108
    DT_INT64_REF: Final = 109
    DT_BOOL_REF: Final = 110
    DT_QINT8_REF: Final = 111
    DT_QUINT8_REF: Final = 112
    DT_QINT32_REF: Final = 113
    DT_BFLOAT16_REF: Final = 114
    DT_QINT16_REF: Final = 115
    DT_QUINT16_REF: Final = 116
    DT_UINT16_REF: Final = 117
    DT_COMPLEX128_REF: Final = 118
    DT_HALF_REF: Final = 119
    DT_RESOURCE_REF: Final = 120
    DT_VARIANT_REF: Final = 121
    DT_UINT32_REF: Final = 122
    DT_UINT64_REF: Final = 123
    DT_FLOAT8_E5M2_REF: Final = 124
    DT_FLOAT8_E4M3FN_REF: Final = 125
    DT_FLOAT8_E4M3FNUZ_REF: Final = 126
    DT_FLOAT8_E4M3B11FNUZ_REF: Final = 127
    DT_FLOAT8_E5M2FNUZ_REF: Final = 128
    DT_INT4_REF: Final = 129
    DT_UINT4_REF: Final = 130
    DT_INT2_REF: Final = 131
    DT_UINT2_REF: Final = 132
    DT_FLOAT4_E2M1FN_REF: Final = 133

DataType: Final[_DataType]

class _DatasetType(EnumTypeWrapper):
    """The data a metric was measured on."""

    DATASET_UNKNOWN: Final = 0
    DATASET_TRAINING: Final = 1
    DATASET_VALIDATION: Final = 2

DatasetType: Final[_DatasetType]

class DeviceStepStats(Message):
    """The nodes that ran on one device."""

    device: str
    @property
    def node_stats(self) -> RepeatedCompositeFieldContainer[NodeExecStats]: ...
    @property
    def thread_names(self) -> ScalarMap[int, str]: ...
    def __init__(
        self,
        *,
        device: str | None = ...,
        node_stats: Iterable[NodeExecStats | _Fields] | None = ...,
        thread_names: Mapping[int, str] | None = ...,
    ) -> None: ...

class EmbeddingInfo(Message):
    """One embedding and what belongs to its points."""

    tensor_name: str
    # Labels: one line a point; with columns, below a header line.
    metadata_path: str
    bookmarks_path: str
    # Needed where the tensor's file holds raw floats.
    @property
    def tensor_shape(self) -> RepeatedScalarFieldContainer[int]: ...
    @property
    def sprite(self) -> SpriteMetadata: ...
    # Tab-separated numbers, one line a point; or raw little-endian floats.
    tensor_path: str
    def __init__(
        self,
        *,
        tensor_name: str | None = ...,
        metadata_path: str | None = ...,
        bookmarks_path: str | None = ...,
        tensor_shape: Iterable[int] | None = ...,
        sprite: SpriteMetadata | _Fields | None = ...,
        tensor_path: str | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["sprite"]) -> bool: ...

class Event(Message):
    """One record of an event file: a moment, a step, and one thing that happened."""

    # Seconds since 1970, as the writer's clock said.
    wall_time: float
    step: int
    # "brain.Event:2", in the first record of a file.
    file_version: str
    # A serialised GraphDef.
    graph_def: bytes
    @property
    def summary(self) -> Summary: ...
    @property
    def log_message(self) -> LogMessage: ...
    @property
    def session_log(self) -> SessionLog: ...
    @property
    def tagged_run_metadata(self) -> TaggedRunMetadata: ...
    # A serialised MetaGraphDef.
    meta_graph_def: bytes
    # Who wrote the file; stands beside file_version.
    @property
    def source_metadata(self) -> SourceMetadata: ...
    def __init__(
        self,
        *,
        wall_time: float | None = ...,
        step: int | None = ...,
        file_version: str | None = ...,
        graph_def: bytes | None = ...,
        summary: Summary | _Fields | None = ...,
        log_message: LogMessage | _Fields | None = ...,
        session_log: SessionLog | _Fields | None = ...,
        tagged_run_metadata: TaggedRunMetadata | _Fields | None = ...,
        meta_graph_def: bytes | None = ...,
        source_metadata: SourceMetadata | _Fields | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["file_version", "graph_def", "log_message", "meta_graph_def", "session_log", "source_metadata", "summary", "tagged_run_metadata", "what"]) -> bool: ...
    def WhichOneof(self, oneof_group: Literal["what"]) -> Literal["file_version", "graph_def", "summary", "log_message", "session_log", "tagged_run_metadata", "meta_graph_def"] | None: ...

class Experiment(Message):
    """Which hyperparameters were varied and which metrics measured."""

    description: str
    user: str
    time_created_secs: float
    @property
    def hparam_infos(self) -> RepeatedCompositeFieldContainer[HParamInfo]: ...
    @property
    def metric_infos(self) -> RepeatedCompositeFieldContainer[MetricInfo]: ...
    name: str
    def __init__(
        self,
        *,
        description: str | None = ...,
        user: str | None = ...,
        time_created_secs: float | None = ...,
        hparam_infos: Iterable[HParamInfo | _Fields] | None = ...,
        metric_infos: Iterable[MetricInfo | _Fields] | None = ...,
        name: str | None = ...,
    ) -> None: ...

class FullTypeDef(Message):
    """A type with parameters, as compilers see it."""

    type_id: int
    @property
    def args(self) -> RepeatedCompositeFieldContainer[FullTypeDef]: ...
    s: str
    i: int
    def __init__(
        self,
        *,
        type_id: int | str | None = ...,
        args: Iterable[FullTypeDef | _Fields] | None = ...,
        s: str | None = ...,
        i: int | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["attr", "i", "s"]) -> bool: ...
    def WhichOneof(self, oneof_group: Literal["attr"]) -> Literal["s", "i"] | None: ...

class _FullTypeId(EnumTypeWrapper):
    """The kinds of FullTypeDef."""

    TFT_UNSET: Final = 0
    TFT_VAR: Final = 1
    TFT_ANY: Final = 2
    TFT_PRODUCT: Final = 3
    TFT_NAMED: Final = 4
    TFT_FOR_EACH: Final = 20
    TFT_CALLABLE: Final = 100
    TFT_BOOL: Final = 200
    TFT_UINT8: Final = 201
    TFT_UINT16: Final = 202
    TFT_UINT32: Final = 203
    TFT_UINT64: Final = 204
    TFT_INT8: Final = 205
    TFT_INT16: Final = 206
    TFT_INT32: Final = 207
    TFT_INT64: Final = 208
    TFT_HALF: Final = 209
    TFT_FLOAT: Final = 210
    TFT_DOUBLE: Final = 211
    TFT_COMPLEX64: Final = 212
    TFT_COMPLEX128: Final = 213
    TFT_STRING: Final = 214
    TFT_BFLOAT16: Final = 215
    TFT_TENSOR: Final = 1000
    TFT_ARRAY: Final = 1001
    TFT_OPTIONAL: Final = 1002
    TFT_LITERAL: Final = 1003
    TFT_ENCODED: Final = 1004
    TFT_SHAPE_TENSOR: Final = 1005
    TFT_DATASET: Final = 10102
    TFT_RAGGED: Final = 10103
    TFT_ITERATOR: Final = 10104
    TFT_MUTEX_LOCK: Final = 10202
    TFT_LEGACY_VARIANT: Final = 10203

FullTypeId: Final[_FullTypeId]

class FunctionDef(Message):
    """A function: a signature and a body of nodes."""

    class ArgAttrs(Message):
        """Attributes of one argument."""

        @property
        def attr(self) -> MessageMap[str, AttrValue]: ...
        def __init__(
            self,
            *,
            attr: Mapping[str, AttrValue | _Fields] | None = ...,
        ) -> None: ...

    @property
    def signature(self) -> OpDef: ...
    @property
    def node_def(self) -> RepeatedCompositeFieldContainer[NodeDef]: ...
    # Output of the signature: `node:output:index` of the body.
    @property
    def ret(self) -> ScalarMap[str, str]: ...
    @property
    def attr(self) -> MessageMap[str, AttrValue]: ...
    # Control output of the signature: node of the body.
    @property
    def control_ret(self) -> ScalarMap[str, str]: ...
    @property
    def arg_attr(self) -> MessageMap[int, FunctionDef.ArgAttrs]: ...
    @property
    def resource_arg_unique_id(self) -> ScalarMap[int, int]: ...
    def __init__(
        self,
        *,
        signature: OpDef | _Fields | None = ...,
        node_def: Iterable[NodeDef | _Fields] | None = ...,
        ret: Mapping[str, str] | None = ...,
        attr: Mapping[str, AttrValue | _Fields] | None = ...,
        control_ret: Mapping[str, str] | None = ...,
        arg_attr: Mapping[int, FunctionDef.ArgAttrs | _Fields] | None = ...,
        resource_arg_unique_id: Mapping[int, int] | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["signature"]) -> bool: ...

class FunctionDefLibrary(Message):
    """The functions of a graph and their derivatives."""

    @property
    def function(self) -> RepeatedCompositeFieldContainer[FunctionDef]: ...
    @property
    def gradient(self) -> RepeatedCompositeFieldContainer[GradientDef]: ...
    @property
    def registered_gradients(self) -> RepeatedCompositeFieldContainer[RegisteredGradient]: ...
    def __init__(
        self,
        *,
        function: Iterable[FunctionDef | _Fields] | None = ...,
        gradient: Iterable[GradientDef | _Fields] | None = ...,
        registered_gradients: Iterable[RegisteredGradient | _Fields] | None = ...,
    ) -> None: ...

class GradientDef(Message):
    """The derivative of a function is another function."""

    function_name: str
    gradient_func: str
    def __init__(
        self,
        *,
        function_name: str | None = ...,
        gradient_func: str | None = ...,
    ) -> None: ...

class GraphDebugInfo(Message):
    """The lines of source that nodes were made by.

    Presence is kept, as its writers do.
    """

    class FileLineCol(Message):
        """A place in a source file."""

        # Into files.
        file_index: int
        line: int
        col: int
        func: str
        code: str
        def __init__(
            self,
            *,
            file_index: int | None = ...,
            line: int | None = ...,
            col: int | None = ...,
            func: str | None = ...,
            code: str | None = ...,
        ) -> None: ...
        def HasField(self, field_name: Literal["code", "col", "file_index", "func", "line"]) -> bool: ...

    class StackTrace(Message):
        """Places, innermost first; themselves, or as keys of frames_by_id."""

        @property
        def file_line_cols(self) -> RepeatedCompositeFieldContainer[GraphDebugInfo.FileLineCol]: ...
        @property
        def frame_id(self) -> RepeatedScalarFieldContainer[int]: ...
        def __init__(
            self,
            *,
            file_line_cols: Iterable[GraphDebugInfo.FileLineCol | _Fields] | None = ...,
            frame_id: Iterable[int] | None = ...,
        ) -> None: ...

    @property
    def files(self) -> RepeatedScalarFieldContainer[str]: ...
    @property
    def traces(self) -> MessageMap[str, GraphDebugInfo.StackTrace]: ...
    @property
    def frames_by_id(self) -> MessageMap[int, GraphDebugInfo.FileLineCol]: ...
    @property
    def name_to_trace_id(self) -> ScalarMap[str, int]: ...
    @property
    def traces_by_id(self) -> MessageMap[int, GraphDebugInfo.StackTrace]: ...
    def __init__(
        self,
        *,
        files: Iterable[str] | None = ...,
        traces: Mapping[str, GraphDebugInfo.StackTrace | _Fields] | None = ...,
        frames_by_id: Mapping[int, GraphDebugInfo.FileLineCol | _Fields] | None = ...,
        name_to_trace_id: Mapping[str, int] | None = ...,
        traces_by_id: Mapping[int, GraphDebugInfo.StackTrace | _Fields] | None = ...,
    ) -> None: ...

class GraphDef(Message):
    """A computation: what runs, and what feeds what."""

    @property
    def node(self) -> RepeatedCompositeFieldContainer[NodeDef]: ...
    # Functions that nodes call by name.
    @property
    def library(self) -> FunctionDefLibrary: ...
    version: int
    @property
    def versions(self) -> VersionDef: ...
    @property
    def debug_info(self) -> GraphDebugInfo: ...
    def __init__(
        self,
        *,
        node: Iterable[NodeDef | _Fields] | None = ...,
        library: FunctionDefLibrary | _Fields | None = ...,
        version: int | None = ...,
        versions: VersionDef | _Fields | None = ...,
        debug_info: GraphDebugInfo | _Fields | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["debug_info", "library", "versions"]) -> bool: ...

class HParamInfo(Message):
    """One hyperparameter and the values it may take."""

    name: str
    display_name: str
    description: str
    type: int
    @property
    def domain_discrete(self) -> ListValue: ...
    @property
    def domain_interval(self) -> Interval: ...
    # Takes more than one value in the experiment.
    differs: bool
    def __init__(
        self,
        *,
        name: str | None = ...,
        display_name: str | None = ...,
        description: str | None = ...,
        type: int | str | None = ...,
        domain_discrete: ListValue | _Fields | None = ...,
        domain_interval: Interval | _Fields | None = ...,
        differs: bool | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["domain", "domain_discrete", "domain_interval"]) -> bool: ...
    def WhichOneof(self, oneof_group: Literal["domain"]) -> Literal["domain_discrete", "domain_interval"] | None: ...

class _HParamsDataType(EnumTypeWrapper):
    """The type of a hyperparameter."""

    DATA_TYPE_UNSET: Final = 0
    DATA_TYPE_STRING: Final = 1
    DATA_TYPE_BOOL: Final = 2
    DATA_TYPE_FLOAT64: Final = 3

HParamsDataType: Final[_HParamsDataType]

class HParamsPluginData(Message):
    """Of plugin `hparams`; the tensors beside it mean nothing."""

    version: int
    # Under tag `_hparams_/experiment`.
    @property
    def experiment(self) -> Experiment: ...
    # Under tag `_hparams_/session_start_info`.
    @property
    def session_start_info(self) -> SessionStartInfo: ...
    # Under tag `_hparams_/session_end_info`.
    @property
    def session_end_info(self) -> SessionEndInfo: ...
    def __init__(
        self,
        *,
        version: int | None = ...,
        experiment: Experiment | _Fields | None = ...,
        session_start_info: SessionStartInfo | _Fields | None = ...,
        session_end_info: SessionEndInfo | _Fields | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["data", "experiment", "session_end_info", "session_start_info"]) -> bool: ...
    def WhichOneof(self, oneof_group: Literal["data"]) -> Literal["experiment", "session_start_info", "session_end_info"] | None: ...

class HistogramPluginData(Message):
    """Of plugin `histograms`; tensors are [k, 3]: left edge, right edge, count."""

    version: int
    def __init__(
        self,
        *,
        version: int | None = ...,
    ) -> None: ...

class HistogramProto(Message):
    """A distribution in buckets.

    bucket[i] counts what lies in [bucket_limit[i-1], bucket_limit[i]).
    """

    min: float
    max: float
    num: float
    sum: float
    sum_squares: float
    # Right edges, ascending; as many as buckets.
    @property
    def bucket_limit(self) -> RepeatedScalarFieldContainer[float]: ...
    @property
    def bucket(self) -> RepeatedScalarFieldContainer[float]: ...
    def __init__(
        self,
        *,
        min: float | None = ...,
        max: float | None = ...,
        num: float | None = ...,
        sum: float | None = ...,
        sum_squares: float | None = ...,
        bucket_limit: Iterable[float] | None = ...,
        bucket: Iterable[float] | None = ...,
    ) -> None: ...

class ImagePluginData(Message):
    """Of plugin `images`; tensors are [width, height, encoded image...], as strings."""

    version: int
    # Was a legacy image value before it was converted.
    converted_to_tensor: bool
    def __init__(
        self,
        *,
        version: int | None = ...,
        converted_to_tensor: bool | None = ...,
    ) -> None: ...

class Interval(Message):
    """Both ends belong to it."""

    min_value: float
    max_value: float
    def __init__(
        self,
        *,
        min_value: float | None = ...,
        max_value: float | None = ...,
    ) -> None: ...

class Layout(Message):
    """The charts of plugin `custom_scalars`, serialised in a string tensor."""

    version: int
    @property
    def category(self) -> RepeatedCompositeFieldContainer[Category]: ...
    def __init__(
        self,
        *,
        version: int | None = ...,
        category: Iterable[Category | _Fields] | None = ...,
    ) -> None: ...

class ListValue(Message, _ListValueMethods):

    @property
    def values(self) -> RepeatedCompositeFieldContainer[Value]: ...
    def __init__(
        self,
        *,
        values: Iterable[Value | _Fields] | None = ...,
    ) -> None: ...

class LogMessage(Message):
    """A line of a program's log.

    No writer of today makes them.
    """

    class _Level(EnumTypeWrapper):
        """How grave the line is."""

        UNKNOWN: Final = 0
        DEBUGGING: Final = 10
        INFO: Final = 20
        WARN: Final = 30
        ERROR: Final = 40
        FATAL: Final = 50

    Level: Final[_Level]
    UNKNOWN: Final = 0
    DEBUGGING: Final = 10
    INFO: Final = 20
    WARN: Final = 30
    ERROR: Final = 40
    FATAL: Final = 50

    level: int
    message: str
    def __init__(
        self,
        *,
        level: int | str | None = ...,
        message: str | None = ...,
    ) -> None: ...

class MarginChartContent(Message):
    """Lines between bounds."""

    class Series(Message):
        """The tags of a line and of its bounds."""

        value: str
        lower: str
        upper: str
        def __init__(
            self,
            *,
            value: str | None = ...,
            lower: str | None = ...,
            upper: str | None = ...,
        ) -> None: ...

    @property
    def series(self) -> RepeatedCompositeFieldContainer[MarginChartContent.Series]: ...
    def __init__(
        self,
        *,
        series: Iterable[MarginChartContent.Series | _Fields] | None = ...,
    ) -> None: ...

class MemoryStats(Message):
    """Memory of a node: while it runs, and beyond."""

    temp_memory_size: int
    device_temp_memory_size: int
    persistent_memory_size: int
    device_persistent_memory_size: int
    @property
    def persistent_tensor_alloc_ids(self) -> RepeatedScalarFieldContainer[int]: ...
    @property
    def device_persistent_tensor_alloc_ids(self) -> RepeatedScalarFieldContainer[int]: ...
    def __init__(
        self,
        *,
        temp_memory_size: int | None = ...,
        device_temp_memory_size: int | None = ...,
        persistent_memory_size: int | None = ...,
        device_persistent_memory_size: int | None = ...,
        persistent_tensor_alloc_ids: Iterable[int] | None = ...,
        device_persistent_tensor_alloc_ids: Iterable[int] | None = ...,
    ) -> None: ...

class MeshPluginData(Message):
    """Of plugin `mesh`: one of the up to three tensors that make a mesh."""

    class _ContentType(EnumTypeWrapper):
        """Which part of the mesh the tensor is."""

        UNDEFINED: Final = 0
        VERTEX: Final = 1
        FACE: Final = 2
        COLOR: Final = 3

    ContentType: Final[_ContentType]
    UNDEFINED: Final = 0
    VERTEX: Final = 1
    FACE: Final = 2
    COLOR: Final = 3

    version: int
    # The mesh's name; parts belong together by it, not by their tags.
    name: str
    content_type: int
    # Settings of the camera and scene, for the browser.
    json_config: str
    @property
    def shape(self) -> RepeatedScalarFieldContainer[int]: ...
    # The parts there are: bit 1 << content_type for each. 0 stands for all three.
    components: int
    def __init__(
        self,
        *,
        version: int | None = ...,
        name: str | None = ...,
        content_type: int | str | None = ...,
        json_config: str | None = ...,
        shape: Iterable[int] | None = ...,
        components: int | None = ...,
    ) -> None: ...

class MetaGraphDef(Message):
    """A graph with what is needed to run, save and restore it."""

    class MetaInfoDef(Message):
        """About the graph, not of it."""

        meta_graph_version: str
        @property
        def stripped_op_list(self) -> OpList: ...
        @property
        def any_info(self) -> ProtobufAny: ...
        @property
        def tags(self) -> RepeatedScalarFieldContainer[str]: ...
        tensorflow_version: str
        tensorflow_git_version: str
        stripped_default_attrs: bool
        @property
        def function_aliases(self) -> ScalarMap[str, str]: ...
        def __init__(
            self,
            *,
            meta_graph_version: str | None = ...,
            stripped_op_list: OpList | _Fields | None = ...,
            any_info: ProtobufAny | _Fields | None = ...,
            tags: Iterable[str] | None = ...,
            tensorflow_version: str | None = ...,
            tensorflow_git_version: str | None = ...,
            stripped_default_attrs: bool | None = ...,
            function_aliases: Mapping[str, str] | None = ...,
        ) -> None: ...
        def HasField(self, field_name: Literal["any_info", "stripped_op_list"]) -> bool: ...

    @property
    def meta_info_def(self) -> MetaGraphDef.MetaInfoDef: ...
    @property
    def graph_def(self) -> GraphDef: ...
    @property
    def saver_def(self) -> SaverDef: ...
    @property
    def collection_def(self) -> MessageMap[str, CollectionDef]: ...
    @property
    def signature_def(self) -> MessageMap[str, SignatureDef]: ...
    @property
    def asset_file_def(self) -> RepeatedCompositeFieldContainer[AssetFileDef]: ...
    def __init__(
        self,
        *,
        meta_info_def: MetaGraphDef.MetaInfoDef | _Fields | None = ...,
        graph_def: GraphDef | _Fields | None = ...,
        saver_def: SaverDef | _Fields | None = ...,
        collection_def: Mapping[str, CollectionDef | _Fields] | None = ...,
        signature_def: Mapping[str, SignatureDef | _Fields] | None = ...,
        asset_file_def: Iterable[AssetFileDef | _Fields] | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["graph_def", "meta_info_def", "saver_def"]) -> bool: ...

class MetricInfo(Message):
    """A series of scalars that tells how good a session is."""

    @property
    def name(self) -> MetricName: ...
    display_name: str
    description: str
    dataset_type: int
    def __init__(
        self,
        *,
        name: MetricName | _Fields | None = ...,
        display_name: str | None = ...,
        description: str | None = ...,
        dataset_type: int | str | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["name"]) -> bool: ...

class MetricName(Message):
    """Which series: a tag, in the run named by the session's path and the group joined."""

    group: str
    tag: str
    def __init__(
        self,
        *,
        group: str | None = ...,
        tag: str | None = ...,
    ) -> None: ...

class MultilineChartContent(Message):
    """Every series whose tag matches, as a line."""

    # Regular expressions.
    @property
    def tag(self) -> RepeatedScalarFieldContainer[str]: ...
    def __init__(
        self,
        *,
        tag: Iterable[str] | None = ...,
    ) -> None: ...

class NameAttrList(Message):
    """A function's name and the attributes it is called with."""

    name: str
    @property
    def attr(self) -> MessageMap[str, AttrValue]: ...
    def __init__(
        self,
        *,
        name: str | None = ...,
        attr: Mapping[str, AttrValue | _Fields] | None = ...,
    ) -> None: ...

class NodeDef(Message):
    """One operation of a graph."""

    class ExperimentalDebugInfo(Message):
        """Where the node came from when graphs were merged or functions inlined."""

        @property
        def original_node_names(self) -> RepeatedScalarFieldContainer[str]: ...
        @property
        def original_func_names(self) -> RepeatedScalarFieldContainer[str]: ...
        def __init__(
            self,
            *,
            original_node_names: Iterable[str] | None = ...,
            original_func_names: Iterable[str] | None = ...,
        ) -> None: ...

    # Slashes make the scopes that graph viewers fold.
    name: str
    op: str
    # `node` or `node:output`; `^node` only waits for it.
    @property
    def input(self) -> RepeatedScalarFieldContainer[str]: ...
    device: str
    @property
    def attr(self) -> MessageMap[str, AttrValue]: ...
    @property
    def experimental_debug_info(self) -> NodeDef.ExperimentalDebugInfo: ...
    @property
    def experimental_type(self) -> FullTypeDef: ...
    def __init__(
        self,
        *,
        name: str | None = ...,
        op: str | None = ...,
        input: Iterable[str] | None = ...,
        device: str | None = ...,
        attr: Mapping[str, AttrValue | _Fields] | None = ...,
        experimental_debug_info: NodeDef.ExperimentalDebugInfo | _Fields | None = ...,
        experimental_type: FullTypeDef | _Fields | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["experimental_debug_info", "experimental_type"]) -> bool: ...

class NodeExecStats(Message):
    """When a node ran and what it used.

    Times after all_start are relative to it.
    """

    node_name: str
    all_start_micros: int
    op_start_rel_micros: int
    op_end_rel_micros: int
    all_end_rel_micros: int
    @property
    def memory(self) -> RepeatedCompositeFieldContainer[AllocatorMemoryUsed]: ...
    @property
    def output(self) -> RepeatedCompositeFieldContainer[NodeOutput]: ...
    timeline_label: str
    scheduled_micros: int
    thread_id: int
    @property
    def referenced_tensor(self) -> RepeatedCompositeFieldContainer[AllocationDescription]: ...
    @property
    def memory_stats(self) -> MemoryStats: ...
    all_start_nanos: int
    op_start_rel_nanos: int
    op_end_rel_nanos: int
    all_end_rel_nanos: int
    scheduled_nanos: int
    def __init__(
        self,
        *,
        node_name: str | None = ...,
        all_start_micros: int | None = ...,
        op_start_rel_micros: int | None = ...,
        op_end_rel_micros: int | None = ...,
        all_end_rel_micros: int | None = ...,
        memory: Iterable[AllocatorMemoryUsed | _Fields] | None = ...,
        output: Iterable[NodeOutput | _Fields] | None = ...,
        timeline_label: str | None = ...,
        scheduled_micros: int | None = ...,
        thread_id: int | None = ...,
        referenced_tensor: Iterable[AllocationDescription | _Fields] | None = ...,
        memory_stats: MemoryStats | _Fields | None = ...,
        all_start_nanos: int | None = ...,
        op_start_rel_nanos: int | None = ...,
        op_end_rel_nanos: int | None = ...,
        all_end_rel_nanos: int | None = ...,
        scheduled_nanos: int | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["memory_stats"]) -> bool: ...

class NodeOutput(Message):
    """An output of a node."""

    slot: int
    @property
    def tensor_description(self) -> TensorDescription: ...
    def __init__(
        self,
        *,
        slot: int | None = ...,
        tensor_description: TensorDescription | _Fields | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["tensor_description"]) -> bool: ...

class _NullValue(EnumTypeWrapper):
    NULL_VALUE: Final = 0

NullValue: Final[_NullValue]

class OpDef(Message):
    """What an operation or function takes, gives and promises."""

    class ArgDef(Message):
        """An input or output."""

        name: str
        description: str
        # The fixed type; or else one of the next three names the attribute that tells it.
        type: int
        type_attr: str
        number_attr: str
        type_list_attr: str
        @property
        def handle_data(self) -> RepeatedCompositeFieldContainer[ResourceHandleProto.DtypeAndShape]: ...
        is_ref: bool
        @property
        def experimental_full_type(self) -> FullTypeDef: ...
        def __init__(
            self,
            *,
            name: str | None = ...,
            description: str | None = ...,
            type: int | str | None = ...,
            type_attr: str | None = ...,
            number_attr: str | None = ...,
            type_list_attr: str | None = ...,
            handle_data: Iterable[ResourceHandleProto.DtypeAndShape | _Fields] | None = ...,
            is_ref: bool | None = ...,
            experimental_full_type: FullTypeDef | _Fields | None = ...,
        ) -> None: ...
        def HasField(self, field_name: Literal["experimental_full_type"]) -> bool: ...

    class AttrDef(Message):
        """An attribute that nodes may or must set."""

        name: str
        type: str
        @property
        def default_value(self) -> AttrValue: ...
        description: str
        has_minimum: bool
        minimum: int
        @property
        def allowed_values(self) -> AttrValue: ...
        def __init__(
            self,
            *,
            name: str | None = ...,
            type: str | None = ...,
            default_value: AttrValue | _Fields | None = ...,
            description: str | None = ...,
            has_minimum: bool | None = ...,
            minimum: int | None = ...,
            allowed_values: AttrValue | _Fields | None = ...,
        ) -> None: ...
        def HasField(self, field_name: Literal["allowed_values", "default_value"]) -> bool: ...

    name: str
    @property
    def input_arg(self) -> RepeatedCompositeFieldContainer[OpDef.ArgDef]: ...
    @property
    def output_arg(self) -> RepeatedCompositeFieldContainer[OpDef.ArgDef]: ...
    @property
    def attr(self) -> RepeatedCompositeFieldContainer[OpDef.AttrDef]: ...
    summary: str
    description: str
    @property
    def deprecation(self) -> OpDeprecation: ...
    is_aggregate: bool
    is_stateful: bool
    is_commutative: bool
    allows_uninitialized_input: bool
    @property
    def control_output(self) -> RepeatedScalarFieldContainer[str]: ...
    is_distributed_communication: bool
    def __init__(
        self,
        *,
        name: str | None = ...,
        input_arg: Iterable[OpDef.ArgDef | _Fields] | None = ...,
        output_arg: Iterable[OpDef.ArgDef | _Fields] | None = ...,
        attr: Iterable[OpDef.AttrDef | _Fields] | None = ...,
        summary: str | None = ...,
        description: str | None = ...,
        deprecation: OpDeprecation | _Fields | None = ...,
        is_aggregate: bool | None = ...,
        is_stateful: bool | None = ...,
        is_commutative: bool | None = ...,
        allows_uninitialized_input: bool | None = ...,
        control_output: Iterable[str] | None = ...,
        is_distributed_communication: bool | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["deprecation"]) -> bool: ...

class OpDeprecation(Message):
    """Since which graph version an operation is no longer to be used."""

    version: int
    explanation: str
    def __init__(
        self,
        *,
        version: int | None = ...,
        explanation: str | None = ...,
    ) -> None: ...

class OpList(Message):
    """Several signatures."""

    @property
    def op(self) -> RepeatedCompositeFieldContainer[OpDef]: ...
    def __init__(
        self,
        *,
        op: Iterable[OpDef | _Fields] | None = ...,
    ) -> None: ...

class PrCurvePluginData(Message):
    """Of plugin `pr_curves`.

    Tensors are [6, thresholds]: true positives, false positives, true negatives, false
    negatives, precision, recall.
    """

    version: int
    num_thresholds: int
    def __init__(
        self,
        *,
        version: int | None = ...,
        num_thresholds: int | None = ...,
    ) -> None: ...

class ProjectorConfig(Message):
    """The content of projector_config.pbtxt, in text format.

    Paths are relative to that file.
    """

    model_checkpoint_path: str
    @property
    def embeddings(self) -> RepeatedCompositeFieldContainer[EmbeddingInfo]: ...
    model_checkpoint_dir: str
    def __init__(
        self,
        *,
        model_checkpoint_path: str | None = ...,
        embeddings: Iterable[EmbeddingInfo | _Fields] | None = ...,
        model_checkpoint_dir: str | None = ...,
    ) -> None: ...

class ProtobufAny(Message, _AnyMethods):

    type_url: str
    value: bytes
    def __init__(
        self,
        *,
        type_url: str | None = ...,
        value: bytes | None = ...,
    ) -> None: ...

class RegisteredGradient(Message):
    """The derivative of an operation, registered under a name."""

    gradient_func: str
    registered_op_type: str
    def __init__(
        self,
        *,
        gradient_func: str | None = ...,
        registered_op_type: str | None = ...,
    ) -> None: ...

class RequestedExitCode(Message):
    """The code a worker is to exit with."""

    exit_code: int
    def __init__(
        self,
        *,
        exit_code: int | None = ...,
    ) -> None: ...

class ResourceHandleProto(Message):
    """An element of a DT_RESOURCE tensor: names something that lives on a device."""

    class DtypeAndShape(Message):
        """Type and shape of what the resource holds."""

        dtype: int
        @property
        def shape(self) -> TensorShapeProto: ...
        def __init__(
            self,
            *,
            dtype: int | str | None = ...,
            shape: TensorShapeProto | _Fields | None = ...,
        ) -> None: ...
        def HasField(self, field_name: Literal["shape"]) -> bool: ...

    device: str
    container: str
    name: str
    hash_code: int
    maybe_type_name: str
    @property
    def dtypes_and_shapes(self) -> RepeatedCompositeFieldContainer[ResourceHandleProto.DtypeAndShape]: ...
    def __init__(
        self,
        *,
        device: str | None = ...,
        container: str | None = ...,
        name: str | None = ...,
        hash_code: int | None = ...,
        maybe_type_name: str | None = ...,
        dtypes_and_shapes: Iterable[ResourceHandleProto.DtypeAndShape | _Fields] | None = ...,
    ) -> None: ...

class RunMetadata(Message):
    """What one execution did and what it cost."""

    class FunctionGraphs(Message):
        """The graphs of one function on their way to the devices."""

        @property
        def partition_graphs(self) -> RepeatedCompositeFieldContainer[GraphDef]: ...
        # As written; what viewers show.
        @property
        def pre_optimization_graph(self) -> GraphDef: ...
        @property
        def post_optimization_graph(self) -> GraphDef: ...
        def __init__(
            self,
            *,
            partition_graphs: Iterable[GraphDef | _Fields] | None = ...,
            pre_optimization_graph: GraphDef | _Fields | None = ...,
            post_optimization_graph: GraphDef | _Fields | None = ...,
        ) -> None: ...
        def HasField(self, field_name: Literal["post_optimization_graph", "pre_optimization_graph"]) -> bool: ...

    @property
    def step_stats(self) -> StepStats: ...
    @property
    def cost_graph(self) -> CostGraphDef: ...
    @property
    def partition_graphs(self) -> RepeatedCompositeFieldContainer[GraphDef]: ...
    @property
    def function_graphs(self) -> RepeatedCompositeFieldContainer[RunMetadata.FunctionGraphs]: ...
    @property
    def session_metadata(self) -> SessionMetadata: ...
    def __init__(
        self,
        *,
        step_stats: StepStats | _Fields | None = ...,
        cost_graph: CostGraphDef | _Fields | None = ...,
        partition_graphs: Iterable[GraphDef | _Fields] | None = ...,
        function_graphs: Iterable[RunMetadata.FunctionGraphs | _Fields] | None = ...,
        session_metadata: SessionMetadata | _Fields | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["cost_graph", "session_metadata", "step_stats"]) -> bool: ...

class SaverDef(Message):
    """How variables are saved and restored."""

    class _CheckpointFormatVersion(EnumTypeWrapper):
        """The format of the saved files."""

        LEGACY: Final = 0
        V1: Final = 1
        V2: Final = 2

    CheckpointFormatVersion: Final[_CheckpointFormatVersion]
    LEGACY: Final = 0
    V1: Final = 1
    V2: Final = 2

    filename_tensor_name: str
    save_tensor_name: str
    restore_op_name: str
    max_to_keep: int
    sharded: bool
    keep_checkpoint_every_n_hours: float
    version: int
    def __init__(
        self,
        *,
        filename_tensor_name: str | None = ...,
        save_tensor_name: str | None = ...,
        restore_op_name: str | None = ...,
        max_to_keep: int | None = ...,
        sharded: bool | None = ...,
        keep_checkpoint_every_n_hours: float | None = ...,
        version: int | str | None = ...,
    ) -> None: ...

class ScalarPluginData(Message):
    """Of plugin `scalars`.

    Version 0 of this and of its siblings serialises to no bytes at all.
    """

    version: int
    def __init__(
        self,
        *,
        version: int | None = ...,
    ) -> None: ...

class SessionEndInfo(Message):
    """A session has ended."""

    status: int
    end_time_secs: float
    def __init__(
        self,
        *,
        status: int | str | None = ...,
        end_time_secs: float | None = ...,
    ) -> None: ...

class SessionLog(Message):
    """A training session starts, stops or saves."""

    class _SessionStatus(EnumTypeWrapper):
        """What the session did."""

        STATUS_UNSPECIFIED: Final = 0
        START: Final = 1
        STOP: Final = 2
        CHECKPOINT: Final = 3

    SessionStatus: Final[_SessionStatus]
    STATUS_UNSPECIFIED: Final = 0
    START: Final = 1
    STOP: Final = 2
    CHECKPOINT: Final = 3

    status: int
    # Set for CHECKPOINT.
    checkpoint_path: str
    msg: str
    def __init__(
        self,
        *,
        status: int | str | None = ...,
        checkpoint_path: str | None = ...,
        msg: str | None = ...,
    ) -> None: ...

class SessionMetadata(Message):
    """Which session it was."""

    name: str
    version: int
    def __init__(
        self,
        *,
        name: str | None = ...,
        version: int | None = ...,
    ) -> None: ...

class SessionStartInfo(Message):
    """A session begins, with these values."""

    @property
    def hparams(self) -> MessageMap[str, Value]: ...
    model_uri: str
    monitor_url: str
    # Sessions with one group name are repeats of one trial.
    group_name: str
    start_time_secs: float
    def __init__(
        self,
        *,
        hparams: Mapping[str, Value | _Fields] | None = ...,
        model_uri: str | None = ...,
        monitor_url: str | None = ...,
        group_name: str | None = ...,
        start_time_secs: float | None = ...,
    ) -> None: ...

class SignatureDef(Message):
    """A way to call the graph: named inputs and outputs."""

    @property
    def inputs(self) -> MessageMap[str, TensorInfo]: ...
    @property
    def outputs(self) -> MessageMap[str, TensorInfo]: ...
    method_name: str
    @property
    def defaults(self) -> MessageMap[str, TensorProto]: ...
    def __init__(
        self,
        *,
        inputs: Mapping[str, TensorInfo | _Fields] | None = ...,
        outputs: Mapping[str, TensorInfo | _Fields] | None = ...,
        method_name: str | None = ...,
        defaults: Mapping[str, TensorProto | _Fields] | None = ...,
    ) -> None: ...

class SourceMetadata(Message):
    """Names the program that wrote a file."""

    writer: str
    def __init__(
        self,
        *,
        writer: str | None = ...,
    ) -> None: ...

class SpriteMetadata(Message):
    """One picture made of the small pictures of all points, row by row."""

    image_path: str
    # Width and height of one small picture.
    @property
    def single_image_dim(self) -> RepeatedScalarFieldContainer[int]: ...
    def __init__(
        self,
        *,
        image_path: str | None = ...,
        single_image_dim: Iterable[int] | None = ...,
    ) -> None: ...

class _Status(EnumTypeWrapper):
    """How a session ended."""

    STATUS_UNKNOWN: Final = 0
    STATUS_SUCCESS: Final = 1
    STATUS_FAILURE: Final = 2
    STATUS_RUNNING: Final = 3

Status: Final[_Status]

class StepStats(Message):
    """Times and memory of every node, by device."""

    @property
    def dev_stats(self) -> RepeatedCompositeFieldContainer[DeviceStepStats]: ...
    def __init__(
        self,
        *,
        dev_stats: Iterable[DeviceStepStats | _Fields] | None = ...,
    ) -> None: ...

class Struct(Message, _StructMethods):

    @property
    def fields(self) -> MessageMap[str, Value]: ...
    def __init__(
        self,
        *,
        fields: Mapping[str, Value | _Fields] | None = ...,
    ) -> None: ...

class Summary(Message):
    """The values logged at one step."""

    class Image(Message):
        """A still image in an encoded format; PNG nearly always, GIF for moving ones."""

        height: int
        width: int
        # Channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA, 5 YUV, 6 BGRA.
        colorspace: int
        encoded_image_string: bytes
        def __init__(
            self,
            *,
            height: int | None = ...,
            width: int | None = ...,
            colorspace: int | None = ...,
            encoded_image_string: bytes | None = ...,
        ) -> None: ...

    class Audio(Message):
        """A sound in an encoded format; WAV nearly always."""

        # Frames a second.
        sample_rate: float
        num_channels: int
        length_frames: int
        encoded_audio_string: bytes
        # MIME type.
        content_type: str
        def __init__(
            self,
            *,
            sample_rate: float | None = ...,
            num_channels: int | None = ...,
            length_frames: int | None = ...,
            encoded_audio_string: bytes | None = ...,
            content_type: str | None = ...,
        ) -> None: ...

    class Value(Message):
        """One point of one series."""

        tag: str
        # Stands in for an empty tag in some tensor values of old files.
        node_name: str
        # Says which plugin reads the series; only the first value of a tag need carry it.
        @property
        def metadata(self) -> SummaryMetadata: ...
        simple_value: float
        obsolete_old_style_histogram: bytes
        @property
        def image(self) -> Summary.Image: ...
        @property
        def histo(self) -> HistogramProto: ...
        @property
        def audio(self) -> Summary.Audio: ...
        @property
        def tensor(self) -> TensorProto: ...
        def __init__(
            self,
            *,
            tag: str | None = ...,
            node_name: str | None = ...,
            metadata: SummaryMetadata | _Fields | None = ...,
            simple_value: float | None = ...,
            obsolete_old_style_histogram: bytes | None = ...,
            image: Summary.Image | _Fields | None = ...,
            histo: HistogramProto | _Fields | None = ...,
            audio: Summary.Audio | _Fields | None = ...,
            tensor: TensorProto | _Fields | None = ...,
        ) -> None: ...
        def HasField(self, field_name: Literal["audio", "histo", "image", "metadata", "obsolete_old_style_histogram", "simple_value", "tensor", "value"]) -> bool: ...
        def WhichOneof(self, oneof_group: Literal["value"]) -> Literal["simple_value", "obsolete_old_style_histogram", "image", "histo", "audio", "tensor"] | None: ...

    @property
    def value(self) -> RepeatedCompositeFieldContainer[Summary.Value]: ...
    def __init__(
        self,
        *,
        value: Iterable[Summary.Value | _Fields] | None = ...,
    ) -> None: ...

class SummaryDescription(Message):
    """Type hint of the earliest summaries; not met in files."""

    type_hint: str
    def __init__(
        self,
        *,
        type_hint: str | None = ...,
    ) -> None: ...

class SummaryMetadata(Message):
    """What a series is: whose, under which label, described how."""

    class PluginData(Message):
        """The plugin that owns the series and what it wants to know."""

        plugin_name: str
        # A message of plugins.proto or hparams.proto, serialised.
        content: bytes
        def __init__(
            self,
            *,
            plugin_name: str | None = ...,
            content: bytes | None = ...,
        ) -> None: ...

    @property
    def plugin_data(self) -> SummaryMetadata.PluginData: ...
    display_name: str
    # Markdown.
    summary_description: str
    data_class: int
    def __init__(
        self,
        *,
        plugin_data: SummaryMetadata.PluginData | _Fields | None = ...,
        display_name: str | None = ...,
        summary_description: str | None = ...,
        data_class: int | str | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["plugin_data"]) -> bool: ...

class TaggedRunMetadata(Message):
    """What one execution of the graph cost, under a name."""

    tag: str
    # A serialised RunMetadata.
    run_metadata: bytes
    def __init__(
        self,
        *,
        tag: str | None = ...,
        run_metadata: bytes | None = ...,
    ) -> None: ...

class TensorDescription(Message):
    """A tensor without its elements."""

    dtype: int
    @property
    def shape(self) -> TensorShapeProto: ...
    @property
    def allocation_description(self) -> AllocationDescription: ...
    def __init__(
        self,
        *,
        dtype: int | str | None = ...,
        shape: TensorShapeProto | _Fields | None = ...,
        allocation_description: AllocationDescription | _Fields | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["allocation_description", "shape"]) -> bool: ...

class TensorInfo(Message):
    """Which tensor of the graph, and what it holds."""

    class CooSparse(Message):
        """A sparse tensor in three dense ones."""

        values_tensor_name: str
        indices_tensor_name: str
        dense_shape_tensor_name: str
        def __init__(
            self,
            *,
            values_tensor_name: str | None = ...,
            indices_tensor_name: str | None = ...,
            dense_shape_tensor_name: str | None = ...,
        ) -> None: ...

    class CompositeTensor(Message):
        """Several tensors that make one value."""

        @property
        def components(self) -> RepeatedCompositeFieldContainer[TensorInfo]: ...
        def __init__(
            self,
            *,
            components: Iterable[TensorInfo | _Fields] | None = ...,
        ) -> None: ...

    dtype: int
    @property
    def tensor_shape(self) -> TensorShapeProto: ...
    name: str
    @property
    def coo_sparse(self) -> TensorInfo.CooSparse: ...
    @property
    def composite_tensor(self) -> TensorInfo.CompositeTensor: ...
    def __init__(
        self,
        *,
        dtype: int | str | None = ...,
        tensor_shape: TensorShapeProto | _Fields | None = ...,
        name: str | None = ...,
        coo_sparse: TensorInfo.CooSparse | _Fields | None = ...,
        composite_tensor: TensorInfo.CompositeTensor | _Fields | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["composite_tensor", "coo_sparse", "encoding", "name", "tensor_shape"]) -> bool: ...
    def WhichOneof(self, oneof_group: Literal["encoding"]) -> Literal["name", "coo_sparse", "composite_tensor"] | None: ...

class TensorProto(Message):
    """A tensor: either raw bytes in tensor_content, or elements in the one list that fits dtype.

    Fewer elements than the shape asks for: the last one is repeated.
    """

    dtype: int
    @property
    def tensor_shape(self) -> TensorShapeProto: ...
    version_number: int
    # Row-major, little-endian.
    tensor_content: bytes
    @property
    def float_val(self) -> RepeatedScalarFieldContainer[float]: ...
    @property
    def double_val(self) -> RepeatedScalarFieldContainer[float]: ...
    # All integers of up to 32 bits but DT_UINT32.
    @property
    def int_val(self) -> RepeatedScalarFieldContainer[int]: ...
    @property
    def string_val(self) -> RepeatedScalarFieldContainer[bytes]: ...
    # Real and imaginary parts in turn, as in dcomplex_val.
    @property
    def scomplex_val(self) -> RepeatedScalarFieldContainer[float]: ...
    @property
    def int64_val(self) -> RepeatedScalarFieldContainer[int]: ...
    @property
    def bool_val(self) -> RepeatedScalarFieldContainer[bool]: ...
    @property
    def dcomplex_val(self) -> RepeatedScalarFieldContainer[float]: ...
    # Bit patterns of DT_HALF and DT_BFLOAT16 in the low 16 bits.
    @property
    def half_val(self) -> RepeatedScalarFieldContainer[int]: ...
    @property
    def resource_handle_val(self) -> RepeatedCompositeFieldContainer[ResourceHandleProto]: ...
    @property
    def variant_val(self) -> RepeatedCompositeFieldContainer[VariantTensorDataProto]: ...
    @property
    def uint32_val(self) -> RepeatedScalarFieldContainer[int]: ...
    @property
    def uint64_val(self) -> RepeatedScalarFieldContainer[int]: ...
    # One byte an element.
    float8_val: bytes
    def __init__(
        self,
        *,
        dtype: int | str | None = ...,
        tensor_shape: TensorShapeProto | _Fields | None = ...,
        version_number: int | None = ...,
        tensor_content: bytes | None = ...,
        float_val: Iterable[float] | None = ...,
        double_val: Iterable[float] | None = ...,
        int_val: Iterable[int] | None = ...,
        string_val: Iterable[bytes] | None = ...,
        scomplex_val: Iterable[float] | None = ...,
        int64_val: Iterable[int] | None = ...,
        bool_val: Iterable[bool] | None = ...,
        dcomplex_val: Iterable[float] | None = ...,
        half_val: Iterable[int] | None = ...,
        resource_handle_val: Iterable[ResourceHandleProto | _Fields] | None = ...,
        variant_val: Iterable[VariantTensorDataProto | _Fields] | None = ...,
        uint32_val: Iterable[int] | None = ...,
        uint64_val: Iterable[int] | None = ...,
        float8_val: bytes | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["tensor_shape"]) -> bool: ...

class TensorShapeProto(Message):
    """The size of each dimension.

    An absent shape is that of a scalar.
    """

    class Dim(Message):
        """One dimension; size -1 where it is not known."""

        size: int
        name: str
        def __init__(
            self,
            *,
            size: int | None = ...,
            name: str | None = ...,
        ) -> None: ...

    @property
    def dim(self) -> RepeatedCompositeFieldContainer[TensorShapeProto.Dim]: ...
    # Not even the number of dimensions is known.
    unknown_rank: bool
    def __init__(
        self,
        *,
        dim: Iterable[TensorShapeProto.Dim | _Fields] | None = ...,
        unknown_rank: bool | None = ...,
    ) -> None: ...

class TextPluginData(Message):
    """Of plugin `text`; tensors are strings of Markdown."""

    version: int
    def __init__(
        self,
        *,
        version: int | None = ...,
    ) -> None: ...

class Value(Message):

    null_value: int
    number_value: float
    string_value: str
    bool_value: bool
    @property
    def struct_value(self) -> Struct: ...
    @property
    def list_value(self) -> ListValue: ...
    def __init__(
        self,
        *,
        null_value: int | str | None = ...,
        number_value: float | None = ...,
        string_value: str | None = ...,
        bool_value: bool | None = ...,
        struct_value: Struct | _Fields | None = ...,
        list_value: ListValue | _Fields | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["bool_value", "kind", "list_value", "null_value", "number_value", "string_value", "struct_value"]) -> bool: ...
    def WhichOneof(self, oneof_group: Literal["kind"]) -> Literal["null_value", "number_value", "string_value", "bool_value", "struct_value", "list_value"] | None: ...

class VariantTensorDataProto(Message):
    """An element of a DT_VARIANT tensor: a value of a registered type."""

    type_name: str
    metadata: bytes
    @property
    def tensors(self) -> RepeatedCompositeFieldContainer[TensorProto]: ...
    def __init__(
        self,
        *,
        type_name: str | None = ...,
        metadata: bytes | None = ...,
        tensors: Iterable[TensorProto | _Fields] | None = ...,
    ) -> None: ...

class VersionDef(Message):
    """Who can read a graph."""

    # Version of the code that wrote it.
    producer: int
    # Oldest code that may read it.
    min_consumer: int
    # Code that may not, however new.
    @property
    def bad_consumers(self) -> RepeatedScalarFieldContainer[int]: ...
    def __init__(
        self,
        *,
        producer: int | None = ...,
        min_consumer: int | None = ...,
        bad_consumers: Iterable[int] | None = ...,
    ) -> None: ...

class WatchdogConfig(Message):
    """How long a worker may stay silent."""

    timeout_ms: int
    def __init__(
        self,
        *,
        timeout_ms: int | None = ...,
    ) -> None: ...

class _WorkerHealth(EnumTypeWrapper):
    """State of a worker, sent between workers; not met in files."""

    OK: Final = 0
    RECEIVED_SHUTDOWN_SIGNAL: Final = 1
    INTERNAL_ERROR: Final = 2
    SHUTTING_DOWN: Final = 3

WorkerHealth: Final[_WorkerHealth]

class WorkerHeartbeatRequest(Message):
    """Asks a worker for signs of life."""

    shutdown_mode: int
    @property
    def watchdog_config(self) -> WatchdogConfig: ...
    @property
    def exit_code(self) -> RequestedExitCode: ...
    def __init__(
        self,
        *,
        shutdown_mode: int | str | None = ...,
        watchdog_config: WatchdogConfig | _Fields | None = ...,
        exit_code: RequestedExitCode | _Fields | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["exit_code", "watchdog_config"]) -> bool: ...

class WorkerHeartbeatResponse(Message):
    """A worker's signs of life."""

    health_status: int
    @property
    def worker_log(self) -> RepeatedCompositeFieldContainer[Event]: ...
    hostname: str
    def __init__(
        self,
        *,
        health_status: int | str | None = ...,
        worker_log: Iterable[Event | _Fields] | None = ...,
        hostname: str | None = ...,
    ) -> None: ...

class _WorkerShutdownMode(EnumTypeWrapper):
    """How a worker is to end; not met in files."""

    DEFAULT: Final = 0
    NOT_CONFIGURED: Final = 1
    WAIT_FOR_COORDINATOR: Final = 2
    SHUTDOWN_AFTER_TIMEOUT: Final = 3

WorkerShutdownMode: Final[_WorkerShutdownMode]
