"""Histograms: exactly numpy's counts, and torch's rules about everything else."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary
from tfevents import _arrays, _native

EDGES = np.array(_native.default_edges())


def proto(values: Any, bins: Any = None, max_bins: int | None = None) -> HistogramProto:
    packed = _arrays.pack(values, "values")
    encoded, _ = _native.histogram_value("h", packed, bins, max_bins)
    return Summary.Value.FromString(bytes(encoded)).histo


def reference(values: np.ndarray, bins: Any) -> tuple[list[float], list[float]]:
    """What torch makes of numpy's counts: bins from left of the first count to the last."""
    counts, edges = np.histogram(values.astype(np.float64).ravel(), bins)
    (filled,) = counts.nonzero()
    first, last = filled[0], filled[-1]
    return [0.0, *counts[first : last + 1]], [*edges[first : last + 2]]


def check(values: np.ndarray, bins: Any = None) -> None:
    wanted = reference(values, EDGES if bins is None else bins)
    got = proto(values, bins if bins is None or isinstance(bins, int) else list(bins))
    assert (list(got.bucket), list(got.bucket_limit)) == wanted
    wide = values.astype(np.float64).ravel()
    assert got.num == wide.size
    assert got.sum == wide.sum()
    assert (got.min, got.max) == (wide.min(), wide.max())
    assert got.sum_squares == pytest.approx(wide.dot(wide), rel=1e-12)


numbers = st.floats(-1e19, 1e19, width=64)


@given(hnp.arrays(np.float64, st.integers(1, 400), elements=numbers))
@settings(max_examples=200, deadline=None)
def test_default_bins_count_as_numpy_counts(values: np.ndarray) -> None:
    check(values)


@given(hnp.arrays(np.float32, st.integers(1, 300), elements=st.floats(-100, 100, width=32)))
@settings(max_examples=100, deadline=None)
def test_a_number_of_bins_counts_as_numpy_counts(values: np.ndarray) -> None:
    for bins in (1, 7, 30):
        check(values, bins)


@given(
    hnp.arrays(np.float64, st.integers(1, 200), elements=st.floats(-10, 10)),
    st.lists(st.integers(-11, 11), min_size=2, max_size=12, unique=True),
)
@settings(max_examples=200, deadline=None)
def test_edges_count_as_numpy_counts(values: np.ndarray, edges: list[int]) -> None:
    edges = [float(edge) for edge in sorted([*edges, -12, 12])]
    check(values, edges)


def test_values_on_every_edge_count_as_numpy_counts() -> None:
    check(np.concatenate([EDGES, np.nextafter(EDGES, 0)]))


@pytest.mark.parametrize(
    "dtype",
    [
        "float64",
        "float32",
        "float16",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "bool",
    ],
)
def test_every_dtype_counts(dtype: str) -> None:
    check(np.random.default_rng(1).normal(scale=20, size=(50, 60)).astype(dtype))


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "float8_e5m2", "int4", "uint4"])
def test_small_dtypes_count(name: str) -> None:
    dtype = getattr(ml_dtypes, name)
    check(np.random.default_rng(2).uniform(0, 6, size=1000).astype(dtype))


def test_views_with_strides_count() -> None:
    values = np.arange(1000.0).reshape(10, 100)
    check(values.T[3::7, ::2])


def test_what_lies_outside_counts_in_num_only() -> None:
    got = proto(np.array([1.0, 1e30, np.inf, -np.inf, np.nan]))
    assert got.num == 5
    assert sum(got.bucket) == 1
    assert np.isnan([got.min, got.max, got.sum]).all()


def test_only_nan_is_a_histogram_of_nothing() -> None:
    got = proto(np.full(3, np.nan))
    assert (list(got.bucket), list(got.bucket_limit)) == ([0.0], [np.finfo(float).max])
    assert got.num == 3


def test_max_bins_merges_neighbours() -> None:
    values = np.random.default_rng(3).normal(size=1000)
    got = proto(values, 100, 10)
    counts, edges = np.histogram(values, 100)
    assert list(got.bucket) == [0, *counts.reshape(10, 10).sum(1)]
    assert list(got.bucket_limit) == [*edges[::10]]


