"""Everything that holds numbers is taken, and nothing else."""

from __future__ import annotations

import array
import datetime
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from tfevents import _arrays


class OnlyDlpack:
    """A producer with nothing but DLPack, as CuPy or a framework's tensor."""

    def __init__(self, values: np.ndarray) -> None:
        self._values = values

    def __dlpack__(self, **options: Any) -> Any:
        return self._values.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._values.__dlpack_device__()


WANTED = np.arange(6.0, dtype="f4").reshape(2, 3)


@pytest.mark.parametrize(
    "value",
    [
        WANTED,
        WANTED.tolist(),
        tuple(map(tuple, WANTED.tolist())),
        memoryview(WANTED),
        jnp.asarray(WANTED),
        OnlyDlpack(WANTED),
        WANTED.astype(">f4"),
        np.asfortranarray(WANTED),
        [jnp.arange(3.0), jnp.arange(3.0) + 3],
    ],
    ids=lambda value: type(value).__name__,
)
def test_producers_give_the_same_array(value: Any) -> None:
    got = _arrays.as_array(value, "x")
    assert np.array_equal(got, WANTED)
    buffer, dtype, shape = _arrays.pack(value, "x")
    assert shape == (2, 3)
    assert np.array_equal(np.frombuffer(buffer.tobytes(), dtype).reshape(shape), WANTED)


def test_an_array_is_not_copied() -> None:
    assert _arrays.pack(WANTED, "x")[0] is WANTED
    assert np.shares_memory(_arrays.pack(OnlyDlpack(WANTED), "x")[0], WANTED)


@pytest.mark.parametrize("number", [3, 3.0, True, np.float32(3), np.int8(3), jnp.int32(3)])
def test_single_numbers_have_no_axes(number: Any) -> None:
    assert _arrays.pack(number, "x")[2] == ()


def test_bfloat16_of_jax_keeps_its_bits() -> None:
    numbers = jnp.array([1.0, -2.5, 3e38, jnp.nan], jnp.bfloat16)
    buffer, dtype, shape = _arrays.pack(numbers, "x")
    assert (dtype, shape) == ("bfloat16", (4,))
    assert bytes(buffer) == np.asarray(numbers).tobytes()
    wide = _arrays.as_array(numbers, "x")
    assert np.array_equal(wide, np.asarray(numbers, np.float32), equal_nan=True)


@pytest.mark.parametrize("name", ["float8_e4m3fn", "float8_e5m2", "int4", "bfloat16"])
def test_dtypes_numpy_does_not_have(name: str) -> None:
    values = np.array([0, 1, 2], getattr(ml_dtypes, name))
    assert _arrays.pack(values, "x")[1] == name


def test_array_module_and_long_double() -> None:
    assert _arrays.pack(array.array("i", [1, 2]), "x")[1] == "int32"
    assert _arrays.pack(np.longdouble(1.5), "x")[1] == "float64"


@pytest.mark.parametrize(
    "value",
    [None, "1", b"1", {"a": 1}, object(), ["a"], np.array([None]), [datetime.datetime.now()]],
    ids=repr,
)
def test_what_holds_no_numbers_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match=r"^`x` must be"):
        _arrays.pack(value, "x")


def test_ragged_lists_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^`x` must be"):
        _arrays.pack([[1], [1, 2]], "x")


def test_jax_runs_on_the_cpu_here() -> None:
    assert jax.default_backend() == "cpu"
