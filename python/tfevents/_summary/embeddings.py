"""Embeddings: tables of numbers beside the events, and the file that tells the projector of them.

Several writers may share a run directory. The configuration is read before it is written, so that
each keeps what the others listed, and an embedding that is written again takes its own place.
"""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tfevents import _arrays, _checks, _native
from tfevents._summary.base import Base

CONFIG = "projector_config.pbtxt"
_LOCK = threading.Lock()


class Embeddings(Base):
    """The embedding method of `SummaryWriter`."""

    def add_embedding(
        self,
        mat: Any,
        metadata: Sequence[Any] | None = None,
        label_img: Any = None,
        global_step: Any = None,
        tag: str = "default",
        metadata_header: Sequence[str] | None = None,
    ) -> None:
        """Adds points for the projector.

        Args:
            mat: ``[points, dimensions]``.
            metadata: A label for each point, or a row of columns, if there is a header.
            label_img: ``[points, C, H, W]``: an image for each point.
            global_step: The step, an integer.
            tag: The name of the embedding.
            metadata_header: The names of the columns of ``metadata``.

        Raises:
            ValueError: If there are not as many labels or images as points.
        """
        packed = _arrays.pack(mat, "mat")
        if len(packed[2]) != 2 or 0 in packed[2]:
            message = f"mat must have shape [points, dimensions], not {packed[2]}"
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
                    f"label_img must have shape [{points}, C, H, W], one image for each point, "
                    f"not {images[2]}"
                )
                raise ValueError(message)
            sprite = _native.sprite_png(images, "NCHW")
        if not self._write_to_disk:
            return
        number = str(step).zfill(5)
        below = f"{number}/{_encode(tag)}"
        root = Path(self._get_file_writer().get_logdir())
        folder = root / below
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tensors.tsv").write_bytes(_native.tsv(packed))
        entry = {"tensor_name": f"{tag}:{number}"}
        if lines is not None:
            (folder / "metadata.tsv").write_bytes("".join(lines).encode())
            entry["metadata_path"] = f"{below}/metadata.tsv"
        dimensions: tuple[int, int] | None = None
        if sprite is not None and images is not None:
            (folder / "sprite.png").write_bytes(sprite)
            entry["sprite"] = f"{below}/sprite.png"
            dimensions = (images[2][3], images[2][2])
        entry["tensor_path"] = f"{below}/tensors.tsv"
        list_embedding(root, entry, dimensions)


def list_embedding(
    root: Path, entry: dict[str, str], thumbnail: tuple[int, int] | None = None
) -> None:
    """Lists an embedding in the projector's configuration, in place of one of the same name.

    Args:
        root: The run directory.
        entry: Fields of ``EmbeddingInfo``; ``sprite`` is the path of one.
        thumbnail: Width and height of an image of the sprite, in pixels.
    """
    root.mkdir(parents=True, exist_ok=True)
    path = root / CONFIG
    with _alone(root):
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            text = ""
        name = _quote(entry["tensor_name"])
        kept = [block for block in _blocks(text) if f"tensor_name: {name}" not in block]
        # Readers see the old file or the new one, nothing between.
        beside = path.with_name(f".{CONFIG}.{os.getpid()}")
        beside.write_text("".join(kept) + _block(entry, thumbnail), encoding="utf-8")
        beside.replace(path)


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Keeps other writers of the directory waiting, those of other processes too."""
    with _LOCK:
        if sys.platform == "win32":
            yield  # a directory cannot be locked there
            return
        import fcntl

        handle = os.open(root, os.O_RDONLY)
        try:
            with suppress(OSError):  # some network disks have no locks
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _block(entry: dict[str, str], thumbnail: tuple[int, int] | None) -> str:
    lines = ["embeddings {\n"]
    for field, value in entry.items():
        if field == "sprite":
            lines.append(f"  sprite {{\n    image_path: {_quote(value)}\n")
            lines += [f"    single_image_dim: {side}\n" for side in thumbnail or ()]
            lines.append("  }\n")
        else:
            lines.append(f"  {field}: {_quote(value)}\n")
    return "".join([*lines, "}\n"])


def _blocks(text: str) -> list[str]:
    """The top-level entries of a protobuf text, as they are spelled."""
    blocks: list[str] = []
    depth = 0
    start = 0
    for token in re.finditer(r'"(?:\\.|[^"\\])*"|[{}]|\n', text):
        depth += {"{": 1, "}": -1}.get(token[0], 0)
        if token[0] == "\n" and depth <= 0:
            blocks.append(text[start : token.end()])
            start = token.end()
    blocks.append(text[start:].rstrip() + "\n")
    return [block for block in blocks if block.strip()]


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _encode(tag: str) -> str:
    return tag.replace("%", "%25").replace("/", "%2f").replace("\\", "%5c")


def _lines(metadata: Sequence[Any], header: Sequence[str] | None, points: int) -> list[str]:
    rows = [metadata[index] for index in range(len(metadata))]
    if len(rows) != points:
        message = f"metadata must have one label for each of {points} points, not {len(rows)}"
        raise ValueError(message)
    if not header:
        return [_cell(row) + "\n" for row in rows]
    if any(isinstance(row, str) or len(row) != len(header) for row in rows):
        message = f"metadata must have rows of {len(header)} columns, as metadata_header has"
        raise ValueError(message)
    if len(header) == 1:
        # The projector takes a first line without a tab for a label.
        return [_cell(row[0]) + "\n" for row in rows]
    return ["\t".join(map(_cell, row)) + "\n" for row in [header, *rows]]


def _cell(value: Any) -> str:
    return str(value).replace("\t", " ").replace("\n", " ").replace("\r", " ")
