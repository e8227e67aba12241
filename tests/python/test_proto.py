"""`tfevents.proto`: the same bytes as TensorBoard's messages, in a pool of its own."""

import copy
import importlib
import importlib.util
import math
import pickle
import pkgutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf import json_format, text_format
from google.protobuf.unknown_fields import UnknownFieldSet
from tfevents import proto

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "data" / "golden"
EVENT_FILES = sorted(GOLDEN.rglob("events.out.tfevents.*"))

PLUGINS = {
    "scalars": ("ScalarPluginData", "scalar"),
    "histograms": ("HistogramPluginData", "histogram"),
    "images": ("ImagePluginData", "image"),
    "audio": ("AudioPluginData", "audio"),
    "text": ("TextPluginData", "text"),
    "pr_curves": ("PrCurvePluginData", "pr_curve"),
    "mesh": ("MeshPluginData", "mesh"),
    "hparams": ("HParamsPluginData", "hparams"),
}


def payloads(path):
    data = path.read_bytes()
    at = 0
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        yield data[at + 12 : at + 12 + length]
        at += 12 + length + 4


def assert_same(payload, ours, theirs):
    a, b = ours.FromString(payload), theirs.FromString(payload)
    # NaN differs from itself, its text does not.
    assert repr(json_format.MessageToDict(a)) == repr(json_format.MessageToDict(b))
    assert a.SerializeToString(deterministic=True) == b.SerializeToString(deterministic=True)
    assert len(UnknownFieldSet(a)) == 0
    return a


def test_every_name_can_be_imported():
    assert len(proto.__all__) == len(set(proto.__all__))
    for name in proto.__all__:
        thing = getattr(proto, name)
        assert getattr(proto, name) is thing
        assert name in dir(proto)
    wanted = """Event Summary SummaryMetadata HistogramProto TensorProto TensorShapeProto DataType
        GraphDef RunMetadata HParamsPluginData Layout MeshPluginData ProjectorConfig SessionLog
        MetaGraphDef TaggedRunMetadata SourceMetadata DataClass Struct Value ListValue"""
    assert set(wanted.split()) <= set(proto.__all__)


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"tfevents\.proto.*'Evnt'"):
        _ = proto.Evnt


def test_stub_has_the_same_names():
    text = (ROOT / "python/tfevents/proto/__init__.pyi").read_text()
    listed = text.partition("__all__ = [")[2].partition("]")[0]
    assert [line.strip(' ",') for line in listed.split()] == proto.__all__


def test_messages_pickle_and_copy():
    value = proto.Summary.Value(tag="loss", simple_value=0.5)
    event = proto.Event(step=-3, summary=proto.Summary(value=[value]))
    for message in (value, event):
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            back = pickle.loads(pickle.dumps(message, protocol))
            assert back == message
            assert type(back) is type(message)
        assert copy.deepcopy(message) == message
    assert repr(proto.Summary.Value) == "<class 'tfevents.proto.Summary.Value'>"


def test_enums_name_their_values():
    assert proto.DataType.DT_FLOAT4_E2M1FN == 33
    assert proto.DataType.Name(119) == "DT_HALF_REF"
    assert proto.HParamsDataType.Value("DATA_TYPE_BOOL") == 2
    assert proto.SessionLog.START == 1
    assert proto.SessionLog.SessionStatus.Name(3) == "CHECKPOINT"


def test_hparam_values_have_protobufs_methods():
    info = proto.HParamInfo(type=proto.HParamsDataType.DATA_TYPE_STRING)
    info.domain_discrete.extend(["sgd", 0.5, True, None])
    assert list(proto.HParamInfo.FromString(info.SerializeToString()).domain_discrete) == [
        "sgd",
        0.5,
        True,
        None,
    ]


def test_special_numbers_survive():
    value = proto.Summary.Value(simple_value=math.nan)
    assert math.isnan(proto.Summary.Value.FromString(value.SerializeToString()).simple_value)
    assert proto.Event.FromString(proto.Event(step=-(2**63)).SerializeToString()).step == -(2**63)


@pytest.mark.parametrize("path", sorted(GOLDEN.rglob("*.pbtxt")), ids=lambda p: p.parent.name)
def test_projector_configs_parse(path):
    config = text_format.Parse(path.read_text(), proto.ProjectorConfig())
    assert all(embedding.tensor_name for embedding in config.embeddings)
    assert config.embeddings


