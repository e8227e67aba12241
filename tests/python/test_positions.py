"""Calls with positional arguments mean what they mean to the writer they were written for."""

from __future__ import annotations

import inspect
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import golden
import numpy as np
import pytest
import tensorboardX
from PIL import Image
from tfevents import SummaryWriter


def value(directory: Path, tag: str = "x") -> Any:
    ((_, found),) = golden.by_tag(golden.run(directory))[tag]
    return found


def written(path: Path, *arguments: Any, **named: Any) -> Any:
    with SummaryWriter(path) as w:
        w.add_scalar("x", 1.5, 3, None, *arguments, **named)
    return value(path)


def test_the_texts_of_tensorboardx_are_texts(tmp_path: Path) -> None:
    with tensorboardX.SummaryWriter(str(tmp_path / "theirs")) as w:
        w.add_scalar("x", 1.5, 3, None, "title", "text")
    wanted = value(tmp_path / "theirs")
    assert written(tmp_path / "ours", "title", "text") == wanted
    assert written(tmp_path / "half", "", "text").metadata.summary_description == "text"
    assert written(tmp_path / "one", "title").metadata.display_name == "title"
    mixed = written(tmp_path / "mixed", "title", summary_description="text")
    assert mixed == wanted


@pytest.mark.parametrize("flag", [True, 1, np.True_])
def test_the_flags_of_torch_are_flags(tmp_path: Path, flag: Any) -> None:
    assert list(written(tmp_path / "a", flag).tensor.float_val) == [1.5]
    assert list(written(tmp_path / "b", flag, flag).tensor.double_val) == [1.5]
    assert written(tmp_path / "c", False, 0).simple_value == 1.5
    assert written(tmp_path / "d", flag, "text").metadata.summary_description == "text"


@pytest.mark.parametrize(
    ("arguments", "named", "name"),
    [
        ((3.5,), {}, "new_style"),
        ((["a"],), {}, "new_style"),
        ((True, b"text"), {}, "double_precision"),
        (("title",), {"display_name": "other"}, "new_style"),
        ((True, "text"), {"summary_description": "other"}, "double_precision"),
        ((), {"display_name": True}, "display_name"),
    ],
)
def test_what_is_neither_is_refused(
    tmp_path: Path, arguments: tuple[Any, ...], named: dict[str, Any], name: str
) -> None:
    with pytest.raises(TypeError, match=f"^`{name}` must be a"):
        written(tmp_path, *arguments, **named)
    assert len(golden.run(tmp_path)) == 1


IMAGE = np.zeros((12, 20, 3))
BOX = np.array([[2, 2, 9, 9]])


def boxes(path: Path, *arguments: Any, **named: Any) -> np.ndarray:
    with SummaryWriter(path) as w:
        w.add_image_with_boxes("x", IMAGE, BOX, 0, None, *arguments, **named)
    with Image.open(io.BytesIO(value(path).image.encoded_image_string)) as image:
        return np.asarray(image)


def test_boxes_take_both_orders(tmp_path: Path) -> None:
    wanted = boxes(tmp_path / "named", dataformats="HWC", labels=["a"])
    assert wanted.shape == (12, 20, 3)
    assert not np.array_equal(wanted, boxes(tmp_path / "bare", dataformats="HWC"))
    for index, order in enumerate(
        [(1, "HWC", ["a"]), ("HWC", ["a"]), ("HWC", "a"), ("HWC", np.array(["a"]))]
    ):
        assert np.array_equal(boxes(tmp_path / str(index), *order), wanted)
    by_name = boxes(tmp_path / "by name", "HWC", labels=["a"])
    assert np.array_equal(by_name, wanted)
    assert boxes(tmp_path / "twice", 2, "HWC").shape == (24, 40, 3)
    with pytest.raises(TypeError, match="`rescale` must be a number, not 'HWC'"):
        boxes(tmp_path / "both", "HWC", ["a"], labels=["a"])


@pytest.mark.parametrize(
    "box", [np.zeros((0, 4)), np.zeros(0), [], [[2, 2, 9, 9, 0.7]], [2, 2, 9, 9]], ids=str
)
def test_boxes_may_be_none_or_have_further_columns(tmp_path: Path, box: Any) -> None:
    with SummaryWriter(tmp_path / "a") as w:
        w.add_image_with_boxes("x", IMAGE, box, dataformats="HWC")
    with Image.open(io.BytesIO(value(tmp_path / "a").image.encoded_image_string)) as image:
        got = np.asarray(image)
    wanted = boxes(tmp_path / "b", dataformats="HWC") if np.size(box) else IMAGE
    assert np.array_equal(got, wanted)


def parameters(function: Callable[..., Any]) -> list[str]:
    found = inspect.signature(function).parameters.values()
    return [one.name for one in found if one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)]


DECIDED = {
    "add_scalar": "by type: `test_the_texts_of_tensorboardx_are_texts`",
    "add_image_with_boxes": "by type: `test_boxes_take_both_orders`",
    "add_hparams": "by type: its name is a text",
    "add_onnx_graph": "one argument with another name",
    "__init__": "the same argument with another name",
}


def test_no_other_position_differs_from_tensorboardx() -> None:
    theirs = vars(tensorboardX.SummaryWriter)
    differing = {
        name
        for name, function in theirs.items()
        if callable(function)
        and (name == "__init__" or not name.startswith("_"))
        and parameters(function)
        != parameters(getattr(SummaryWriter, name))[: len(parameters(function))]
    }
    assert differing == DECIDED.keys()
