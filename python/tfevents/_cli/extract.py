"""Writes images, audio and graphs to files, their encoded bytes untouched.

A file is named DIRECTORY/run/tag/step.png, with the number of the image behind the step where an
event holds several, and _2, _3, ... where a step comes again. Graphs are GraphDef messages (.pb).
Characters that file names cannot have are percent-encoded.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tfevents._cli import reading, text

if TYPE_CHECKING:
    from tfevents._cli.reading import Reading

SUMMARY = "images, audio and graphs to files"
EXAMPLES = """\
examples:
  tfevents extract runs pictures
  tfevents extract runs pictures --tags 'samples/*' --steps 1000:
  tfevents extract runs sounds --kinds audio
"""

_KINDS = ("images", "audio", "graphs")
#: Bytes of a component of a path that every file system takes, an ending included.
_LONGEST = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `extract` takes."""
    reading.add_arguments(parser)
    parser.add_argument("directory", type=Path, metavar="DIRECTORY", help="where the files go")
    parser.add_argument(
        "--kinds",
        type=_kinds,
        default=_KINDS,
        metavar="KIND,KIND",
        help=f"only these (default: {','.join(_KINDS)})",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there")


def run(options: argparse.Namespace) -> int:
    """Writes the files."""
    with reading.reading(options) as found:
        taken: dict[Path, int] = {}
        written = size = 0
        for kind in options.kinds:
            for row in _rows(found, kind):
                path = _free(options.directory / _name(kind, row), taken)
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("wb" if options.overwrite else "xb") as file:
                    file.write(row["data"])
                written, size = written + 1, size + len(row["data"])
        print(f"{text.counted(written, 'file')}, {text.size(size)}, in {options.directory}")
        return found.code()


def _rows(found: Reading, kind: str) -> Iterator[dict[str, Any]]:
    for batch in getattr(found.logs, kind)(**found.filters).batches(64):
        yield from batch.to_pylist()


def _name(kind: str, row: dict[str, Any]) -> Path:
    folder = Path(*map(_component, [*row["run"].split("/"), *(row["tag"] or kind).split("/")]))
    number = f"_{row['index']}" if row.get("index") else ""
    ending = {"graphs": "pb"}.get(kind) or row.get("format") or "bin"
    return folder / f"{row['step']}{number}.{_component(ending)}"


def _component(name: str) -> str:
    """One component of a path, which leads nowhere else."""
    encoded = quote(name, safe=" !#$&'()+,-;=@[]^_`{}~", errors="surrogatepass")
    encoded = encoded if encoded.strip(".") else encoded.replace(".", "%2E") or "_"
    return encoded[:_LONGEST]


def _free(path: Path, taken: dict[Path, int]) -> Path:
    """The path, or the next name if this command has written it already."""
    count = taken[path] = taken.get(path, 0) + 1
    return path if count == 1 else _free(path.with_stem(f"{path.stem}_{count}"), taken)


def _kinds(given: str) -> tuple[str, ...]:
    kinds = tuple(given.split(","))
    if not set(kinds) <= set(_KINDS):
        raise argparse.ArgumentTypeError(f"must be some of {', '.join(_KINDS)}, not {given!r}")
    return kinds
