"""The projector's configuration: which embeddings lie beside the events.

Several writers may share a run directory. The configuration is read before it is written, so that
each keeps what the others listed, and an embedding that is written again replaces its entry.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tfevents import _native
from tfevents._beside import FileSet
from tfevents._errors import TfeventsError
from tfevents._locks import Lock

CONFIG = "projector_config.pbtxt"
_LOCK = Lock()
# What cannot stand in a quoted string of protobuf's text format as it is.
_SPECIAL = re.compile(r'[\x00-\x1f\x7f"\\]')


def list_embedding(
    files: FileSet,
    root: Path,
    entry: Mapping[str, str],
    thumbnail: tuple[int, int] | None = None,
    folder: Path | None = None,
) -> None:
    """Lists an embedding in the configuration, in place of one of the same name, and commits.

    Args:
        files: What belongs to the embedding, written and not committed.
        root: The run directory.
        entry: Fields of ``EmbeddingInfo``; ``sprite`` is the path of one.
        thumbnail: Width and height of an image of the sprite, in pixels.
        folder: Where the files of this embedding lie; what the replaced entry named there is
            removed.

    Raises:
        OSError: If a file cannot be read or written.
        TfeventsError: If the configuration that is there cannot be parsed; it stays as it is.
    """
    root.mkdir(parents=True, exist_ok=True)
    path = root / CONFIG
    with _alone(root):
        before = _text(path)
        text = _merged(path, before, entry["tensor_name"], _block(entry, thumbnail))
        files.write(path, [text.encode()])
        files.commit()
        if folder is not None:
            _remove_unnamed(root, folder, entry["tensor_name"], before, text)


def _remove_unnamed(root: Path, folder: Path, name: str, before: str, after: str) -> None:
    """Removes the files in ``folder`` that only the entry ``name`` of an older text names."""
    try:
        old = {
            path for one, paths in _native.embedding_files(before) if one == name for path in paths
        }
        kept = {path for _, paths in _native.embedding_files(after) for path in paths}
    except ValueError:
        return  # an entry of others cannot be read: what is theirs cannot be told
    for relative in old - kept:
        path = root / relative
        if ".." not in path.parts and folder in path.parents:
            # What cannot be removed is untidy and not wrong.
            with suppress(OSError):
                path.unlink()
            with suppress(OSError):
                path.parent.rmdir()


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        reason = f"it is not UTF-8 at byte {error.start}"
        raise TfeventsError(_unreadable(path, reason)) from None


def _merged(path: Path, text: str, name: str, block: str) -> str:
    try:
        return _native.replace_embedding(text, name, block)
    except ValueError as error:
        raise TfeventsError(_unreadable(path, str(error))) from None


def _unreadable(path: Path, reason: str) -> str:
    return f"{path}: {reason}; repair or remove the file to have embeddings listed in it"


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
            # A child that was forked meanwhile has the descriptor, too: closing it here would leave
            # the directory locked for as long as the child lives.
            with suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_UN)
            os.close(handle)


def _block(entry: Mapping[str, str], thumbnail: tuple[int, int] | None) -> str:
    lines = ["embeddings {\n"]
    for field, value in entry.items():
        if field == "sprite":
            lines.append(f"  sprite {{\n    image_path: {_quote(value)}\n")
            lines += [f"    single_image_dim: {side}\n" for side in thumbnail or ()]
            lines.append("  }\n")
        else:
            lines.append(f"  {field}: {_quote(value)}\n")
    return "".join([*lines, "}\n"])


def _quote(text: str) -> str:
    escaped = _SPECIAL.sub(lambda found: f"\\{ord(found[0]):03o}", text)
    return f'"{escaped}"'
