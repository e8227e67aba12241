"""Histograms."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from tfevents import _arrays, _checks, _native
from tfevents._summary.base import Base

# Rules of NumPy for the number of bins: those of the native module, and those that need moments.
_NATIVE_RULES = ("auto", "fd", "rice", "sturges", "sqrt")
_RULES = (*_NATIVE_RULES, "doane", "scott", "stone")


class Histograms(Base):
    """The histogram methods of `SummaryWriter`."""

    @property
    def default_bins(self) -> list[float]:
        """The 1549 edges of ``bins="tensorflow"``, ascending."""
        return _native.default_edges()

    def add_histogram(
        self,
        tag: str,
        values: Any,
        global_step: Any = None,
        bins: Any = "tensorflow",
        walltime: Any = None,
        max_bins: int | None = None,
    ) -> None:
        """Adds a histogram of all elements of an array.

        The counts are those of `numpy.histogram`. Values outside the bins, infinities and NaN
        count in ``num`` only; NaN makes ``min``, ``max`` and the sums NaN. What a masked array
        hides counts nowhere.

        Args:
            tag: The tag.
            values: Numbers, any shape and dtype, at least one.
            global_step: The step, an integer.
            bins: ``"tensorflow"`` (edges that grow by a tenth each), the name of a rule of
                NumPy (``"auto"``, ``"fd"``, …), a number of bins, or ascending edges. A rule and
                a number divide the range of the finite values; if there are others, ``on_error``
                says what happens: a warning, if not told otherwise.
            walltime: Seconds since 1970; now, if None.
            max_bins: Merge neighbouring bins down to about so many.

        Raises:
            ValueError: If ``values`` is empty or ``bins`` make no sense.
        """
        _checks.tag(tag)
        if _arrays.mask_of(values) is not None:
            values = values.compressed()
            if not values.size:
                self._unfit(tag, "`values` must have an element that is not masked", lost=True)
                return
        packed = _arrays.pack(values, "values")
        if packed[1].startswith("complex"):
            message = f"`values` must be real numbers, not an array of dtype {packed[1]}"
            raise TypeError(message)
        if 0 in packed[2]:
            message = f"`values` must have at least one element, not shape {list(packed[2])}"
            raise ValueError(message)
        if max_bins is not None and (max_bins := operator.index(max_bins)) < 1:
            message = f"`max_bins` must be at least 1, not {max_bins}"
            raise ValueError(message)
        made = _native.histogram_value(tag, packed, _bins(bins, values), max_bins)
        self._emit_fitted(tag, made, global_step, walltime)

    def add_histogram_raw(
        self,
        tag: str,
        min: Any,  # noqa: A002 (torch's name)
        max: Any,  # noqa: A002
        num: Any,
        sum: Any,  # noqa: A002
        sum_squares: Any,
        bucket_limits: Any,
        bucket_counts: Any,
        global_step: Any = None,
        walltime: Any = None,
    ) -> None:
        """Adds a histogram that was counted elsewhere, as it is.

        Args:
            tag: The tag.
            min: Smallest value.
            max: Largest value.
            num: Number of values.
            sum: Their sum.
            sum_squares: The sum of their squares.
            bucket_limits: The right edge of every bucket.
            bucket_counts: The count of every bucket.
            global_step: The step, an integer.
            walltime: Seconds since 1970; now, if None.

        Raises:
            ValueError: If there are not as many limits as counts.
        """
        limits = _arrays.pack(bucket_limits, "bucket_limits")
        counts = _arrays.pack(bucket_counts, "bucket_counts")
        if limits[2] != counts[2] or len(limits[2]) != 1:
            message = (
                "`bucket_limits` and `bucket_counts` must be of one axis and the same length, not "
                f"of shapes {list(limits[2])} and {list(counts[2])}"
            )
            raise ValueError(message)
        value = _native.histogram_raw_value(
            _checks.tag(tag),
            _checks.scalar(min, "min"),
            _checks.scalar(max, "max"),
            _checks.scalar(num, "num"),
            _checks.scalar(sum, "sum"),
            _checks.scalar(sum_squares, "sum_squares"),
            limits,
            counts,
        )
        self._emit([value], global_step, walltime)


def _bins(bins: Any, values: Any) -> int | str | list[float] | None:
    """``bins`` as the native module takes them."""
    if isinstance(bins, str):
        if bins == "tensorflow":
            return None
        if bins not in _RULES:
            message = (
                f'`bins` must be "tensorflow", one of {", ".join(map(repr, _RULES))}, a number or '
                f"edges, not {bins!r}"
            )
            raise ValueError(message)
        if bins in _NATIVE_RULES:
            return bins
        flat = _arrays.as_array(values, "values").astype(np.float64).ravel()
        finite = flat[np.isfinite(flat)]
        # As a number of bins, so that the native module sees what is not finite.
        return len(np.histogram_bin_edges(finite, bins)) - 1 if finite.size else 1
    try:
        count = operator.index(bins)
    except TypeError:
        edges = _arrays.as_array(bins, "bins").astype(np.float64)
        if edges.ndim != 1 or edges.size < 2 or not (np.diff(edges) >= 0).all():
            message = f"`bins` must be at least two ascending edges, not {_checks.shown(bins)}"
            raise ValueError(message) from None
        return [float(edge) for edge in edges]
    if count < 1:
        message = f"`bins` must be at least 1, not {count}"
        raise ValueError(message)
    return count
