"""Event files in plain Python: framing and checksums of its own, messages by TensorBoard's protos.

Slow and simple on purpose. It shares no code with what it tests.
"""

import functools
import os
import struct
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import (
    HistogramProto,
    Summary,
    SummaryMetadata,
)
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.plugins.mesh.plugin_data_pb2 import MeshPluginData

GOLDEN = Path(__file__).parents[1] / "data" / "golden"
NAME = "events.out.tfevents.1700000000.host"


def _table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_TABLE = _table()


def crc32c(data):
    """CRC-32C, one byte after the other."""
    crc, table = 0xFFFFFFFF, _TABLE
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def masked(data):
    """The checksum as TFRecord stores it."""
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


@functools.lru_cache(maxsize=100_000)
def header(length):
    """Length and its checksum."""
    raw = struct.pack("<Q", length)
    return raw + struct.pack("<I", masked(raw))


def record(payload):
    """One whole record."""
    return header(len(payload)) + payload + struct.pack("<I", masked(payload))


def unframe(data):
    """`(offset, payload)` of every record; checks every checksum and that nothing is left."""
    at, found = 0, []
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        assert data[at : at + 12] == header(length)
        payload = data[at + 12 : at + 12 + length]
        assert struct.unpack_from("<I", data, at + 12 + length) == (masked(payload),)
        found.append((at, payload))
        at += length + 16
    return found


def shape(*dims):
    """A shape message."""
    return TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in dims])


def tensor(dtype, dims=None, **fields):
    """A tensor message; without `dims` it has no shape at all."""
    message = TensorProto(dtype=dtype, **fields)
    if dims is not None:
        message.tensor_shape.CopyFrom(shape(*dims))
    return message


def metadata(plugin="", content=b"", **fields):
    """Metadata of a value."""
    message = SummaryMetadata(**fields)
    message.plugin_data.plugin_name = plugin
    message.plugin_data.content = content
    return message


def value(tag, plugin=None, **content):
    """One value of a summary; without `plugin` it has no metadata."""
    if plugin is not None:
        content["metadata"] = metadata(plugin)
    return Summary.Value(tag=tag, **content)


def scalar(tag, number):
    """A legacy scalar."""
    return value(tag, simple_value=number)


def text(tag, *strings):
    """A text of rank 1."""
    strings = [s.encode() if isinstance(s, str) else s for s in strings]
    return value(tag, "text", tensor=tensor(7, [len(strings)], string_val=strings))


def vertices(tag, *numbers, name="", stated=True):
    """A mesh of one point; `stated` is false to leave out the metadata."""
    points = tensor(1, [1, 1, 3], float_val=numbers)
    if not stated:
        return value(tag, tensor=points)
    said = MeshPluginData(name=name or tag, content_type=MeshPluginData.VERTEX)
    return value(tag, tensor=points, metadata=metadata("mesh", said.SerializeToString()))


def image(tag, data, width=3, height=2):
    """A legacy image."""
    body = Summary.Image(width=width, height=height, colorspace=3, encoded_image_string=data)
    return value(tag, image=body)


def histogram(tag, limits, counts, **statistics):
    """A legacy histogram."""
    return value(tag, histo=HistogramProto(bucket_limit=limits, bucket=counts, **statistics))


def event(step, *values, wall_time=None):
    """A serialized event with a summary."""
    wall_time = 1000.0 + step if wall_time is None else wall_time
    message = Event(step=step, wall_time=wall_time, summary=Summary(value=values))
    return message.SerializeToString()


def scalars(tag, steps, run=0):
    """Events of one scalar; the value tells run and step."""
    return [event(step, scalar(tag, step + run / 1024)) for step in steps]


def version(wall_time=999.0, number=2, step=0):
    """The event that begins a file."""
    text = f"brain.Event:{number}"
    return Event(wall_time=wall_time, step=step, file_version=text).SerializeToString()


def start(step, wall_time=2000.0):
    """A session begins."""
    log = SessionLog(status=SessionLog.START)
    return Event(wall_time=wall_time, step=step, session_log=log).SerializeToString()


def write(path, payloads=(), *, raw=None, age=None):
    """Writes an event file; with `age`, one last modified so many seconds ago."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(map(record, payloads)) if raw is None else raw)
    if age is not None:
        make_older(path, age)
    return path


def make_older(path, age):
    """Sets the time of modification back."""
    status = Path(path).stat()
    os.utime(path, (status.st_atime - age, status.st_mtime - age))


# Hand-made wire format, for what no library writes.


def varint(number):
    """A varint of up to 64 bits."""
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def field(number, content):
    """A field: int as varint, float as fixed64, bytes length-delimited."""
    if isinstance(content, float):
        return varint(number << 3 | 1) + struct.pack("<d", content)
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def wire_event(step, *values, wall_time=None):
    """An event around hand-made values."""
    wall_time = 1000.0 + step if wall_time is None else wall_time
    summary = b"".join(field(1, value) for value in values)
    return field(1, float(wall_time)) + field(2, step) + field(5, summary)
