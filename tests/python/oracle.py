"""What the tables of a log should hold, derived record by record from TensorBoard's protos."""

import io
import math
import struct
import wave

import numpy as np
from eventfiles import Event, unframe
from tensorboard.plugins.mesh.plugin_data_pb2 import MeshPluginData

DTYPES = {
    1: ("float32", "<f4", "float_val"),
    2: ("float64", "<f8", "double_val"),
    3: ("int32", "<i4", "int_val"),
    4: ("uint8", "u1", "int_val"),
    5: ("int16", "<i2", "int_val"),
    6: ("int8", "i1", "int_val"),
    7: ("string", None, "string_val"),
    8: ("complex64", "<c8", "scomplex_val"),
    9: ("int64", "<i8", "int64_val"),
    10: ("bool", "?", "bool_val"),
    14: ("bfloat16", "<u2", "half_val"),
    17: ("uint16", "<u2", "int_val"),
    18: ("complex128", "<c16", "dcomplex_val"),
    19: ("float16", "<u2", "half_val"),
    22: ("uint32", "<u4", "uint32_val"),
    23: ("uint64", "<u8", "uint64_val"),
}
STATISTICS = ("min", "max", "num", "sum", "sum_squares")
CURVES = (
    "true_positives",
    "false_positives",
    "true_negatives",
    "false_negatives",
    "precision",
    "recall",
)
GRAPH_PLUGINS = {
    "graph_keras_model": "keras",
    "graph_run_metadata": "run_metadata",
    "graph_run_metadata_graph": "function_graphs",
}
DBL_MAX = 1.7976931348623157e308


def dims(tensor):
    """The shape as a list."""
    return [dim.size for dim in tensor.tensor_shape.dim]


def raw(tensor):
    """The elements as bytes."""
    _, numpy_type, field = DTYPES[tensor.dtype]
    if tensor.tensor_content:
        return tensor.tensor_content
    stored = list(getattr(tensor, field))
    if numpy_type.startswith("<c"):
        stored = [complex(a, b) for a, b in zip(stored[::2], stored[1::2], strict=True)]
    count = math.prod(dims(tensor))
    if count and len(stored) < count:
        stored += [stored[-1] if stored else 0] * (count - len(stored))
    return np.array(stored, numpy_type).tobytes()


def numbers(tensor):
    """The elements of a real tensor as float64."""
    name, numpy_type, _ = DTYPES[tensor.dtype]
    array = np.frombuffer(raw(tensor), numpy_type)
    if name == "float16":
        array = array.view("<f2")
    if name == "bfloat16":
        array = (array.astype("<u4") << 16).view("<f4")
    return array.astype("<f8")


def sniff(data):
    """The format of encoded bytes."""
    known = {b"\x89PNG": "png", b"GIF8": "gif", b"\xff\xd8\xff": "jpeg", b"RIFF": "wav"}
    return next((name for head, name in known.items() if data.startswith(head)), "unknown")


def kind_of(value, plugin):
    """What a value is; `None` for one that holds nothing."""
    simple = {"simple_value": "scalars", "histo": "histograms", "image": "images", "audio": "audio"}
    which = value.WhichOneof("value")
    if which in simple:
        return simple[which]
    if which == "tensor":
        named = {
            "scalars": "scalars",
            "histograms": "histograms",
            "images": "images",
            "audio": "audio",
            "text": "text",
            "pr_curves": "pr_curves",
            "mesh": "meshes",
            "custom_scalars": "layouts",
            "hparams": "hparams",
        }
        return "graphs" if plugin in GRAPH_PLUGINS else named.get(plugin, "tensors")
    return "hparams" if plugin == "hparams" else None


def legacy_buckets(histogram):
    """Edges from right edges; the outermost ones lie at infinity, unless min and max say more."""
    rights = list(histogram.bucket_limit)
    if rights and rights[-1] == DBL_MAX and math.isfinite(histogram.max):
        rights[-1] = max([histogram.max, *rights[-2:-1]])
    lefts = [min(histogram.min, rights[0]), *rights[:-1]] if rights else []
    rows = zip(lefts, rights, histogram.bucket, strict=True)
    return [{"left": a, "right": b, "count": c} for a, b, c in rows]


def _scalars(value, _):
    if value.WhichOneof("value") == "simple_value":
        return [{"value": value.simple_value}]
    return [{"value": float(numbers(value.tensor)[0])}]


def _histograms(value, _):
    if value.WhichOneof("value") == "histo":
        row = {name: getattr(value.histo, name) for name in STATISTICS}
        return [{"buckets": legacy_buckets(value.histo), **row}]
    rows = numbers(value.tensor).reshape(-1, 3).tolist()
    buckets = [{"left": a, "right": b, "count": c} for a, b, c in rows]
    return [{"buckets": buckets, **dict.fromkeys(STATISTICS)}]


def _tensors(value, _):
    name = DTYPES[value.tensor.dtype][0]
    row = {"dtype": name, "shape": dims(value.tensor), "data": None, "strings": None}
    if name == "string":
        return [row | {"strings": list(value.tensor.string_val)}]
    return [row | {"data": raw(value.tensor)}]


def _images(value, _):
    if value.WhichOneof("value") == "image":
        image = value.image
        width, height, blobs = image.width, image.height, [image.encoded_image_string]
    else:
        width, height, *blobs = value.tensor.string_val
    return [
        {
            "index": index,
            "width": int(width),
            "height": int(height),
            "format": sniff(blob),
            "data": blob,
        }
        for index, blob in enumerate(blobs)
    ]


