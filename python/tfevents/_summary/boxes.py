"""Boxes and their labels, drawn with Pillow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

_COLOR, _TEXT_COLOR, _LINE = "Red", "black", 2


def draw(image: Image.Image, boxes: npt.NDArray[Any], labels: Sequence[str] | None) -> Image.Image:
    """A copy of ``image`` with ``boxes`` (left, top, right, bottom; pixels) and ``labels``."""
    drawn = image.copy()
    pen = ImageDraw.Draw(drawn)
    font = ImageFont.load_default()
    for index, (left, top, right, bottom) in enumerate(boxes.tolist()):
        corners = [(left, top), (left, bottom), (right, bottom), (right, top), (left, top)]
        pen.line(corners, width=_LINE, fill=_COLOR)
        if labels is not None and labels[index]:
            box = font.getbbox(labels[index])
            width, height = box[2] - box[0], box[3] - box[1]
            margin = math.ceil(0.05 * height)
            upper = bottom - height - 2 * margin
            pen.rectangle([(left, upper), (left + width, bottom)], fill=_COLOR)
            place = (left + margin, bottom - height - margin)
            pen.text(place, labels[index], fill=_TEXT_COLOR, font=font)
    return drawn
