"""Embeddings: tables of numbers beside the events, listed in the projector's configuration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfevents import _arrays, _checks, _native
from tfevents._beside import Beside
from tfevents._summary.base import Base
from tfevents._summary.projector import list_embedding

# The files of an embedding: the fields of its entry in the configuration, in their order there.
_FIELDS = {
    "metadata.tsv": "metadata_path",
    "sprite.png": "sprite",
    "tensors.tsv": "tensor_path",
}


class Embeddings(Base):
    """The embedding method of `SummaryWriter`."""

    _beside: Beside

    def add_embedding(
        self,
        mat: Any,
        metadata: Sequence[Any] | None = None,
        label_img: Any = None,
        global_step: Any = None,
        tag: str = "default",
        metadata_header: Sequence[str] | None = None,
    ) -> None:
        """Adds points for the projector, as files beside the events.

        They appear together, or not at all if the disk refuses: then ``on_error`` decides, and
        `stats` counts the embedding as one record.

        Args:
            mat: ``[points, dimensions]``.
            metadata: A label for each point, or a row of columns, if there is a header.
            label_img: ``[points, C, H, W]``: an image for each point. The projector shows each as
                a square.
            global_step: The step, an integer.
            tag: The name of the embedding.
            metadata_header: The names of the columns of ``metadata``.

        Raises:
            ValueError: If there are not as many labels or images as points.
        """
        packed = _arrays.pack(mat, "mat")
        if len(packed[2]) != 2 or 0 in packed[2]:
            message = f"`mat` must have shape [points, dimensions], not {packed[2]}"
            raise ValueError(message)
        points = packed[2][0]
        step = _checks.step(global_step) or 0
        _checks.tag(tag)
        lines = None if metadata is None else _lines(metadata, metadata_header, points)
        sprite = images = None
        if label_img is not None:
            images = _arrays.pack(label_img, "label_img")
            if len(images[2]) != 4 or images[2][0] != points:
                message = (
                    f"`label_img` must have shape [{points}, C, H, W], one image for each point, "
                    f"not {images[2]}"
                )
                raise ValueError(message)
            sprite, problem = _native.sprite_png(images, "NCHW")
            if problem is not None:
                self._unfit(tag, problem)
        if not self._write_to_disk:
            return
        contents: dict[str, Sequence[bytes]] = {"tensors.tsv": _native.tsv(packed)}
        if lines is not None:
            contents["metadata.tsv"] = [line.encode() for line in lines]
        dimensions: tuple[int, int] | None = None
        if sprite is not None and images is not None:
            contents["sprite.png"] = sprite
            dimensions = (images[2][3], images[2][2])
        size = sum(sum(map(len, pieces)) for pieces in contents.values())
        number = str(step).zfill(5)
        root = Path(self.get_logdir())
        folder = root / number / _encode(tag)
        with self._beside.attempt(size, f"embedding {tag!r}") as files:
            # One that is written again lies beside the old one until the configuration names it.
            fresh = files.fresh(folder)
            for name, pieces in contents.items():
                files.write(fresh / name, pieces)
            below = fresh.relative_to(root).as_posix()
            paths = {
                field: f"{below}/{name}" for name, field in _FIELDS.items() if name in contents
            }
            entry = {"tensor_name": f"{tag}:{number}", **paths}
            list_embedding(files, root, entry, dimensions, folder)


def _encode(tag: str) -> str:
    """A tag as the name of a directory, as torch spells it; also where torch's leads elsewhere."""
    name = tag.replace("%", "%25").replace("/", "%2f").replace("\\", "%5c").replace("\0", "%00")
    return name.replace(".", "%2e") if name in (".", "..") else name


def _lines(metadata: Sequence[Any], header: Sequence[str] | None, points: int) -> list[str]:
    rows = [metadata[index] for index in range(len(metadata))]
    if len(rows) != points:
        message = f"`metadata` must have one label for each of {points} points, not {len(rows)}"
        raise ValueError(message)
    if not header:
        return [_cell(row) + "\n" for row in rows]
    if any(isinstance(row, str) or len(row) != len(header) for row in rows):
        message = f"`metadata` must have rows of {len(header)} columns, as metadata_header has"
        raise ValueError(message)
    if len(header) == 1:
        # The projector takes a first line without a tab for a label.
        return [_cell(row[0]) + "\n" for row in rows]
    return ["\t".join(map(_cell, row)) + "\n" for row in [header, *rows]]


def _cell(value: Any) -> str:
    return (
        _checks.tag(str(value), "a cell of metadata")
        .replace("\t", " ")
        .replace("\n", " ")
        .replace("\r", " ")
    )
