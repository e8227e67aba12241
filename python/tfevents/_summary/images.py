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
            img_tensor: uint8, or numbers from 0 to 1 (others are limited to that); 1 to 4 channels.
            global_step: The step, an integer.
            walltime: Seconds since 1970; now, if None.
            dataformats: What the axes are: ``H`` and ``W``, perhaps ``C`` and ``N``, in any order.

        Raises:
            ValueError: If the shape is not that of ``dataformats``, or there is NaN.
        """
        packed = _arrays.pack(img_tensor, "img_tensor")
        value = _native.image_value(_checks.tag(tag), packed, _layout(dataformats))
        self._emit([value], global_step, walltime)

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
                message = "img_tensor must have at least one image"
                raise ValueError(message)
            layout = "N" + layout.replace("N", "")
            arrays = [_arrays.as_array(image, "img_tensor") for image in img_tensor]
            if len({array.shape for array in arrays}) > 1:
                message = "img_tensor must be images of one shape"
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
        rescale: float = 1,
        dataformats: str = "CHW",
        labels: Sequence[str] | None = None,
    ) -> None:
        """Adds an image with red boxes drawn on it. Needs Pillow.

        Args:
            tag: The tag.
            img_tensor: As of `add_image`.
            box_tensor: ``[boxes, 4]``: left, top, right and bottom, in pixels.
            global_step: The step, an integer.
            walltime: Seconds since 1970; now, if None.
            rescale: Make the image so many times as large.
            dataformats: What the axes are.
            labels: A text for each box.
        """
        _extras.require("PIL", "pillow", "add_image_with_boxes()")
        from PIL import Image

        from tfevents._summary.boxes import draw

        boxes = _arrays.as_array(box_tensor, "box_tensor")
        boxes = boxes.reshape(-1, 4) if boxes.size == 4 else boxes
        if boxes.ndim != 2 or boxes.shape[1] != 4:
            message = f"box_tensor must have shape [boxes, 4], not {boxes.shape}"
            raise ValueError(message)
        if labels is not None and len(labels) != len(boxes):
            message = f"labels must be one for each of {len(boxes)} boxes, not {len(labels)}"
            raise ValueError(message)
        if not rescale > 0:
            message = f"rescale must be positive, not {rescale}"
            raise ValueError(message)
        packed = _arrays.pack(img_tensor, "img_tensor")
        png = _native.png(packed, _layout(dataformats))[0]
        with Image.open(io.BytesIO(png)) as image:
            drawn = draw(image, boxes, labels)
        if rescale != 1:
            size = (int(drawn.width * rescale), int(drawn.height * rescale))
            drawn = drawn.resize(size, Image.Resampling.LANCZOS)
        self.add_image(tag, np.asarray(drawn), global_step, walltime, "HWC")

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
                message = f"figure must be a matplotlib figure, not {type(one).__name__}"
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
            vid_tensor: ``[videos, frames, channels, height, width]``, uint8 or numbers from 0 to
                1; 1 or 3 channels. Videos are shown side by side.
            global_step: The step, an integer.
            fps: Frames a second.
            walltime: Seconds since 1970; now, if None.
            dataformats: What the axes are.
        """
        packed = _arrays.pack(vid_tensor, "vid_tensor")
        rate = _checks.scalar(fps, "fps")
        value = _native.video_value(_checks.tag(tag), packed, _layout(dataformats), rate)
        self._emit([value], global_step, walltime)


def _layout(dataformats: Any) -> str:
    if not isinstance(dataformats, str):
        message = f"dataformats must be a str such as 'CHW', not {type(dataformats).__name__}"
        raise TypeError(message)
    return dataformats.upper()
