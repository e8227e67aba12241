"""`tensors(dtype=…)`: a cast keeps the value, or says that it could not."""

from __future__ import annotations

import math
import warnings

import ml_dtypes
import numpy as np
import pyarrow as pa
import pytest
import tfevents
from eventfiles import event, tensor, value
from hypothesis import given, settings
from hypothesis import strategies as st

#: Number on the wire of each dtype that can be asked for.
WIRE = {
    "float32": 1,
    "float64": 2,
    "int32": 3,
    "uint8": 4,
    "int16": 5,
    "int8": 6,
    "int64": 9,
    "bool": 10,
    "bfloat16": 14,
    "uint16": 17,
    "float16": 19,
    "uint32": 22,
    "uint64": 23,
    "float8_e5m2": 24,
    "float8_e4m3fn": 25,
    "float8_e4m3fnuz": 26,
    "float8_e4m3b11fnuz": 27,
    "float8_e5m2fnuz": 28,
    "int4": 29,
    "uint4": 30,
    "int2": 31,
    "uint2": 32,
    "float4_e2m1fn": 33,
}
#: Where values of dtypes that Arrow does not have stand.
STANDS_IN = {
    "bfloat16": "float32",
    **{name: "float16" for name in WIRE if name.startswith(("float8", "float4"))},
    "int4": "int8",
    "int2": "int8",
    "uint4": "uint8",
    "uint2": "uint8",
}


def numpy_dtype(name):
    """The dtype of NumPy or of ml_dtypes."""
    return np.dtype(getattr(ml_dtypes, name, name))


def stored(array, name):
    """A value that holds the array's elements in `tensor_content`."""
    message = tensor(WIRE[name], array.shape, tensor_content=array.tobytes())
    return value("t", "mine", tensor=message)


def cast(log, dtype, *values, **options):
    """The `values` column of a log of one event for each value, warnings left out."""
    log("run", [event(step, one) for step, one in enumerate(values)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tfevents.CastWarning)
        table = tfevents.open(log.root).tensors(dtype=dtype, **options).to_arrow()
    return table["values"].combine_chunks()


def fits(number, name):
    """What `number` becomes: the value, or None. By NumPy and ml_dtypes."""
    if name == "bool" or "int" in name:
        low, high = (0, 1) if name == "bool" else _bounds(name)
        whole = not isinstance(number, float) or (math.isfinite(number) and number.is_integer())
        return int(number) if whole and low <= number <= high else None
    with np.errstate(all="ignore"):
        if isinstance(number, float) and name == "float16":
            near = float(np.float64(number).astype(np.float16))
        else:
            near = float(np.float64(number).astype(numpy_dtype(name)))
    finfo = ml_dtypes.finfo(numpy_dtype(name))
    number = float(number)
    if name == "float4_e2m1fn":  # saturates there
        return near if abs(number) < 7 and math.isfinite(number) else None
    if math.isnan(number):
        return near
    if math.isinf(number):
        return near if math.isinf(near) else None
    return near if math.isfinite(near) and abs(near) <= float(finfo.max) else None


def _bounds(name):
    info = ml_dtypes.iinfo(numpy_dtype(name))
    return int(info.min), int(info.max)


def same(a, b):
    """Equal, NaN to NaN."""
    return a == b or (None not in (a, b) and math.isnan(a) and math.isnan(b))


NUMBERS = [0.0, 1.0, -1.0, 0.5, 3.0, 2.5, 7.0, -8.0, 100.0, 255.0, 256.0, 448.0, 1e5, -1e300]
NUMBERS += [math.nan, math.inf, -math.inf, 65504.0, 65519.0, 1e-8, 2.0**53, 0.1]


@pytest.mark.parametrize("dtype", WIRE)
def test_an_element_that_does_not_fit_is_null_and_its_tensor_stays(log, dtype):
    array = np.array(NUMBERS)
    column = cast(log, dtype, stored(array, "float64"), stored(array, "float64"))
    expected = pa.from_numpy_dtype(STANDS_IN.get(dtype, dtype))
    assert column.type.value_type == expected
    assert column.type.shape == [len(NUMBERS)]
    for row in column.storage.to_pylist():
        wanted = [fits(number, dtype) for number in NUMBERS]
        assert all(map(same, row, wanted)), list(zip(NUMBERS, row, wanted, strict=True))


@pytest.mark.parametrize("dtype", WIRE)
def test_every_value_of_a_dtype_is_itself(log, dtype):
    bits = 16 if dtype in ("float16", "bfloat16") else 8
    kind = numpy_dtype(dtype)
    if kind.itemsize > 2 or dtype in ("int16", "uint16"):
        array = np.arange(-100 if "u" not in dtype else 0, 100).astype(kind)
    elif dtype == "bool":
        array = np.array([False, True])
    elif dtype.startswith(("int", "uint")) and dtype[-1] in "24":
        low, high = _bounds(dtype)
        array = np.arange(low, high + 1).astype(np.int8)
    else:
        size = 16 if dtype == "float4_e2m1fn" else 1 << bits
        array = np.arange(size).astype(f"u{bits // 8}").view(kind)
    (row,) = cast(log, dtype, stored(array, dtype), on_cast="raise").storage.to_pylist()
    with np.errstate(invalid="ignore"):  # NaN
        wanted = array.astype(np.float64).tolist()
    assert all(map(same, map(float, row), wanted))


@given(
    st.lists(st.floats() | st.floats(width=16) | st.integers(-300, 300).map(float), max_size=20),
    st.sampled_from(sorted(WIRE)),
)
@settings(max_examples=60, deadline=None)
def test_any_number_is_cast_as_numpy_casts_it(tmp_path_factory, numbers, dtype):
    from eventfiles import write

    root = tmp_path_factory.mktemp("log")
    write(root / "a.tfevents.1", [event(0, stored(np.array(numbers, "f8"), "float64"))])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tfevents.CastWarning)
        (row,) = tfevents.open(root).tensors(dtype=dtype).to_arrow()["values"].to_pylist()
    row = np.asarray(row, dtype=object).ravel().tolist()
    assert all(map(same, row, [fits(number, dtype) for number in numbers]))


