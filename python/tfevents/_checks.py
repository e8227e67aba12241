"""Arguments, checked before anything is written."""

from __future__ import annotations

import math
import operator
import os
import reprlib
from typing import Any

import numpy as np

from tfevents import _arrays

_STEP_LOW, _STEP_HIGH = -(2**63), 2**63
# What torch means by ``flush_secs=0``, in seconds.
SOON = 1e-3
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80


def named(name: str) -> str:
    """``name`` for a message: an argument in backticks, also after "a key of"."""
    if "`" in name:
        return name
    if not name.startswith("a "):
        return f"`{name}`"
    what, of, argument = name.partition(" of ")
    return f"{what} of `{argument}`" if of else name


def shown(value: Any) -> str:
    """``value`` for a message: short, an array by its shape, a path as text."""
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if getattr(value, "shape", None):
        return f"an array of {value.dtype} and shape {list(value.shape)}"
    return _SHORT.repr(value)


def tag(value: Any, name: str = "tag") -> str:
    """``value``, if it is a string that has a UTF-8 form. Event files hold no other.

    Raises:
        TypeError: If it is no string.
        ValueError: If it holds a lone surrogate.
    """
    if not isinstance(value, str):
        message = f"{named(name)} must be a str, not {shown(value)}"
        raise TypeError(message)
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            message = (
                f"{named(name)} must be a str without lone surrogates, not {shown(value)}, index "
                f'{error.start}; .encode("utf-8", "replace").decode() replaces them'
            )
            raise ValueError(message) from None
    return value


def step(value: Any, name: str = "global_step") -> int | None:
    """``value`` as a step: an integer, something that holds exactly one, or None.

    Raises:
        TypeError: If it is no integer.
        ValueError: If it does not fit 64 bits.
    """
    result = value if value is None or type(value) is int else _integer(value, name)
    if result is not None and not _STEP_LOW <= result < _STEP_HIGH:
        message = f"{named(name)} must fit a signed 64-bit integer, not {result}"
        raise ValueError(message)
    return result


def _integer(value: Any, name: str) -> int:
    if not isinstance(value, str | bytes | np.ma.MaskedArray):
        try:
            return operator.index(value)
        except TypeError:
            pass
        number = value if _is_real(value) else _single(value, name)
        try:
            if (integer := int(number)) == number:
                return integer
        except (ValueError, OverflowError):
            pass  # NaN and the infinities
    message = f"{named(name)} must be an integer, not {shown(value)}"
    raise TypeError(message)


def wall_time(value: Any, name: str = "walltime") -> float | None:
    """``value`` as seconds since 1970, or None.

    Raises:
        TypeError: If it is no number.
        ValueError: If it is NaN or infinite.
    """
    if value is None:
        return None
    seconds = scalar(value, name)
    if not math.isfinite(seconds):
        message = f"{named(name)} must be finite seconds since 1970, not {seconds}"
        raise ValueError(message)
    return seconds


def scalar(value: Any, name: str) -> float:
    """``value`` as one number: a Python number, an array of one element, or a numeric string.

    The hidden element of a masked array is NaN.

    Raises:
        TypeError: If it is no number.
        ValueError: If it holds more or fewer than one.
    """
    if type(value) is float or type(value) is int:
        return _float(value, name)
    if isinstance(value, str | bytes):
        try:
            return float(value)
        except ValueError:
            message = f"{named(name)} must be a number, not {shown(value)}"
            raise ValueError(message) from None
    return _float(value if _is_real(value) else _single(value, name), name)


def _float(number: Any, name: str) -> float:
    try:
        return float(number)
    except (OverflowError, ValueError):  # a large integer; a signaling Decimal
        message = (
            f"{named(name)} must be a number within the range of a double, not {shown(number)}"
        )
        raise ValueError(message) from None


def _is_real(value: Any) -> bool:
    """Whether it is a Python number that is no array: a Decimal or a Fraction, say."""
    kind = type(value)
    arrays = ("item", "__array__", "__dlpack__")
    return hasattr(kind, "__float__") and not any(hasattr(kind, name) for name in arrays)


def _single(value: Any, name: str) -> Any:
    if hasattr(value, "item") and not isinstance(value, np.ma.MaskedArray):
        try:
            number = value.item()
        except (TypeError, ValueError, RuntimeError):
            pass  # more than one, or none at all: said below
        else:
            if isinstance(number, int | float):
                return number
    array = _arrays.as_array(value, name)
    if array.size != 1:
        message = f"{named(name)} must hold exactly one number, not {shown(array)}"
        raise ValueError(message)
    if np.iscomplexobj(array):
        message = f"{named(name)} must be a real number, not {array.dtype}"
        raise TypeError(message)
    return array.item()


def seconds(value: Any, name: str, least: float = 0.0) -> float:
    """``value`` as a positive number of seconds, at least ``least``; 0 only if that is given.

    Raises:
        TypeError: If it is no number.
        ValueError: If it is not positive and finite.
    """
    number = scalar(value, name)
    if number < 0 or (number == 0 and not least) or not math.isfinite(number):
        message = f"{named(name)} must be a positive number of seconds, not {shown(value)}"
        raise ValueError(message)
    return max(number, least)


def seconds_or_none(value: Any, name: str, least: float = 0.0) -> float | None:
    """As `seconds`, or None."""
    return None if value is None else seconds(value, name, least)


def size_or_none(value: Any, name: str) -> int | None:
    """``value`` as a positive number of bytes, or None.

    Raises:
        TypeError: If it is no integer.
        ValueError: If it is not positive.
    """
    if value is None:
        return None
    message = f"{named(name)} must be a positive integer or None, not {shown(value)}"
    try:
        number = 0 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        raise TypeError(message) from None
    if number < 1:
        raise TypeError(message) if isinstance(value, bool) else ValueError(message)
    return number


def positive(value: Any, name: str) -> float:
    """``value`` as a finite number above zero.

    Raises:
        TypeError: If it is no number.
        ValueError: If it is not positive, NaN or infinite.
    """
    number = scalar(value, name)
    if not 0 < number < math.inf:
        message = f"{named(name)} must be a positive number, not {shown(value)}"
        raise ValueError(message)
    return number


def one_of(value: Any, name: str, allowed: tuple[str, ...]) -> str:
    """``value``, if it is one of ``allowed``.

    Raises:
        ValueError: If it is not.
    """
    if value not in allowed:
        message = (
            f"{named(name)} must be one of {', '.join(map(repr, allowed))}, not {shown(value)}"
        )
        raise ValueError(message)
    return str(value)
