"""What `open` was given, as directories and files with names."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath
from typing import TypeAlias

from tfevents import _arguments, _native

PathLike: TypeAlias = str | os.PathLike[str]
#: A directory, an event file, a glob, several of these, or names for them.
Roots: TypeAlias = PathLike | Iterable[PathLike] | Mapping[str, PathLike]

#: `(kind, name, path)` as the compiled module takes it.
Root: TypeAlias = tuple[str, str, str]

_ALLOWED = "a path, a glob, a list of these or a dict of them by name, as str or os.PathLike"


def resolve(given: Roots) -> list[Root]:
    """The places `given` names.

    Runs are named by their path below the one directory given, or below what all places given have
    in common.

    Raises:
        FileNotFoundError: A path does not exist, or a glob matches nothing.
        ValueError: There is no event file, or a file is none.
    """
    if isinstance(given, bytes):
        raise TypeError(_arguments.message("path", _ALLOWED, given))
    if isinstance(given, Mapping):
        roots = [root for name, one in given.items() for root in _below(str(name), one)]
    elif isinstance(given, (str, os.PathLike)):
        expanded = _expand(given)
        globbed = not os.path.lexists(Path(given).expanduser())
        roots = _relative(expanded) if globbed else [_named("", expanded[0])]
    elif isinstance(given, Iterable):
        roots = _relative([path for one in given for path in _expand(one)])
    else:
        raise TypeError(_arguments.message("path", _ALLOWED, given))
    if not roots:
        raise ValueError(_arguments.message("path", "at least one path", given))
    return roots


def _below(name: str, given: PathLike) -> list[Root]:
    """The one place `given` is, as `name`; or the places it matches, each below `name`."""
    found = _expand(given)
    if len(found) == 1:
        return [_named(name, found[0])]
    below = _relative(found)
    return [(kind, f"{name}/{part}".removesuffix("/."), path) for kind, part, path in below]


def _expand(given: PathLike) -> list[Path]:
    if not isinstance(given, (str, os.PathLike)):
        raise TypeError(_arguments.message("path", _ALLOWED, given))
    text = os.fspath(given)
    if not isinstance(text, str):
        raise TypeError(_arguments.message("path", _ALLOWED, given))
    if not text:
        raise ValueError(_arguments.message("path", "a path that is not empty", given))
    if "://" in text:
        allowed = "a local path: object stores are not read yet"
        raise ValueError(_arguments.message("path", allowed, text))
    path = Path(text).expanduser()
    if path.exists():
        return [path]
    if not glob.has_magic(text):
        raise FileNotFoundError(2, "No such file or directory", text)
    found = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207  (it may be absolute)
    wanted = [Path(one) for one in found if Path(one).is_dir() or "tfevents" in PurePath(one).name]
    if not wanted:
        raise FileNotFoundError(2, "No directory or event file matches the glob", text)
    return wanted


def _named(name: str, path: Path) -> Root:
    if path.is_dir():
        return ("directory", name, str(path))
    _native.LogDir.check(path)
    return ("file", name or ".", str(path))


def _relative(paths: list[Path]) -> list[Root]:
    if not paths:
        return []
    directories = [path if path.is_dir() else path.parent for path in paths]
    above = os.path.commonpath([directory.absolute() for directory in directories])
    if len(set(paths)) == 1 and paths[0].is_dir() and len(paths) == 1:
        above = str(directories[0].absolute().parent)
    names = [os.path.relpath(directory.absolute(), above) for directory in directories]
    texts = [os.fsencode(name).decode(errors="backslashreplace") for name in names]
    slashed = ["" if name == "." else name.replace(os.sep, "/") for name in texts]
    return [_named(name, path) for name, path in zip(slashed, paths, strict=True)]
