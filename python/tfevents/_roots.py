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


class Places(NamedTuple):
    """What `open` was given, from which the places to look are found, now and at each refresh."""

    #: A name and what was given by it; one without a name for what has none.
    parts: list[tuple[str | None, list[_Given]]]
    #: Whether one place alone was given, so that its runs are named by their path below it.
    alone: bool

    @property
    def has_globs(self) -> bool:
        """Whether the places may be others at the next refresh."""
        return any(given.is_glob for _, part in self.parts for given in part)

    def roots(self) -> list[Root]:
        """The places as of now. A glob that matches nothing has none."""
        roots = []
        for name, part in self.parts:
            found = [place for given in part for place in given.places()]
            if len(part) > 1:
                found = _once(found)
            if name is not None:
                roots += _below(name, found)
            elif self.alone and found and not found[0].matched:
                roots.append(_named("", found[0]))
            else:
                roots += _relative(found)
        return roots

    def seen_from(self, directory: str) -> Places:
        """The same, with relative paths taken from `directory`."""
        parts = [(name, [one.seen_from(directory) for one in part]) for name, part in self.parts]
        return self._replace(parts=parts)


def resolve(given: Roots, *, missing_ok: bool = False) -> Places:
    """What is to be found under the places `given`.

    Runs are named by their path below the one directory given, or below what all places given have
    in common. With `missing_ok`, a path need not exist, nor a glob match.

    Raises:
        FileNotFoundError: A path does not exist, or a glob matches nothing.
        ValueError: There is no event file, or a file is none.
    """
    if isinstance(given, bytes):
        raise TypeError(_arguments.message("path", _ALLOWED, given))
    parts: list[tuple[str | None, list[_Given]]]
    if isinstance(given, Mapping):
        if not all(isinstance(name, str) for name in given):
            raise TypeError(_arguments.message("path", "a dict whose names are str", given))
        parts = [(name, [_given(one, missing_ok)]) for name, one in given.items()]
    elif isinstance(given, (str, os.PathLike)):
        parts = [(None, [_given(given, missing_ok)])]
    elif isinstance(given, Iterable):
        parts = [(None, [_given(one, missing_ok) for one in given])]
    else:
        raise TypeError(_arguments.message("path", _ALLOWED, given))
    if not any(part for _, part in parts):
        raise ValueError(_arguments.message("path", "at least one path", given))
    return Places(parts, alone=isinstance(given, (str, os.PathLike)))


class _Place(NamedTuple):
    """A path that was given, or that a glob matched."""

    path: Path
    #: "directory", "file" or "matched".
    kind: str

    @property
    def matched(self) -> bool:
        return self.kind == "matched"

    @property
    def directory(self) -> Path:
        """The directory it is or lies in; what is neither there nor listable counts as one."""
        if not self.matched:
            return self.path.parent if self.kind == "file" else self.path
        is_file = os.path.isfile(self.path) or "tfevents" in self.path.name
        return self.path.parent if is_file and not os.path.isdir(self.path) else self.path


class _Given(NamedTuple):
    """One path or glob that was given."""

    path: str
    #: "directory" or "file"; "glob" for what did not exist under this very name.
    kind: str

    @property
    def is_glob(self) -> bool:
        return self.kind == "glob"

    def places(self) -> list[_Place]:
        path = Path(self.path)
        if not self.is_glob:
            return [_Place(path, self.kind)]
        if os.path.exists(path):
            return [_Place(path, "directory")]
        found = map(Path, sorted(glob.glob(str(path), recursive=True)))  # noqa: PTH207  (it may be absolute)
        return [_Place(one, "matched") for one in found if _may_belong(one)]

    def seen_from(self, directory: str) -> _Given:
        return self._replace(path=os.path.join(directory, self.path))  # noqa: PTH118


def _given(given: PathLike, missing_ok: bool) -> _Given:
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
    if path.is_dir():
        return _Given(str(path), "directory")
    if path.exists():
        _native.LogDir.check(path)
        return _Given(str(path), "file")
    if glob.has_magic(text):
        found = _Given(str(path), "glob")
        if missing_ok or found.places():
            return found
        raise FileNotFoundError(2, "No directory or event file matches the glob", text)
    if missing_ok:
        return _Given(str(path), "file" if "tfevents" in path.name else "directory")
    raise FileNotFoundError(2, "No such file or directory", text)


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


def _below(name: str, found: list[_Place]) -> list[Root]:
    """The one place there is, as `name`; or several, each below `name`."""
    if len(found) == 1:
        return [_named(name, found[0])]
    below = _relative(found)
    return [(kind, f"{name}/{part}".removesuffix("/."), path) for kind, part, path in below]


def _named(name: str, place: _Place) -> Root:
    return (place.kind, (name or ".") if place.kind == "file" else name, str(place.path))


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