def _audio(value, _):
    if value.WhichOneof("value") == "audio":
        audio = value.audio
        sound = audio.encoded_audio_string
        clips = [(audio.sample_rate, audio.num_channels, audio.length_frames, "", sound)]
    else:
        strings = list(value.tensor.string_val)
        clips = []
        for sound, label in zip(strings[::2], strings[1::2], strict=True):
            with wave.open(io.BytesIO(sound)) as header:
                rate, channels, frames = (
                    float(header.getframerate()),
                    header.getnchannels(),
                    header.getnframes(),
                )
            clips.append((rate, channels, frames, label.decode(), sound))
    return [
        {
            "index": index,
            "sample_rate": rate,
            "channels": channels,
            "frames": frames,
            "format": sniff(sound),
            "label": label,
            "data": sound,
        }
        for index, (rate, channels, frames, label, sound) in enumerate(clips)
    ]


def _text(value, _):
    strings = [string.decode("utf-8", "replace") for string in value.tensor.string_val]
    return [{"shape": dims(value.tensor), "text": strings}]


def _pr_curves(value, _):
    rows = numbers(value.tensor).reshape(6, -1)
    count = rows.shape[1]
    edges = [i / max(count - 1, 1) for i in range(count)]
    return [{"thresholds": edges, **dict(zip(CURVES, rows.tolist(), strict=True))}]


def _graphs(value, plugin):
    return [{"graph": GRAPH_PLUGINS[plugin], "data": value.tensor.string_val[0]}]


def _layouts(value, _):
    return [{"data": value.tensor.string_val[0]}]


READERS = {
    "scalars": _scalars,
    "histograms": _histograms,
    "tensors": _tensors,
    "images": _images,
    "audio": _audio,
    "text": _text,
    "pr_curves": _pr_curves,
    "graphs": _graphs,
    "layouts": _layouts,
}
KINDS = (*READERS, "meshes")


class Oracle:
    """Every table of `files`, pairs of run and path in the order they are read."""

    def __init__(self, files):
        self.tables = {kind: [] for kind in (*KINDS, "events")}
        self.series = {}
        self.records = {}
        self._meshes = {}
        self._plugins = {}
        self._texts = {}
        for run, path in files:
            records = unframe(path.read_bytes())
            self.records[str(path)] = len(records)
            for offset, payload in records:
                self._event(run, str(path), offset, payload)

    def _event(self, run, path, offset, payload):
        event = Event.FromString(payload)
        what = event.WhichOneof("what")
        keys = {"run": run, "step": event.step, "wall_time": event.wall_time}
        where = {"file": path, "offset": offset}
        log = keys | where | {"length": len(payload), "what": what}
        values = event.summary.value if what == "summary" else ()
        if not values:
            tag = event.tagged_run_metadata.tag if what == "tagged_run_metadata" else None
            self.tables["events"].append(log | {"tag": tag})
        graph = {
            "graph_def": ("__run_graph__", "graph_def", event.graph_def),
            "meta_graph_def": ("__meta_graph__", "meta_graph", event.meta_graph_def),
            "tagged_run_metadata": (
                event.tagged_run_metadata.tag,
                "run_metadata",
                event.tagged_run_metadata.run_metadata,
            ),
        }.get(what)
        if graph:
            tag, name, data = graph
            self._row("graphs", keys | {"tag": tag, "graph": name, "data": data} | where)
            self._count("graphs", keys | {"tag": tag})
        for value in values:
            self._value(value, keys | {"tag": value.tag}, where)
            self.tables["events"].append(log | {"tag": value.tag})

    def _value(self, value, keys, where):
        series = keys["run"], keys["tag"]
        if value.HasField("metadata"):
            said = value.metadata
            self._plugins[series] = said.plugin_data.plugin_name
            self._texts.setdefault(series, (said.display_name, said.summary_description))
        plugin = self._plugins.get(series, "")
        kind = kind_of(value, plugin)
        if kind == "meshes":
            self._mesh(value, keys, where)
            return
        self._count(kind, keys)
        if kind in READERS:
            for row in READERS[kind](value, plugin):
                self._row(kind, keys | row | where)

    def _mesh(self, value, keys, where):
        """Golden meshes are whole in one event; vertices come first."""
        said = MeshPluginData.FromString(value.metadata.plugin_data.content)
        self._count("meshes", keys | {"tag": said.name})
        texts = self.texts(keys["run"], keys["tag"])
        self._texts.setdefault((keys["run"], said.name), texts)
        column = {1: "vertices", 2: "faces", 3: "colors"}[said.content_type]
        elements = numbers(value.tensor).reshape(dims(value.tensor))
        meshes = (elements.astype(int) if column == "faces" else elements).tolist()
        for index, mesh in enumerate(meshes):
            key = (keys["run"], said.name, keys["step"], index)
            if key not in self._meshes:
                config = said.json_config if said.json_config != "null" else None
                row = keys | {"tag": said.name, "index": index, "config": config} | where
                self._meshes[key] = row | dict.fromkeys(("vertices", "colors", "faces"))
                self._row("meshes", self._meshes[key])
            self._meshes[key][column] = mesh

    def _row(self, kind, row):
        self.tables[kind].append(row)

    def _count(self, kind, keys):
        point = keys["step"], keys["wall_time"]
        series = self.series.setdefault((keys["run"], keys["tag"], kind), {"first": point})
        series["count"] = series.get("count", 0) + 1
        series["last"] = point

    def texts(self, run, tag):
        """Display name and description."""
        return self._texts.get((run, tag), ("", ""))


def exact(thing):
    """`thing` such that equal means the same bits; any NaN is the same."""
    if isinstance(thing, float):
        return "nan" if math.isnan(thing) else struct.pack("<d", thing)
    if isinstance(thing, dict):
        return {key: exact(value) for key, value in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [exact(one) for one in thing]
    return thing
