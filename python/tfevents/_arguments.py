"""Arguments of readers, checked when they are given; all messages have one form."""

from __future__ import annotations

import numbers
import operator
import os
from collections.abc import Iterable, Sized
from typing import Any

#: Longer representations of what was given are cut.
_SHOWN = 100
_MOST = 2**63 - 1


def message(name: str, allowed: str, given: object) -> str:
    """What is wrong: which argument, what it may be, and what it is."""
    shown = repr(given)
    if len(shown) > _SHOWN:
        shown = shown[:_SHOWN] + "…"
    return f"`{name}` must be {allowed}, not {shown}"


def integer(given: Any, name: str, *, least: int, allowed: str) -> int:
    """`given`, if it is an integer of 64 bits and at least `least`.

    Raises:
        TypeError: It is no integer.
        ValueError: It is out of range.
    """
    try:
        number = None if isinstance(given, bool) else operator.index(given)
    except TypeError:
        number = None
    if number is None:
        raise TypeError(message(name, allowed, given))
    if not least <= number <= _MOST:
        raise ValueError(message(name, allowed, given))
    return number


def seconds(given: Any, name: str, allowed: str, *, above: float = -1) -> float:
    """`given` as a number of seconds, not negative and greater than `above`.

    Raises:
        TypeError: It is no number.
        ValueError: It is out of range.
    """
    if isinstance(given, bool) or not isinstance(given, numbers.Real):
        raise TypeError(message(name, allowed, given))
    number = float(given)
    if not number >= 0 or number <= above:
        raise ValueError(message(name, allowed, given))
    return number


def count(given: Any, name: str, *, default: str = "") -> int:
    """`given`, if it is a positive integer; `default` says what else is allowed."""
    return integer(given, name, least=1, allowed="a positive integer" + default)


def choice(given: Any, name: str, allowed: tuple[str, ...], also: str = "") -> str:
    """`given`, if it is one of `allowed`; `also` is what else the message names.

    Raises:
        TypeError: It is no string.
        ValueError: It is another one.
    """
    text = also + " or ".join(repr(one) for one in allowed)
    if not isinstance(given, str):
        raise TypeError(message(name, text, given))
    if given not in allowed:
        raise ValueError(message(name, text, given))
    return given


def instance(given: Any, name: str, kind: type, allowed: str) -> Any:
    """`given`, if it is of this type.

    Raises:
        TypeError: It is not.
    """
    if not isinstance(given, kind):
        raise TypeError(message(name, allowed, given))
    return given


def path(given: Any, name: str) -> str:
    """The path `given` as text; a ``~`` at its beginning is the home directory.

    Raises:
        TypeError: It is no path, or one in bytes.
        ValueError: It is empty, or holds a null character.
    """
    allowed = "a path as str or os.PathLike"
    text = os.fspath(given) if isinstance(given, str | os.PathLike) else None
    if not isinstance(text, str):
        raise TypeError(message(name, allowed, given))
    if not text or "\0" in text:
        raise ValueError(message(name, allowed + " that is not empty", given))
    return os.path.expanduser(text)  # noqa: PTH111  (a Path forgets that "./~" is none)


def strings(given: Any, name: str, allowed: str) -> list[str]:
    """The strings in the iterable `given`.

    Raises:
        TypeError: It is none, or holds something else.
    """
    if not isinstance(given, Iterable):
        raise TypeError(message(name, allowed, given))
    found = list(given)
    if not all(isinstance(one, str) for one in found):
        raise TypeError(message(name, allowed, given if isinstance(given, Sized) else found))
    return found