def test_max_bins_that_do_not_divide_merge_the_rest() -> None:
    values = np.random.default_rng(3).normal(size=1000)
    got = proto(values, 100, 30)  # groups of three, 34 of them
    assert len(got.bucket) == 35
    assert sum(got.bucket) == 1000


def test_rows_of_tensorflow_for_one_value_and_for_none() -> None:
    def rows(values: Any) -> np.ndarray:
        packed = _arrays.pack(np.asarray(values, float), "values")
        encoded = _native.histogram_tensor_value("h", packed, 4)
        value = Summary.Value.FromString(bytes(encoded))
        return np.frombuffer(value.tensor.tensor_content).reshape(4, 3)

    assert (rows([]) == 0).all()
    assert rows([2, 2, 2]).tolist() == [[2, 2, 0]] * 3 + [[2, 2, 3]]
    assert rows([0, 1, 2, 4, np.nan])[:, 2].tolist() == [1, 1, 1, 1]


RULES = ("auto", "fd", "rice", "sqrt", "sturges")
SHAPES = {
    "normal": lambda rng, n: rng.normal(size=n),
    "concentrated": lambda rng, n: 1 + rng.normal(size=n) * 1e-3,
    "far from zero": lambda rng, n: 1e9 + rng.random(n),
    "two heaps": lambda rng, n: rng.choice([-5.0, 7.0], n) + rng.normal(size=n) * 1e-4,
    "few values": lambda rng, n: rng.integers(0, 4, n).astype(float),
    "mostly one": lambda rng, n: (rng.random(n) > 0.9).astype(float),
    "constant": lambda rng, n: rng.random(n) * -0.0,
    "wide": lambda rng, n: np.exp(rng.normal(size=n) * 40),
}


@pytest.mark.newest  # NumPy 1.26 has another rule where values are concentrated
@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("size", [1, 2, 3, 100, 4097, 60_000])
def test_rules_for_the_number_of_bins_are_numpys(name: str, size: int) -> None:
    values = SHAPES[name](np.random.default_rng(size), size)
    for rule in RULES:
        if rule == "fd" and name == "wide":
            continue  # NumPy takes all memory
        edges = np.histogram_bin_edges(values, rule)
        got = proto(values, rule)
        wanted = reference(values, edges)
        assert (list(got.bucket), list(got.bucket_limit)) == wanted, rule


@pytest.mark.newest  # NumPy 1.26 has another rule where values are concentrated
@given(hnp.arrays(np.float64, st.integers(1, 300), elements=st.floats(-1e6, 1e6)))
@settings(max_examples=200, deadline=None)
def test_the_default_rule_is_numpys_whatever_the_values(values: np.ndarray) -> None:
    try:
        wanted = reference(values, "auto")
    except ValueError:
        return  # more bins than doubles between the extremes, which NumPy refuses
    got = proto(values, "auto")
    assert (list(got.bucket), list(got.bucket_limit)) == wanted


def test_bins_that_depend_on_values_span_the_finite_ones() -> None:
    values = np.array([np.nan, np.inf, -np.inf, 1.0, 2.0, 5.0])
    for bins in (4, "auto"):
        got = proto(values, bins)
        counts, edges = np.histogram(values[3:], bins)
        assert list(got.bucket) == [0, *counts]
        assert list(got.bucket_limit) == list(edges)
        assert got.num == 6
    for bins in (4, "auto"):
        assert list(proto(np.full(3, np.nan), bins).bucket) == [0]


def test_extremes_farther_apart_than_a_double_says_are_divided() -> None:
    got = proto(np.array([-1.7e308, 1.7e308]), 4)
    assert list(got.bucket) == [0, 1, 0, 0, 1]
    wanted = [-1.7e308, -0.85e308, 0, 0.85e308, 1.7e308]
    assert list(got.bucket_limit) == pytest.approx(wanted)
    assert sum(proto(np.array([-1.7e308, 1.7e308]), "auto").bucket) == 2


def test_more_bins_than_memory_are_refused() -> None:
    with pytest.raises(ValueError, match="`bins` must be a number from 1 to"):
        proto(np.arange(3.0), 2**40)
    assert len(proto(np.r_[np.arange(100) * 1e-9, 1e9], "fd").bucket) <= 1_000_001
