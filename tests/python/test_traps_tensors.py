"""What trips readers up in the numbers of a tensor, one claim a test."""

import math
import struct

import numpy as np
import pytest
import tfevents
from eventfiles import (
    event,
    field,
    scalar,
    scalars,
    shape,
    tensor,
    value,
    varint,
    version,
    wire_event,
)
from tables import only, rows
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto

# Rank-0 scalars.

FLOAT = struct.pack("<f", 1.5)
DOUBLE = struct.pack("<d", 1.5)


@pytest.mark.parametrize(
    "content",
    [
        {"simple_value": 1.5},
        {"tensor": tensor(1, [], float_val=[1.5])},
        {"tensor": tensor(1, None, float_val=[1.5])},
        {"tensor": tensor(1, [], tensor_content=FLOAT)},
        {"tensor": tensor(1, None, tensor_content=FLOAT)},
        {"tensor": tensor(2, None, double_val=[1.5])},
        {"tensor": tensor(2, [], tensor_content=DOUBLE)},
        {"tensor": tensor(1, [1], float_val=[1.5])},
        {"tensor": tensor(1, [1, 1], tensor_content=FLOAT)},
        {"tensor": tensor(19, [], half_val=[0x3E00])},
        {"tensor": tensor(14, [], half_val=[0x3FC0])},
        {"tensor": tensor(19, [], tensor_content=b"\x00\x3e")},
        {"tensor": tensor(14, [], tensor_content=b"\xc0\x3f")},
    ],
)
def test_each_encoding_of_a_scalar_is_the_same_number(log, content):
    log(".", [version(), event(3, value("x", "scalars", **content))])
    row = only(log, "scalars")
    assert (row["run"], row["tag"], row["step"], row["value"]) == (".", "x", 3, 1.5)


@pytest.mark.parametrize(
    ("dtype", "content", "expected"),
    [
        (3, {"int_val": [-7]}, -7.0),
        (3, {"tensor_content": struct.pack("<i", -7)}, -7.0),
        (4, {"int_val": [200]}, 200.0),
        (6, {"int_val": [-128]}, -128.0),
        (5, {"int_val": [-32768]}, -32768.0),
        (17, {"int_val": [65535]}, 65535.0),
        (9, {"int64_val": [-(2**53)]}, -(2.0**53)),
        (22, {"uint32_val": [2**32 - 1]}, 2.0**32 - 1),
        (22, {"tensor_content": b"\xff" * 4}, 2.0**32 - 1),
        (23, {"uint64_val": [2**52]}, 2.0**52),
        (10, {"bool_val": [True]}, 1.0),
        (10, {"bool_val": [False]}, 0.0),
        (1, {"float_val": [math.nan]}, math.nan),
        (2, {"double_val": [-math.inf]}, -math.inf),
        (2, {"double_val": [5e-324]}, 5e-324),
        (2, {"double_val": [-0.0]}, -0.0),
        (1, {}, 0.0),
    ],
)
def test_a_scalar_of_any_numeric_dtype_is_a_number(log, dtype, content, expected):
    log(".", [event(0, value("x", "scalars", tensor=tensor(dtype, [], **content)))])
    got = only(log, "scalars")["value"]
    assert struct.pack("<d", got) == struct.pack("<d", expected) or math.isnan(got + expected)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, -0.0, 1e-45, 3.4028235e38])
def test_special_floats_are_exact(log, number):
    log(".", [event(0, scalar("x", number))])
    expected = struct.unpack("<f", struct.pack("<f", number))[0]
    got = only(log, "scalars")["value"]
    assert (got == expected and math.copysign(1, got) == math.copysign(1, expected)) or (
        math.isnan(got) and math.isnan(number)
    )


def test_a_labelled_scalar_that_is_none_is_a_tensor_not_lost(log):
    two = tensor(1, [2], float_val=[1, 2])
    log(".", [event(0, value("x", "scalars", tensor=two))])
    assert rows(log, "scalars") == []
    row = only(log, "tensors")
    assert (row["shape"], row["data"]) == ([2], np.array([1, 2], "<f4").tobytes())


# Fewer and more values than the shape says.


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (tensor(1, [4], float_val=[7]), [7, 7, 7, 7]),
        (tensor(1, [4], float_val=[1, 2]), [1, 2, 2, 2]),
        (tensor(1, [2, 2]), [0, 0, 0, 0]),
        (tensor(1, [2], float_val=[1, 2, 3]), [1, 2]),
        (tensor(1, [], float_val=[1, 2, 3]), [1]),
        (tensor(1, None, float_val=[5]), [5]),
        (tensor(1, [2], float_val=[9, 9], tensor_content=FLOAT * 2), [1.5, 1.5]),
        (tensor(1, [0, 3]), []),
    ],
    ids=["one", "fewer", "none", "more", "rank 0", "no shape", "both", "empty"],
)
def test_values_are_filled_up_as_tensorflow_does(log, message, expected):
    log(".", [event(0, value("t", "any", tensor=message))])
    row = only(log, "tensors")
    assert row["dtype"] == "float32"
    assert np.frombuffer(row["data"], "<f4").tolist() == expected
    assert row["shape"] == [dim.size for dim in message.tensor_shape.dim]