@pytest.mark.parametrize("number", [2**53 + 1, 2**24 + 1, 2**63 - 1, -(2**63), 2**60 + 2**36 + 1])
def test_a_whole_number_is_rounded_once(log, number):
    one = stored(np.array([number]), "int64")
    near = np.array([number]).astype(np.float32).tolist()
    assert cast(log, "float32", one).storage.to_pylist() == [near]
    assert cast(log, "float64", one).storage.to_pylist() == [[float(number)]]
    fit = -(2**31) <= number < 2**31
    assert cast(log, "int32", one).storage.to_pylist() == [[number if fit else None]]


def test_what_was_made_null_is_counted_in_one_warning(log):
    log("a", [event(0, stored(np.array([1, 2]), "int64"))])
    bad = stored(np.array([300, 1, -300]), "int64")
    log(
        "b",
        [event(step, bad if step in (4, 6) else value("s", simple_value=1)) for step in range(9)],
    )
    logs = tfevents.open(log.root)
    scan = logs.tensors(dtype="int8")
    with pytest.warns(tfevents.CastWarning) as caught:
        assert scan.to_arrow()["values"].to_pylist() == [[1, 2], [None, 1, None], [None, 1, None]]
    (warned,) = caught
    message = str(warned.message)
    assert "4 element(s) of 2 tensor(s) are no int8" in message
    assert 'run "b", tag "t", step 4' in message
    assert warned.filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        logs.tensors(dtype="int64").to_arrow()
        logs.damage().to_arrow()
        scan.count()  # casts nothing
    assert logs.damage().count() == 0
    with pytest.warns(tfevents.CastWarning):  # a loop that ends early
        next(iter(scan))


def test_on_cast_raise_names_the_place(log):
    log("a", [event(0, stored(np.array([1.0, 2.0]), "float64"))])
    log("b", [event(7, stored(np.array([0.5, 2.0]), "float64"))])
    scan = tfevents.open(log.root).tensors(dtype="int64", on_cast="raise")
    with pytest.raises(ValueError, match=r'`dtype` must .* run "b", tag "t", step 7'):
        scan.to_arrow()
    kept = tfevents.open(log.root).tensors(runs="a", dtype="int64", on_cast="raise")
    assert kept.to_arrow()["values"].to_pylist() == [[1, 2]]


def test_a_tensor_without_real_numbers_is_null_as_a_whole(log):
    words = value("w", "mine", tensor=tensor(7, [1], string_val=[b"x"]))
    pair = value("c", "mine", tensor=tensor(8, [1], scomplex_val=[1, 2]))
    log("a", [event(0, words, pair, stored(np.array([1.0]), "float64"))])
    logs = tfevents.open(log.root)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = logs.tensors(dtype="float32").to_arrow()
    assert table["values"].to_pylist() == [None, None, [1.0]]
    with pytest.raises(ValueError, match='tag "w"'):
        logs.tensors(dtype="float32", on_cast="raise").to_arrow()


def test_arguments_are_checked_at_the_call(log):
    log("a", [event(0, stored(np.array([1.0]), "float64"))])
    logs = tfevents.open(log.root)
    with pytest.raises(ValueError, match=r"`dtype` must be one of .*bfloat16.*, not 'string'"):
        logs.tensors(dtype="string")
    with pytest.raises(ValueError, match="`on_cast` must be 'null' or 'raise', not 'drop'"):
        logs.tensors(dtype="int8", on_cast="drop")
