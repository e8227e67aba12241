"""Images, figures and videos."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tfevents import _arrays, _checks, _extras, _native
from tfevents._summary.base import Base

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Images(Base):
    """The image methods of `SummaryWriter`."""

    def add_image(
        self,
        tag: str,
        img_tensor: Any,
        global_step: Any = None,
        walltime: Any = None,
        dataformats: str = "CHW",
    ) -> None:
        """Adds an image.

        Args:
            tag: The tag.
            img_tensor: uint8, or numbers of any other dtype from 0 to 1; 1 to 4 channels. Numbers
                beyond are limited to that, what a masked array hides is 0. NaN is written as 0,
                as ``on_error`` says: with a warning, if not told otherwise.
            global_step: The step, an integer.
            walltime: Seconds since 1970; now, if None.
            dataformats: What the axes are: ``H`` and ``W``, perhaps ``C`` and ``N``, in any order.

        Raises:
            ValueError: If the shape is not that of ``dataformats``, or has no pixel.
        """
        packed = _arrays.pack(img_tensor, "img_tensor", hidden=0)
        made = _native.image_value(_checks.tag(tag), packed, _layout(dataformats))
        self._emit_fitted(tag, made, global_step, walltime)

    def add_images(
        self,
        tag: str,
        img_tensor: Any,
        global_step: Any = None,
        walltime: Any = None,
        dataformats: str = "NCHW",
    ) -> None:
        """Adds a batch as one image, a grid of eight columns.

        Args:
            tag: The tag.
            img_tensor: As of `add_image`, or a list of images of one shape.
            global_step: The step, an integer.
            walltime: Seconds since 1970; now, if None.
            dataformats: What the axes are; of each image, if they are in a list.
        """
        layout = _layout(dataformats)
        if isinstance(img_tensor, list | tuple):
            if not img_tensor:
                message = "`img_tensor` must have at least one image"
                raise ValueError(message)
            layout = "N" + layout.replace("N", "")
            arrays = [_arrays.as_array(image, "img_tensor", hidden=0) for image in img_tensor]
            shapes = {array.shape: list(array.shape) for array in arrays}
            if len(shapes) > 1:
                message = f"`img_tensor` must be images of one shape, not {list(shapes.values())}"
                raise ValueError(message)
            img_tensor = np.stack(arrays)
        self.add_image(tag, img_tensor, global_step, walltime, layout)

    def add_image_with_boxes(
        self,
        tag: str,
        img_tensor: Any,
        box_tensor: Any,
        global_step: Any = None,
        walltime: Any = None,
        rescale: float | str = 1,
        dataformats: str | Sequence[str] | None = "CHW",
        labels: Sequence[str] | str | None = None,
    ) -> None:
        """Adds an image with red boxes drawn on it. Needs Pillow.

        tensorboardX' order of arguments, which has ``dataformats`` and ``labels`` in the places of
        ``rescale`` and ``dataformats``, is understood too.

        Args:
            tag: The tag.
            img_tensor: As of `add_image`.
            box_tensor: ``[boxes, 4]``: left, top, right and bottom, in pixels. Further columns are
                not looked at; there may be no boxes. A box that is not finite is left out, as
                ``on_error`` says: with a warning, if not told otherwise.
            global_step: The step, an integer.
            walltime: Seconds since 1970; now, if None.
            rescale: Make the image so many times as large.
            dataformats: What the axes are.
            labels: A text for each box. Fewer or more than boxes are left out, all of them, as
                ``on_error`` says.

        Raises:
            ValueError: If a shape is another, or ``rescale`` leaves no pixel.
        """
        _extras.require("PIL", "pillow", "add_image_with_boxes()")
        from PIL import Image

        from tfevents._summary import boxes

        _checks.tag(tag)
        scale, layout, labels = boxes.in_torch_order(rescale, dataformats, labels)
        corners = boxes.corners(_arrays.as_array(box_tensor, "box_tensor"))
        packed = _arrays.pack(img_tensor, "img_tensor", hidden=0)
        png, height, width, problem = _native.png(packed, _layout(layout))
        size = (int(width * scale), int(height * scale))
        if 0 in size:
            message = (
                f"`rescale` must be a number that leaves a pixel of {width}x{height}, not {scale}"
            )
            raise ValueError(message)
        drawn, problems = boxes.labelled(corners, labels)
        problems += [] if problem is None else [problem]
        with Image.open(io.BytesIO(png)) as image:
            picture = boxes.draw(image, drawn)
        if scale != 1:
            picture = picture.resize(size, Image.Resampling.LANCZOS)
        value, _ = _native.image_value(tag, _arrays.pack(np.asarray(picture), "img_tensor"), "HWC")
        made = (value, "; ".join(problems) or None)
        self._emit_fitted(tag, made, global_step, walltime)

    def add_figure(
        self,
        tag: str,
        figure: Figure | list[Figure],
        global_step: Any = None,
        close: bool = True,
        walltime: Any = None,
    ) -> None:
        """Adds a matplotlib figure, or several of one size side by side.

        Args:
            tag: The tag.
            figure: What to draw.
            global_step: The step, an integer.
            close: Whether to close the figures afterwards.
            walltime: Seconds since 1970; now, if None.
        """
        _extras.require("matplotlib", "matplotlib", "add_figure()")
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        figures = figure if isinstance(figure, list) else [figure]
        pictures = []
        for one in figures:
            if not hasattr(one, "savefig"):
                message = f"`figure` must be a matplotlib figure, not {_checks.shown(one)}"
                raise TypeError(message)
            canvas: Any = FigureCanvasAgg(one)
            canvas.draw()
            pictures.append(np.asarray(canvas.buffer_rgba())[..., :3])
            if close:
                import matplotlib.pyplot as plt

                plt.close(one)
        if isinstance(figure, list):
            self.add_images(tag, pictures, global_step, walltime, "HWC")
        else:
            self.add_image(tag, pictures[0], global_step, walltime, "HWC")

    def add_video(
        self,
        tag: str,
        vid_tensor: Any,
        global_step: Any = None,
        fps: float = 4,
        walltime: Any = None,
        dataformats: str = "NTCHW",
    ) -> None:
        """Adds a video, as an animated GIF.

        Args:
            tag: The tag.
            vid_tensor: ``[videos, frames, channels, height, width]``, numbers as of `add_image`; 1,
                3 or 4 channels, of which the fourth is left out. Videos are shown side by side.
            global_step: The step, an integer.
            fps: Frames a second, more than 0.
            walltime: Seconds since 1970; now, if None.
            dataformats: What the axes are.

        Raises:
            ValueError: If the shape is another, or ``fps`` is not positive.
        """
        packed = _arrays.pack(vid_tensor, "vid_tensor", hidden=0)
        rate = _checks.positive(fps, "fps")
        made = _native.video_value(_checks.tag(tag), packed, _layout(dataformats), rate)
        self._emit_fitted(tag, made, global_step, walltime)


def _layout(dataformats: Any) -> str:
    if not isinstance(dataformats, str):
        message = f"`dataformats` must be a str such as 'CHW', not {_checks.shown(dataformats)}"
        raise TypeError(message)
    return dataformats.upper()
