"""What every command that reads a log shares: its arguments, its filters, and what was skipped."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import tfevents
from tfevents import DamageWarning, NoMatchWarning, ReplacedFileWarning

if TYPE_CHECKING:
    from tfevents import LogDir

_FAILURES = ("damage", "unreadable", "replaced")


def add_arguments(parser: argparse.ArgumentParser, *, filters: bool = True) -> None:
    """The log, its filters, and what makes the command fail."""
    parser.add_argument("log", nargs="+", metavar="LOG", help="a directory, event file or glob")
    if filters:
        name = "NAME"
        parser.add_argument(
            "--runs", action="append", metavar=name, help="only these; a name or glob, repeatable"
        )
        parser.add_argument(
            "--tags", action="append", metavar=name, help="only these; a name or glob, repeatable"
        )
        parser.add_argument(
            "--steps",
            type=_steps,
            metavar="FROM:TO",
            help="only these steps, TO not included: 100:200, 100:, :50 or 7",
        )
        parser.add_argument(
            "--restarts",
            choices=("all", "last"),
            default="all",
            help="all: every point; last: what a resumed training meant (default: %(default)s)",
        )
    parser.add_argument(
        "--fail-on",
        type=_failures,
        default=(),
        metavar="WHAT",
        help=f"exit with 1 if there was any of these: {','.join(_FAILURES)}",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """The switch for machines."""
    parser.add_argument("--json", action="store_true", help="JSON instead of text")


class Reading:
    """A log while a command reads it."""

    def __init__(self, logs: LogDir, options: argparse.Namespace) -> None:
        self.logs = logs
        self._options = options
        self._met: list[Warning] = []
        self._said = 0

    @property
    def filters(self) -> dict[str, Any]:
        """`runs`, `tags` and `steps` for the readers."""
        given = vars(self._options)
        return {name: given[name] for name in ("runs", "tags", "steps")}

    def say(self) -> None:
        """Says in a line each what was met since the last time."""
        for warning in self._met[self._said :]:
            said = getattr(warning, "summary", None) or str(warning)
            print(f"tfevents {self._options.command}: {said}", file=sys.stderr)
        self._said = len(self._met)

    def code(self, code: int = 0) -> int:
        """Says what was skipped; the exit code, `code` if nothing else is wrong."""
        self.say()
        unmatched = any(isinstance(warning, NoMatchWarning) for warning in self._met)
        return 1 if unmatched or self._fails() else code

    def _fails(self) -> bool:
        wanted = self._options.fail_on
        damaged = any(isinstance(warning, DamageWarning) for warning in self._met)
        replaced = any(isinstance(warning, ReplacedFileWarning) for warning in self._met)
        return (
            ("damage" in wanted and damaged)
            or ("replaced" in wanted and replaced)
            or ("unreadable" in wanted and damaged and self._is_unreadable())
        )

    def _is_unreadable(self) -> bool:
        damaged = self.logs.damage(columns=["path"]).to_arrow()["path"].unique()
        return not all(map(_opens, damaged.to_pylist()))


@contextmanager
def reading(options: argparse.Namespace, *, missing_ok: bool = False) -> Iterator[Reading]:
    """Opens the log that was named. Warnings are kept for the end."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        reading: Reading | None = None
        early: list[Warning] = []

        def show(message: Warning | str, *_: object, **__: object) -> None:
            met = early if reading is None else reading._met
            met.append(message if isinstance(message, Warning) else UserWarning(message))

        warnings.showwarning = show
        path = options.log[0] if len(options.log) == 1 else options.log
        restarts: Any = getattr(options, "restarts", "all")
        with tfevents.open(path, restarts=restarts, missing_ok=missing_ok) as logs:
            reading = Reading(logs, options)
            reading._met.extend(early)
            yield reading


def _opens(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_RDONLY))
    except OSError:
        return False
    return True


def count(least: int) -> Callable[[str], int]:
    """Reads an argument that is a number, `least` or more."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"must be a number from {least} on, not {text!r}")
        return int(text)

    return read


def _steps(text: str) -> slice | list[int]:
    first, colon, last = text.partition(":")
    try:
        if not colon:
            return [int(text)]
        return slice(int(first) if first else None, int(last) if last else None)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be FROM:TO or a step, not {text!r}") from None


def _failures(text: str) -> tuple[str, ...]:
    given = tuple(text.split(","))
    for word in given:
        if word not in _FAILURES:
            allowed = ", ".join(_FAILURES)
            raise argparse.ArgumentTypeError(f"must be some of {allowed}, not {word!r}")
    return given
