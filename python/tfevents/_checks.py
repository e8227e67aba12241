"""Arguments, checked before anything is written."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from tfevents import _arrays

_STEP_LOW, _STEP_HIGH = -(2**63), 2**63
# What torch means by ``flush_secs=0``, in seconds.
SOON = 1e-3


def tag(value: Any, name: str = "tag") -> str:
    """``value``, if it is a string.

    Raises:
        TypeError: If it is not.
    """
    if not isinstance(value, str):
        message = f"{name} must be a str, not {type(value).__name__}"
        raise TypeError(message)
    return value


def step(value: Any, name: str = "global_step") -> int | None:
    """``value`` as a step: an integer, something that holds exactly one, or None.

    Raises:
        TypeError: If it is no integer.
        ValueError: If it does not fit 64 bits.
    """
    result = value if value is None or type(value) is int else _integer(value, name)
    if result is not None and not _STEP_LOW <= result < _STEP_HIGH:
        message = f"{name} must fit a signed 64-bit integer, not {result}"
        raise ValueError(message)
    return result


def _integer(value: Any, name: str) -> int:
    try:
        return operator.index(value)
    except TypeError:
        pass
    if not isinstance(value, str | bytes):
        number = value if isinstance(value, float) else _single(value, name)
        if float(number).is_integer():
            return int(number)
    message = f"{name} must be an integer, not {value!r}"
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
        message = f"{name} must be finite seconds since 1970, not {seconds}"
        raise ValueError(message)
    return seconds


def scalar(value: Any, name: str) -> float:
    """``value`` as one number: a Python number, an array of one element, or a numeric string.

    Raises:
        TypeError: If it is no number.
        ValueError: If it holds more or fewer than one.
    """
    if type(value) is float or type(value) is int:
        return _float(value, name)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            message = f"{name} must be a number, not {value!r}"
            raise ValueError(message) from None
    return _float(_single(value, name), name)


def _float(number: Any, name: str) -> float:
    try:
        return float(number)
    except OverflowError:
        message = f"{name} must be within the range of a double, not {number}"
        raise ValueError(message) from None


def _single(value: Any, name: str) -> Any:
    if hasattr(value, "item"):
        try:
            number = value.item()
        except (TypeError, ValueError, RuntimeError):
            pass  # more than one, or none at all: said below
        else:
            if isinstance(number, int | float):
                return number
    array = _arrays.as_array(value, name)
    if array.size != 1:
        message = f"{name} must hold exactly one number, not an array of shape {array.shape}"
        raise ValueError(message)
    if np.iscomplexobj(array):
        message = f"{name} must be a real number, not {array.dtype}"
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
        message = f"`{name}` must be a positive number of seconds, not {value!r}"
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
    number = operator.index(value)
    if number < 1:
        message = f"`{name}` must be a positive number of bytes, not {value}"
        raise ValueError(message)
    return number


def one_of(value: Any, name: str, allowed: tuple[str, ...]) -> str:
    """``value``, if it is one of ``allowed``.

    Raises:
        ValueError: If it is not.
    """
    if value not in allowed:
        message = f"{name} must be one of {', '.join(map(repr, allowed))}, not {value!r}"
        raise ValueError(message)
    return str(value)
