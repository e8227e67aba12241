"""From arguments to a command, and from what went wrong to one line and an exit code.

0: done. 1: something that was asked for does not hold, or reading failed. 2: wrong use.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from tfevents import TfeventsError, __version__
from tfevents._cli import extract, ls, show, stats, tail, verify

_COMMANDS = (ls, show, tail, stats, extract, verify)

_EPILOG = """\
examples:
  tfevents ls runs                        what there is
  tfevents show runs --tags 'loss*'       the last values
  tfevents tail -f runs                   values as they are written
  tfevents stats runs                     what makes this log big
  tfevents extract runs pictures          images, audio and graphs as files
  tfevents verify runs                    every checksum

Damage never ends a command: it is counted on stderr, and --fail-on makes it exit code 1.
"""

#: As shells have it for a process that a signal ended.
_INTERRUPTED, _BROKEN_PIPE = 130, 141

_WRONG_USE = (
    ValueError,
    TypeError,
    FileNotFoundError,
    FileExistsError,
    NotADirectoryError,
    IsADirectoryError,
    PermissionError,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; its exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # What is still buffered has no reader either; the interpreter's own flush must not fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    except (OSError, ValueError, TypeError, ImportError, TfeventsError) as error:
        return _fail(options, error)
    return code


def _fail(options: argparse.Namespace, error: Exception) -> int:
    print(f"tfevents {options.command}: {_said(error)}", file=sys.stderr)
    return 2 if isinstance(error, _WRONG_USE) else 1


def _said(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{os.fsdecode(error.filename)}: {error.strerror}"
    return " ".join(str(error).split())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tfevents",
        description="Reads TensorBoard event files: every point, verified.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"tfevents {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        name = command.__name__.rpartition(".")[2]
        added = commands.add_parser(
            name,
            help=command.SUMMARY,
            description=command.__doc__,
            epilog=command.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(added)
        added.set_defaults(run=command.run)
    return parser