def test_complex_numbers_are_filled_up_in_pairs(log):
    one = tensor(8, [2], scomplex_val=[1, 2])
    log(".", [event(0, value("t", "any", tensor=one))])
    assert np.frombuffer(only(log, "tensors")["data"], "<c8").tolist() == [1 + 2j, 1 + 2j]


def test_strings_are_filled_up(log):
    log(
        ".",
        [
            event(0, value("t", "any", tensor=tensor(7, [3], string_val=[b"a", b"b"]))),
            event(1, value("t", "any", tensor=tensor(7, [2]))),
            event(2, value("t", "any", tensor=tensor(7, [1], string_val=[b"a", b"\xff"]))),
        ],
    )
    assert [row["strings"] for row in rows(log, "tensors")] == [
        [b"a", b"b", b"b"],
        [b"", b""],
        [b"a"],
    ]


@pytest.mark.parametrize(
    "message",
    [
        tensor(1, [3], tensor_content=FLOAT * 2),
        tensor(1, [-1], float_val=[1, 2]),
        TensorProto(dtype=1, tensor_shape=TensorShapeProto(unknown_rank=True), float_val=[1]),
    ],
    ids=["content of the wrong length", "dimension of -1", "unknown rank"],
)
def test_a_tensor_that_contradicts_itself_is_damage_not_a_value(log, message):
    path = log(".", [version(), event(0, value("t", "any", tensor=message)), *scalars("x", [1])])
    logs = tfevents.open(path)
    with pytest.warns(tfevents.DamageWarning):
        assert logs.tensors().to_arrow().num_rows == 0
    assert logs.scalars().to_arrow().column("step").to_pylist() == [1]


@pytest.mark.parametrize("packed", [True, False])
def test_repeated_numbers_are_read_packed_and_unpacked(log, packed):
    body = field(1, 3) + field(2, shape(3).SerializeToString())
    numbers = [1, -2, 300]
    if packed:
        body += field(7, b"".join(map(varint, numbers)))
    else:
        body += b"".join(field(7, number) for number in numbers)
    log(".", [wire_event(0, field(1, b"t") + field(8, body))])
    assert np.frombuffer(only(log, "tensors")["data"], "<i4").tolist() == numbers


# PyTorch's dtypes.


@pytest.mark.parametrize(("dtype", "to"), [(19, "float16"), (14, "bfloat16")])
def test_pytorch_halves_stored_as_float32_bits_are_halves(log, dtype, to):
    exact = [1.0, 0.0, -2.5, 2.0**-8, 96.0]
    bits = [int(np.float32(number).view("<u4")) for number in exact]
    log(".", [event(0, value("t", "tensor", tensor=tensor(dtype, [5], half_val=_int32(bits))))])
    row = only(log, "tensors")
    assert row["dtype"] == to
    stored = np.frombuffer(row["data"], "<u2")
    view = stored.view("<f2") if to == "float16" else (stored.astype("<u4") << 16).view("<f4")
    assert view.tolist() == exact


def _int32(bits):
    return [bit - (1 << 32) if bit >> 31 else bit for bit in bits]


def test_pytorch_uint8_is_read_from_uint32_val(log):
    odd = tensor(4, [3], uint32_val=[0, 1, 255])
    log(".", [event(0, value("t", "tensor", tensor=odd))])
    row = only(log, "tensors")
    assert (row["dtype"], row["data"]) == ("uint8", b"\x00\x01\xff")


@pytest.mark.parametrize("number", range(24, 34))
def test_small_dtypes_are_a_byte_an_element(log, number):
    import ml_dtypes

    integers = {29: "int4", 30: "uint4", 31: "int2", 32: "uint2"}
    signed = number in (29, 31)
    if number in integers:
        width = 2 if number in (31, 32) else 4
        values = [1, -2] if signed else [1, 3]
        content = bytes(v & ((1 << width) - 1) for v in values)
    else:
        content = b"\x01\x02"
    log(
        ".",
        [
            event(0, value("t", "any", tensor=tensor(number, [2], tensor_content=content))),
            event(1, value("t", "any", tensor=_in_vals(number, content, signed))),
        ],
    )
    first, second = rows(log, "tensors")
    assert first["data"] == second["data"]
    assert first["dtype"] == second["dtype"]
    if number in integers:
        assert first["dtype"] == integers[number]
        assert np.frombuffer(first["data"], "i1" if signed else "u1").tolist() == values
    else:
        assert first["data"] == content
        assert np.frombuffer(content, getattr(ml_dtypes, first["dtype"])).size == 2


def _in_vals(number, content, signed):
    if number in (29, 30, 31, 32):
        width = 2 if number in (31, 32) else 4
        wrap = 1 << width
        values = [v - wrap if signed and v >= wrap // 2 else v for v in content]
        return tensor(number, [2], int_val=values)
    return tensor(number, [2], float8_val=content)


@pytest.mark.parametrize("dtype", [22, 23, 14])
def test_dtypes_tensorboard_cannot_decode_are_read(log, dtype):
    content = {
        22: {"uint32_val": [1, 2**32 - 1]},
        23: {"uint64_val": [1, 2**64 - 1]},
        14: {"half_val": [1, 0x7F80]},
    }[dtype]
    log(".", [event(0, value("t", "any", tensor=tensor(dtype, [2], **content)))])
    width = {22: "<u4", 23: "<u8", 14: "<u2"}[dtype]
    (expected,) = content.values()
    assert np.frombuffer(only(log, "tensors")["data"], width).tolist() == expected