@pytest.mark.parametrize("path", EVENT_FILES, ids=lambda p: str(p.relative_to(GOLDEN)))
def test_golden_records_read_as_tensorboard_reads_them(path):
    from tensorboard.compat.proto import config_pb2, event_pb2, graph_pb2, meta_graph_pb2
    from tensorboard.plugins.custom_scalar import layout_pb2

    for payload in payloads(path):
        event = assert_same(payload, proto.Event, event_pb2.Event)
        if event.graph_def:
            assert_same(event.graph_def, proto.GraphDef, graph_pb2.GraphDef)
        if event.meta_graph_def:
            meta = proto.MetaGraphDef.FromString(event.meta_graph_def)
            theirs = meta_graph_pb2.MetaGraphDef.FromString(event.meta_graph_def)
            assert meta.SerializeToString(deterministic=True) == theirs.SerializeToString(
                deterministic=True
            )
        if event.HasField("tagged_run_metadata"):
            assert_same(
                event.tagged_run_metadata.run_metadata, proto.RunMetadata, config_pb2.RunMetadata
            )
        for value in event.summary.value:
            plugin = value.metadata.plugin_data
            if plugin.plugin_name == "custom_scalars":
                assert_same(value.tensor.string_val[0], proto.Layout, layout_pb2.Layout)
            if plugin.plugin_name in PLUGINS and plugin.content != b"{}":
                name, module = PLUGINS[plugin.plugin_name]
                theirs = importlib.import_module(f"tensorboard.plugins.{module}.plugin_data_pb2")
                assert_same(plugin.content, getattr(proto, name), getattr(theirs, name))


def tensorboard_modules():
    package = importlib.import_module("tensorboard.compat.proto")
    for module in pkgutil.iter_modules(package.__path__, "tensorboard.compat.proto."):
        if module.name.endswith("_pb2"):
            yield importlib.import_module(module.name)
    for _, folder in PLUGINS.values():
        yield importlib.import_module(f"tensorboard.plugins.{folder}.plugin_data_pb2")
    yield importlib.import_module("tensorboard.plugins.hparams.api_pb2")
    yield importlib.import_module("tensorboard.plugins.custom_scalar.layout_pb2")
    yield importlib.import_module("tensorboard.plugins.projector.projector_config_pb2")


def fields(message, inside=""):
    """Path, number, type and oneof of every field, those of nested messages included."""
    for field in message.fields:
        other = field.message_type or field.enum_type
        oneof = field.containing_oneof and field.containing_oneof.name
        yield (
            f"{inside}{message.name}.{field.name}",
            field.number,
            field.type,
            other and other.name,
            None if oneof == f"_{field.name}" else oneof,
        )
    for nested in message.nested_types:
        yield from fields(nested, f"{inside}{message.name}.")


@pytest.mark.newest
def test_fields_are_tensorboards():
    messages, enums = {}, {}
    for module in tensorboard_modules():
        hparams = "hparams" in module.DESCRIPTOR.package
        messages |= {(hparams, k): v for k, v in module.DESCRIPTOR.message_types_by_name.items()}
        enums |= {(hparams, k): v for k, v in module.DESCRIPTOR.enum_types_by_name.items()}
    left_out = {
        "MetaGraphDef.object_graph_def",
        "TensorInfo.CompositeTensor.type_spec",
    }
    for name in proto.__all__:
        ours = getattr(proto, name).DESCRIPTOR
        if ours.full_name.startswith("google."):
            continue
        key = (".hparams." in ours.full_name, ours.name)
        if hasattr(ours, "values"):
            assert {v.name: v.number for v in ours.values} == {
                v.name: v.number for v in enums[key].values
            }
        else:
            theirs = {field for field in fields(messages[key]) if field[0] not in left_out}
            assert set(fields(ours)) == theirs


COEXIST = {
    "tensorboard": """
from tensorboard.compat.proto import event_pb2, graph_pb2
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.plugins.projector import projector_config_pb2
""",
    "tensorflow": "from tensorflow.core.util import event_pb2\n",
    "torch": "from torch.utils.tensorboard import SummaryWriter\n",
    "tensorboardX": "from tensorboardX.proto import event_pb2\n",
}
OURS = """
from tfevents.proto import *
import tfevents.proto
for name in tfevents.proto.__all__: getattr(tfevents.proto, name)
"""


@pytest.mark.parametrize("first", ["ours", "theirs"])
@pytest.mark.parametrize("peer", [peer for peer in COEXIST if importlib.util.find_spec(peer)])
def test_imports_beside(peer, first):
    theirs = COEXIST[peer]
    code = OURS + theirs if first == "ours" else theirs + OURS
    code += "assert tfevents.proto.Event.FromString(b'\\x10\\x05').step == 5\n"
    if "event_pb2" in theirs:
        code += "assert event_pb2.Event.FromString(b'\\x10\\x05').step == 5\n"
        code += "assert event_pb2.Event is not tfevents.proto.Event\n"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_builds_nothing():
    code = """
import tfevents.proto
assert tfevents.proto._pool.cache_info().currsize == 0
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_threads_get_one_class():
    code = """
import threading, tfevents.proto
ready, got = threading.Barrier(8), []
def take():
    ready.wait()
    got.append(tfevents.proto.Summary)
threads = [threading.Thread(target=take) for _ in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
assert len(got) == 8 and len(set(map(id, got))) == 1
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.newest
def test_generated_files_are_fresh():
    command = [sys.executable, str(ROOT / "tools" / "generate_protos.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
