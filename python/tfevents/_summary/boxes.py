"""Boxes and their labels, drawn with Pillow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from tfevents import _checks

_COLOR, _TEXT_COLOR, _LINE = "Red", "black", 2
_DEFAULT_LAYOUT = "CHW"

Box: TypeAlias = tuple[list[float], str]
"""Left, top, right and bottom in pixels, and a label, which may be empty."""


def in_torch_order(
    rescale: Any, dataformats: Any, labels: Any
) -> tuple[float, Any, Sequence[str] | None]:
    """Scale, layout and labels, of which the first two may be tensorboardX' layout and labels."""
    if isinstance(rescale, str):
        default = isinstance(dataformats, str) and dataformats == _DEFAULT_LAYOUT
        texts = None if default else dataformats
        if texts is not None and labels is not None:
            message = (
                f"`rescale` must be a number, not {_checks.shown(rescale)}; pass `dataformats` and "
                "`labels` by name"
            )
            raise TypeError(message)
        layout, rescale = rescale, 1
        labels = labels if texts is None else texts
    else:
        layout = dataformats
    scale = _checks.positive(rescale, "rescale")
    if labels is None:
        return scale, layout, None
    names = [labels] if isinstance(labels, str) else list(labels)
    for index, name in enumerate(names):
        if name is not None:
            _checks.tag(name, f"labels[{index}]")
    return scale, layout, names


def corners(boxes: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """The first four columns of ``boxes``; a single box may stand alone."""
    if boxes.ndim == 1 and len(boxes) == 4:
        boxes = boxes.reshape(1, 4)
    if boxes.size == 0:
        boxes = np.zeros((0, 4))
    if boxes.ndim != 2 or boxes.shape[1] < 4:
        message = f"`box_tensor` must have shape [boxes, 4], not {list(boxes.shape)}"
        raise ValueError(message)
    return boxes[:, :4].astype(np.float64)


def labelled(
    boxes: npt.NDArray[np.float64], labels: Sequence[str] | None
) -> tuple[list[Box], list[str]]:
    """Each box with its label, and what had to be left out."""
    problems = []
    if labels is not None and len(labels) != len(boxes):
        problems.append("`labels` must be one for each box; all labels are left out")
        labels = None
    texts = [""] * len(boxes) if labels is None else [text or "" for text in labels]
    rows: list[Box] = list(zip(boxes.tolist(), texts, strict=True))
    finite = [row for row in rows if all(map(math.isfinite, row[0]))]
    if len(finite) < len(rows):
        problems.append("`box_tensor` must be finite; boxes that are not are left out")
    return finite, problems


def draw(image: Image.Image, boxes: Sequence[Box]) -> Image.Image:
    """A copy of ``image`` with ``boxes`` and their labels."""
    drawn = image.copy()
    pen = ImageDraw.Draw(drawn)
    font = ImageFont.load_default()
    for (left, top, right, bottom), text in boxes:
        line = [(left, top), (left, bottom), (right, bottom), (right, top), (left, top)]
        pen.line(line, width=_LINE, fill=_COLOR)
        if text:
            box = font.getbbox(text)
            width, height = box[2] - box[0], box[3] - box[1]
            margin = math.ceil(0.05 * height)
            upper = bottom - height - 2 * margin
            pen.rectangle([(left, upper), (left + width, bottom)], fill=_COLOR)
            place = (left + margin, bottom - height - margin)
            pen.text(place, text, fill=_TEXT_COLOR, font=font)
    return drawn
