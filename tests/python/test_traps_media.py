"""What trips readers of meshes, images, sound, text and curves up, one claim a test."""

import re
import struct

import pytest
import tfevents
from eventfiles import (
    Summary,
    event,
    image,
    metadata,
    scalar,
    tensor,
    text,
    value,
    version,
)
from tables import only, rows
from tensorboard.plugins.mesh.plugin_data_pb2 import MeshPluginData


def mesh(tag, content_type, message, config="", components=14):
    said = MeshPluginData(
        name="m", content_type=content_type, json_config=config, components=components
    )
    return Summary.Value(
        tag=tag, tensor=message, metadata=metadata("mesh", said.SerializeToString())
    )


@pytest.mark.parametrize(
    ("tags", "config", "components"),
    [
        (("m_VERTEX", "m_FACE", "m_COLOR"), "{}", 14),
        (("m_1", "m_2", "m_3"), "null", 0),
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_a_mesh_is_one_row_whatever_its_tags(log, tags, config, components, together):
    parts = [
        mesh(tags[0], 1, tensor(1, [1, 2, 3], float_val=range(6)), config, components),
        mesh(tags[1], 2, tensor(3, [1, 1, 3], int_val=[0, 1, 0]), config, components),
        mesh(tags[2], 3, tensor(4, [1, 2, 3], int_val=[9] * 6), config, components),
    ]
    log(".", [event(4, *parts)] if together else [event(4, part) for part in parts])
    row = only(log, "meshes")
    assert (row["tag"], row["step"]) == ("m", 4)
    assert row["vertices"] == [[0, 1, 2], [3, 4, 5]]
    assert row["faces"] == [[0, 1, 0]]
    assert row["colors"] == [[9.0] * 3] * 2
    assert row["config"] == (config if config != "null" else None)


@pytest.mark.filterwarnings("ignore::tfevents.NoMatchWarning")
def test_a_mesh_is_listed_by_the_name_it_is_asked_for_by(log):
    points = tensor(1, [1, 1, 3], float_val=[1, 2, 3])
    log(
        ".",
        [
            version(),
            event(1, mesh("m_VERTEX", 1, points), mesh("m_COLOR", 3, points)),
            event(1, scalar("m_VERTEX", 1.0)),
        ],
    )
    listed = {(row["tag"], row["kind"]): row for row in rows(log, "series")}
    assert listed.keys() == {("m", "meshes"), ("m_VERTEX", "scalars")}
    assert (listed["m", "meshes"]["count"], listed["m", "meshes"]["plugin"]) == (2, "mesh")
    for tags in ("m", re.compile("^m$"), ["m"]):
        assert only(log, "meshes", tags=tags)["tag"] == "m"
        assert only(log, "series", tags=tags)["tag"] == "m"
    with pytest.warns(tfevents.NoMatchWarning, match=r"'m_VERTEX' is a tag of scalars\(\)"):
        assert rows(log, "meshes", tags="m_VERTEX") == []


def test_each_mesh_of_a_batch_and_each_step_is_a_row(log):
    batch = tensor(1, [2, 1, 3], float_val=range(6))
    log(".", [event(step, mesh("m_VERTEX", 1, batch)) for step in range(3)])
    found = rows(log, "meshes")
    assert [(row["step"], row["index"]) for row in found] == [
        (s, i) for s in range(3) for i in (0, 1)
    ]
    assert [row["vertices"] for row in found] == [[[0, 1, 2]], [[3, 4, 5]]] * 3
    assert all(row["faces"] is row["colors"] is None for row in found)


def test_an_image_tensor_is_width_then_height(log):
    strings = [b"12", b"7", b"\x89PNG1", b"GIF89a", b"\xff\xd8\xffx"]
    log(".", [event(0, value("i", "images", tensor=tensor(7, [5], string_val=strings)))])
    found = rows(log, "images")
    assert [(r["width"], r["height"], r["index"]) for r in found] == [(12, 7, n) for n in range(3)]
    assert [(r["format"], r["data"]) for r in found] == [
        ("png", strings[2]),
        ("gif", strings[3]),
        ("jpeg", strings[4]),
    ]


def test_a_gif_hides_in_a_legacy_image(log):
    log(".", [event(0, image("v", b"GIF89a..", width=5, height=4))])
    row = only(log, "images")
    assert (row["format"], row["width"], row["height"]) == ("gif", 5, 4)


def test_a_batch_of_no_images_has_no_row_but_is_listed(log):
    none = tensor(7, [2], string_val=[b"8", b"8"])
    log(".", [event(0, value("i", "images", tensor=none))])
    assert rows(log, "images") == []
    assert only(log, "series")["kind"] == "images"


def test_the_frames_of_a_truncated_wav_are_those_that_are_there(log):
    fmt = struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16)
    whole = b"RIFF" + struct.pack("<I", 36 + 40) + b"WAVEfmt " + struct.pack("<I", 16) + fmt
    cut = whole + b"data" + struct.pack("<I", 40) + b"\x01\x02" * 6
    stored = tensor(7, [1, 2], string_val=[cut, b"label"])
    log(".", [event(0, value("a", "audio", tensor=stored))])
    row = only(log, "audio")
    assert (row["data"], row["frames"], row["label"]) == (cut, 6, "label")
    assert (row["sample_rate"], row["channels"], row["format"]) == (8000.0, 1, "wav")


def test_text_has_its_shape(log):
    log(
        ".",
        [
            event(0, value("a", "text", tensor=tensor(7, [], string_val=[b"x"]))),
            event(1, text("b/text_summary", "y")),
            event(2, value("c", "text", tensor=tensor(7, [2, 2], string_val=[b"1", b"2", b"3"]))),
        ],
    )
    found = [(row["tag"], row["shape"], row["text"]) for row in rows(log, "text")]
    assert found == [
        ("a", [], ["x"]),
        ("b/text_summary", [1], ["y"]),
        ("c", [2, 2], ["1", "2", "3", "3"]),
    ]


def test_a_curve_has_the_width_of_its_tensor_not_of_its_metadata(log):
    from tensorboard.plugins.pr_curve.plugin_data_pb2 import PrCurvePluginData

    said = metadata("pr_curves", PrCurvePluginData(num_thresholds=127).SerializeToString())
    curve = tensor(1, [6, 5], float_val=range(30))
    log(".", [event(0, Summary.Value(tag="p", tensor=curve, metadata=said))])
    row = only(log, "pr_curves")
    assert row["thresholds"] == [0, 0.25, 0.5, 0.75, 1]
    assert row["true_positives"] == [0, 1, 2, 3, 4]
