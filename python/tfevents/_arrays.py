"""Whatever holds numbers, as NumPy arrays or as the triples the native module takes.

NumPy arrays, anything with ``__array__``, the buffer protocol or DLPack (PyTorch, JAX, TensorFlow,
CuPy), Python numbers and nested sequences of them. Nothing goes through one Python object per
element except what already is a Python list. What a masked array hides is replaced.
"""

from __future__ import annotations

import math
import sys
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tfevents import _native

Packed: TypeAlias = tuple[Any, str, tuple[int, ...]]
"""A contiguous little-endian buffer, the name of its dtype, and the shape."""

_BUILTIN = frozenset(
    [
        "bool",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "float16",
        "float32",
        "float64",
        "complex64",
        "complex128",
    ]
)
# What torch calls a dtype NumPy does not have, and the integer it can be looked at as.
_TORCH_ONLY = {
    "torch.bfloat16": ("bfloat16", "int16"),
    "torch.float8_e5m2": ("float8_e5m2", "uint8"),
    "torch.float8_e4m3fn": ("float8_e4m3fn", "uint8"),
    "torch.float8_e5m2fnuz": ("float8_e5m2fnuz", "uint8"),
    "torch.float8_e4m3fnuz": ("float8_e4m3fnuz", "uint8"),
}
# Elements that are widened at a time.
_PIECE = 1 << 20
_ALLOWED = "a number, a sequence of numbers, or an array (NumPy, DLPack, buffer protocol)"


def pack(value: Any, name: str, hidden: float = math.nan) -> Packed:
    """Any numbers as a triple for the native module, dtype and shape kept.

    Args:
        value: What the caller was given.
        name: The argument it was given as, for messages.
        hidden: What the hidden elements of a masked array become. For NaN, integers become
            float64.

    Raises:
        TypeError: If ``value`` holds no numbers.
    """
    array, dtype = _array_and_dtype(value, name, hidden)
    shape = array.shape
    array = np.ascontiguousarray(array)
    if array.dtype.name not in _BUILTIN:
        array = array.reshape(-1).view(np.uint8)  # the buffer protocol does not know the dtype
    return array, dtype, shape


def as_array(value: Any, name: str, hidden: float = math.nan) -> npt.NDArray[Any]:
    """Any numbers as a NumPy array; dtypes NumPy does not have become float32.

    Args:
        value: What the caller was given.
        name: The argument it was given as, for messages.
        hidden: As of `pack`.

    Raises:
        TypeError: If ``value`` holds no numbers.
    """
    array, dtype = _array_and_dtype(value, name, hidden)
    if dtype not in _BUILTIN:
        flat = np.ascontiguousarray(array).reshape(-1)
        wide = np.empty(array.size, np.float32)
        for start in range(0, array.size, _PIECE):
            piece = flat[start : start + _PIECE]
            packed = piece.view(np.uint8), dtype, piece.shape
            wide[start : start + _PIECE] = np.frombuffer(_native.doubles(packed), np.float64)
        return wide.reshape(array.shape)
    return array


def mask_of(value: Any) -> npt.NDArray[np.bool] | None:
    """Which elements a masked array hides; None if it hides none, or is no masked array."""
    if type(value) is np.ndarray or not isinstance(value, np.ma.MaskedArray):
        return None
    mask = np.ma.getmaskarray(value)
    return mask if mask.any() else None


def _array_and_dtype(value: Any, name: str, hidden: float) -> tuple[npt.NDArray[Any], str]:
    """The array, and the name of its true dtype: the array may only be a view as integers."""
    if isinstance(value, np.ndarray) and type(value) is not np.ndarray:
        value = _plain(value, hidden)
    if not isinstance(value, np.ndarray):
        if type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "detach"):
            return _from_torch(value, name)
        value = _from_anything(value, name)
    dtype: np.dtype[Any] = value.dtype
    if dtype.hasobject or (dtype.kind in "SUVmM" and not _is_ml_dtype(dtype)):
        message = f"`{name}` must be {_ALLOWED}, not an array of dtype {dtype}"
        raise TypeError(message)
    if dtype.kind in "fc" and dtype.name not in _BUILTIN and not _is_ml_dtype(dtype):
        value = value.astype(np.float64 if dtype.kind == "f" else np.complex128)  # long double
    elif dtype.byteorder == ">" or (dtype.byteorder == "=" and sys.byteorder == "big"):
        # Native order has a spelling of its own in the buffer protocol, also where it is the same.
        value = value.astype(dtype.newbyteorder("=" if sys.byteorder == "little" else "<"))
    return value, value.dtype.name


def _plain(value: npt.NDArray[Any], hidden: float) -> npt.NDArray[Any]:
    """An array of a subclass without its peculiarities, hidden elements replaced."""
    mask = mask_of(value)
    plain = np.asarray(value)
    if mask is None:
        return plain
    if math.isnan(hidden) and plain.dtype.kind in "biu":
        plain = plain.astype(np.float64)
    plain = plain.copy()
    plain[mask] = hidden
    return plain


def _from_anything(value: Any, name: str) -> npt.NDArray[Any]:
    if value is None or isinstance(value, str | bytes | dict | set):
        message = f"`{name}` must be {_ALLOWED}, not {type(value).__name__}"
        raise TypeError(message)
    try:
        if hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
            return _from_dlpack(value)
        return np.asarray(value)
    except (TypeError, ValueError, RuntimeError, BufferError) as error:
        message = f"`{name}` must be {_ALLOWED}, not {type(value).__name__}: {error}"
        kind = ValueError if isinstance(error, ValueError) else TypeError
        raise kind(message) from error


def _from_dlpack(value: Any) -> npt.NDArray[Any]:
    try:
        return np.from_dlpack(value)
    except (BufferError, RuntimeError, TypeError):
        if "bfloat16" in str(getattr(value, "dtype", "")) and hasattr(value, "view"):
            bits = np.from_dlpack(value.view("uint16")).astype(np.uint32)
            return (bits << 16).view(np.float32)
        if hasattr(value, "cpu"):
            return np.from_dlpack(value.cpu())
        raise


def _from_torch(tensor: Any, name: str) -> tuple[npt.NDArray[Any], str]:
    if getattr(tensor, "is_meta", False):
        message = f"{name} is on the meta device, which holds no numbers"
        raise ValueError(message)
    tensor = tensor.detach().cpu()
    if getattr(tensor, "is_quantized", False):
        tensor = tensor.dequantize()
    if getattr(tensor, "is_sparse", False):
        tensor = tensor.to_dense()
    if str(tensor.dtype) in _TORCH_ONLY:
        dtype, integer = _TORCH_ONLY[str(tensor.dtype)]
        return tensor.contiguous().view(getattr(sys.modules["torch"], integer)).numpy(), dtype
    array: npt.NDArray[Any] = tensor.resolve_conj().resolve_neg().numpy()
    return array, array.dtype.name


def _is_ml_dtype(dtype: np.dtype[Any]) -> bool:
    return dtype.type.__module__ == "ml_dtypes"
