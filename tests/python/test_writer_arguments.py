"""A bad argument of the writer is named, and nothing is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import golden
import numpy as np
import pytest
from tfevents import SummaryWriter

BAD: list[tuple[str, dict[str, Any], type[Exception], str]] = [
    ("add_scalar", {"tag": 1, "scalar_value": 1}, TypeError, "`tag` must be a str"),
    (
        "add_scalar",
        {"tag": "a", "scalar_value": "x"},
        ValueError,
        "`scalar_value` must be a number",
    ),
    ("add_scalar", {"tag": "a", "scalar_value": None}, TypeError, "`scalar_value` must be"),
    ("add_scalar", {"tag": "a", "scalar_value": [1, 2]}, ValueError, "exactly one number"),
    ("add_scalar", {"tag": "a", "scalar_value": 1j}, TypeError, "`scalar_value` must be a real"),
    ("add_scalar", {"tag": "a", "scalar_value": 10**400}, ValueError, "`scalar_value` must be"),
    ("add_scalar", {"tag": "a", "scalar_value": 1, "global_step": 1.5}, TypeError, "global_step"),
    ("add_scalar", {"tag": "a", "scalar_value": 1, "global_step": "1"}, TypeError, "global_step"),
    ("add_scalar", {"tag": "a", "scalar_value": 1.0, "global_step": 2**63}, ValueError, "64-bit"),
    (
        "add_scalar",
        {"tag": "a", "scalar_value": 1, "walltime": "x"},
        ValueError,
        "`walltime` must be",
    ),
    ("add_scalar", {"tag": "a", "scalar_value": 1, "walltime": np.nan}, ValueError, "walltime"),
    ("add_scalars", {"main_tag": "a", "tag_scalar_dict": [1]}, TypeError, "tag_scalar_dict"),
    ("add_scalars", {"main_tag": "a", "tag_scalar_dict": {"b": []}}, ValueError, r"\['b'\]"),
    ("log", {"values": {"a": "x"}}, ValueError, r"`values\['a'\]` must be a number"),
    ("log", {"values": {1: 1.0}}, TypeError, "a key of `values` must be a str"),
    ("log", {"values": 3}, TypeError, "`values` must be a dict"),
    ("add_scalar_batch", {"tag": "a", "values": [1, 2], "steps": [1]}, ValueError, "same length"),
    ("add_scalar_batch", {"tag": "a", "values": [1], "steps": [1.5]}, TypeError, "`steps` must be"),
    ("add_scalar_batch", {"tag": "a", "values": [[1]], "steps": [1]}, ValueError, "one axis"),
    ("add_histogram", {"tag": "a", "values": []}, ValueError, "at least one element"),
    ("add_histogram", {"tag": "a", "values": ["x"]}, TypeError, "`values` must be"),
    ("add_histogram", {"tag": "a", "values": [1], "bins": "many"}, ValueError, "`bins` must be"),
    ("add_histogram", {"tag": "a", "values": [1], "bins": 0}, ValueError, "`bins` must be"),
    ("add_histogram", {"tag": "a", "values": [1], "bins": [2, 1]}, ValueError, "`bins` must be"),
    ("add_histogram", {"tag": "a", "values": [1], "max_bins": 0}, ValueError, "max_bins"),
    (
        "add_histogram_raw",
        {
            "tag": "a",
            "min": 0,
            "max": 0,
            "num": 0,
            "sum": 0,
            "sum_squares": 0,
            "bucket_limits": [1],
            "bucket_counts": [],
        },
        ValueError,
        "`bucket_limits` and `bucket_counts`",
    ),
    (
        "add_image",
        {"tag": "a", "img_tensor": np.zeros((3, 4))},
        ValueError,
        "`img_tensor` has shape",
    ),
    ("add_image", {"tag": "a", "img_tensor": np.zeros((5, 4, 4))}, ValueError, "channels"),
    ("add_image", {"tag": "a", "img_tensor": np.zeros((3, 0, 2))}, ValueError, "one pixel"),
    (
        "add_image",
        {"tag": "a", "img_tensor": np.zeros((3, 2, 2)), "dataformats": "CHX"},
        ValueError,
        "dataformats",
    ),
    ("add_images", {"tag": "a", "img_tensor": []}, ValueError, "at least one image"),
    (
        "add_image_with_boxes",
        {"tag": "a", "img_tensor": np.zeros((3, 2, 2)), "box_tensor": [[1]]},
        ValueError,
        "box_tensor",
    ),
    ("add_figure", {"tag": "a", "figure": 3}, TypeError, "`figure` must be"),
    ("add_video", {"tag": "a", "vid_tensor": np.zeros((3, 2, 2))}, ValueError, "vid_tensor"),
    (
        "add_video",
        {"tag": "a", "vid_tensor": np.zeros((1, 1, 3, 2, 2)), "fps": 0},
        ValueError,
        "`fps` must be a positive number, not 0",
    ),
    ("add_video", {"tag": "a", "vid_tensor": np.zeros((1, 1, 2, 2, 2))}, ValueError, "channels"),
    ("add_audio", {"tag": "a", "snd_tensor": np.zeros((3, 20))}, ValueError, "snd_tensor"),
    ("add_audio", {"tag": "a", "snd_tensor": [1, 2]}, ValueError, "`snd_tensor` must hold floats"),
    ("add_audio", {"tag": "a", "snd_tensor": [0.0], "sample_rate": 0}, ValueError, "sample_rate"),
    ("add_text", {"tag": "a", "text_string": 3}, TypeError, "`text_string` must be a str, not 3"),
    (
        "add_text",
        {"tag": "a", "text_string": b"x"},
        TypeError,
        "`text_string` must be a str, not b",
    ),
    ("add_text", {"tag": "a", "text_string": ["x"]}, TypeError, "`text_string` must be a str"),
    ("add_pr_curve", {"tag": "a", "labels": [1], "predictions": [0.1, 0.2]}, ValueError, "labels"),
    (
        "add_pr_curve",
        {"tag": "a", "labels": [1], "predictions": [0.5], "num_thresholds": 0},
        ValueError,
        "`num_thresholds` must be a number from 1",
    ),
    (
        "add_pr_curve",
        {"tag": "a", "labels": [1, 0], "predictions": [0.5, 0.1], "weights": [1, 2, 3]},
        ValueError,
        "`weights` must be a number, or an array that broadcasts",
    ),
    (
        "add_pr_curve",
        {"tag": "a", "labels": [[1, 0]], "predictions": [[[0.5, 0.1]] * 2]},
        ValueError,
        "`predictions` must be an array of the shape of labels",
    ),
    (
        "add_mesh",
        {"tag": "a", "vertices": np.zeros((4, 3))},
        ValueError,
        "`vertices` must have shape",
    ),
    (
        "add_mesh",
        {"tag": "a", "vertices": np.zeros((1, 4, 3)), "faces": np.zeros((1, 4, 2))},
        ValueError,
        "`faces` must have shape",
    ),
    (
        "add_mesh",
        {"tag": "a", "vertices": np.zeros((1, 4, 3)), "config_dict": {"a": {1}}},
        TypeError,
        "`config_dict` must be a dict with a JSON form",
    ),
    (
        "add_image_with_boxes",
        {
            "tag": "a",
            "img_tensor": np.zeros((3, 9, 9)),
            "box_tensor": [[1, 1, 5, 5]],
            "rescale": 0.01,
        },
        ValueError,
        "`rescale` must be",
    ),
    ("add_custom_scalars", {"layout": {"a": {"b": ["Pie", ["x"]]}}}, ValueError, "Multiline"),
    ("add_custom_scalars", {"layout": 3}, TypeError, "`layout` must be"),
    ("add_custom_scalars_marginchart", {"tags": ["a"]}, ValueError, "three"),
    ("add_embedding", {"mat": np.zeros(3)}, ValueError, "`mat` must have shape"),
    ("add_embedding", {"mat": np.zeros((3, 2)), "metadata": ["a"]}, ValueError, "`metadata` must"),
    (
        "add_embedding",
        {"mat": np.zeros((3, 2)), "label_img": np.zeros((2, 3, 4, 4))},
        ValueError,
        "label_img",
    ),
    ("add_graph", {"model": 3}, TypeError, "`model` must be"),
]


@pytest.mark.parametrize(("method", "arguments", "error", "text"), BAD, ids=range(len(BAD)))
def test_a_bad_argument_is_named_and_nothing_is_written(
    tmp_path: Path, method: str, arguments: dict[str, Any], error: type[Exception], text: str
) -> None:
    with SummaryWriter(tmp_path) as w, pytest.raises(error, match=text):
        getattr(w, method)(**arguments)
    assert len(golden.run(tmp_path)) == 1
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"on_error": "ignore"},
        {"on_full": "wait"},
        {"durability": "disk"},
        {"rotate_bytes": 0},
        {"rotate_secs": -1},
        {"flush_secs": -1},
        {"max_buffer_bytes": 0},
        {"close_timeout": 0},
        {"filename_suffix": "a/b"},
        {"comet_config": {"disabled": False}},
        {"logdir": "other"},
    ],
    ids=lambda options: next(iter(options)),
)
def test_a_bad_option_is_named(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        SummaryWriter(tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()
