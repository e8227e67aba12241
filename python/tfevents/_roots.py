"""What `open` was given, as directories and files with names."""

# Where a path cannot be looked at, os.path answers no and pathlib raises.
# ruff: noqa: PTH110, PTH112, PTH113

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeAlias

from tfevents import _arguments, _native

PathLike: TypeAlias = str | os.PathLike[str]
#: A directory, an event file, a glob, several of these, or names for them.
Roots: TypeAlias = PathLike | Iterable[PathLike] | Mapping[str, PathLike]

#: `(kind, name, path)` as the compiled module takes it; `kind` is "directory", "file" or "matched".
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
        if not all(isinstance(name, str) for name in given):
            raise TypeError(_arguments.message("path", "a dict whose names are str", given))
        roots = [root for name, one in given.items() for root in _below(name, one)]
    elif isinstance(given, (str, os.PathLike)):
        found = _expand(given)
        roots = _relative(found) if found[0].matched else [_named("", found[0])]
    elif isinstance(given, Iterable):
        roots = _relative(_once(place for one in given for place in _expand(one)))
    else:
        raise TypeError(_arguments.message("path", _ALLOWED, given))
    if not roots:
        raise ValueError(_arguments.message("path", "at least one path", given))
    return roots


class _Place(NamedTuple):
    """A path that was given, or that a glob matched."""

    path: Path
    matched: bool

    @property
    def directory(self) -> Path:
        """The directory it is or lies in; what is neither there nor listable counts as one."""
        is_file = os.path.isfile(self.path) or "tfevents" in self.path.name
        return self.path.parent if is_file and not os.path.isdir(self.path) else self.path


def _below(name: str, given: PathLike) -> list[Root]:
    """The one place `given` is, as `name`; or the places it matches, each below `name`."""
    found = _expand(given)
    if len(found) == 1:
        return [_named(name, found[0])]
    below = _relative(found)
    return [(kind, f"{name}/{part}".removesuffix("/."), path) for kind, part, path in below]


def _expand(given: PathLike) -> list[_Place]:
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
    # As text: a Path forgets that "./~" is no home directory.
    path = Path(os.path.expanduser(text))  # noqa: PTH111
    if path.exists():
        return [_Place(path, matched=False)]
    if not glob.has_magic(text):
        raise FileNotFoundError(2, "No such file or directory", text)
    found = map(Path, sorted(glob.glob(str(path), recursive=True)))  # noqa: PTH207  (it may be absolute)
    places = [_Place(one, matched=True) for one in found if _may_belong(one)]
    if not places:
        raise FileNotFoundError(2, "No directory or event file matches the glob", text)
    return places


def _may_belong(path: Path) -> bool:
    """Whether what a glob matched is a directory, called an event file, or a link to nowhere."""
    is_directory = os.path.isdir(path)  # which raises nothing
    return is_directory or "tfevents" in path.name or not os.path.exists(path)


def _once(places: Iterable[_Place]) -> list[_Place]:
    """Each place once, however often and in whatever way it is named; links are their own."""
    by_place: dict[str, _Place] = {}
    for place in places:
        path = place.path
        plain = path.name not in ("", "..")
        above = os.path.realpath(path.parent if plain else path)
        by_place.setdefault(f"{above}{os.sep}{path.name}" if plain else above, place)
    return list(by_place.values())


def _named(name: str, place: _Place) -> Root:
    if place.matched:
        return ("matched", name, str(place.path))
    if place.path.is_dir():
        return ("directory", name, str(place.path))
    _native.LogDir.check(place.path)
    return ("file", name or ".", str(place.path))


def _relative(places: list[_Place]) -> list[Root]:
    if not places:
        return []
    directories = [place.directory.absolute() for place in places]
    above = os.path.commonpath(directories)
    if len(places) == 1 and places[0].directory == places[0].path:
        above = str(directories[0].parent)
    names = [os.path.relpath(directory, above) for directory in directories]
    texts = [os.fsencode(name).decode(errors="backslashreplace") for name in names]
    slashed = ["" if name == "." else name.replace(os.sep, "/") for name in texts]
    return [_named(name, place) for name, place in zip(slashed, places, strict=True)]
