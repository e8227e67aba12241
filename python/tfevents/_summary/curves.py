"""Precision-recall curves, meshes and the layout of the custom scalars dashboard."""

from __future__ import annotations

import json
import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tfevents import _arrays, _checks, _native
from tfevents._summary.base import Base

_MOST_THRESHOLDS = 10_000_000


class Curves(Base):
    """The remaining methods of `SummaryWriter` that write one value."""

    def add_pr_curve(
        self,
        tag: str,
        labels: Any,
        predictions: Any,
        global_step: Any = None,
        num_thresholds: int = 127,
        weights: Any = None,
        walltime: Any = None,
    ) -> None:
        """Adds a precision-recall curve.

        What a masked array hides in one of them is left out of all.

        Args:
            tag: The tag.
            labels: The truth: 0 and 1, or booleans, of any shape.
            predictions: Numbers from 0 to 1, in the same shape. Others, NaN among them, are left
                out of the counts, as ``on_error`` says: with a warning, if not told otherwise.
            global_step: The step, an integer.
            num_thresholds: Points of the curve, evenly spaced, at least 1.
            weights: How much each prediction counts; a number, or an array that broadcasts to the
                shape of ``labels``. 1, if None.
            walltime: Seconds since 1970; now, if None.

        Raises:
            ValueError: If the shapes differ, or ``num_thresholds`` is less than 1.
        """
        _checks.tag(tag)
        count = operator.index(num_thresholds)
        if not 1 <= count <= _MOST_THRESHOLDS:
            message = f"`num_thresholds` must be a number from 1 to {_MOST_THRESHOLDS}, not {count}"
            raise ValueError(message)
        rows = {"labels": labels, "predictions": predictions}
        if weights is not None:
            rows["weights"] = weights
        packed = [_arrays.pack(row, name) for name, row in _of_one_shape(rows).items()]
        made = _native.pr_curve_value(
            tag, packed[0], packed[1], packed[2] if len(packed) > 2 else None, count
        )
        self._emit_fitted(tag, made, global_step, walltime)

    def add_pr_curve_raw(
        self,
        tag: str,
        true_positive_counts: Any,
        false_positive_counts: Any,
        true_negative_counts: Any,
        false_negative_counts: Any,
        precision: Any,
        recall: Any,
        global_step: Any = None,
        num_thresholds: int = 127,
        weights: Any = None,
        walltime: Any = None,
    ) -> None:
        """Adds a precision-recall curve that was counted elsewhere.

        Args:
            tag: The tag.
            true_positive_counts: One number a threshold, ascending from 0 to 1; as the next five.
            false_positive_counts: Likewise.
            true_negative_counts: Likewise.
            false_negative_counts: Likewise.
            precision: Likewise.
            recall: Likewise.
            global_step: The step, an integer.
            num_thresholds: Not looked at: the rows say how many thresholds there are.
            weights: Not looked at.
            walltime: Seconds since 1970; now, if None.
        """
        del num_thresholds, weights
        rows = {
            "true_positive_counts": true_positive_counts,
            "false_positive_counts": false_positive_counts,
            "true_negative_counts": true_negative_counts,
            "false_negative_counts": false_negative_counts,
            "precision": precision,
            "recall": recall,
        }
        _checks.tag(tag)
        arrays = [_arrays.as_array(row, name).ravel() for name, row in rows.items()]
        if len({len(array) for array in arrays}) > 1 or not len(arrays[0]):
            lengths = [len(array) for array in arrays]
            message = f"`{'`, `'.join(rows)}` must have the same length, at least 1, not {lengths}"
            raise ValueError(message)
        packed = _arrays.pack(np.stack(arrays).astype(np.float64), "precision")
        self._emit([_native.pr_curve_raw_value(tag, packed)], global_step, walltime)

    def add_mesh(
        self,
        tag: str,
        vertices: Any,
        colors: Any = None,
        faces: Any = None,
        config_dict: Mapping[str, Any] | None = None,
        global_step: Any = None,
        walltime: Any = None,
    ) -> None:
        """Adds 3D meshes or point clouds.

        Args:
            tag: The name of the mesh; the tags get ``_VERTEX``, ``_FACE`` and ``_COLOR`` appended.
            vertices: ``[batch, vertices, 3]``.
            colors: ``[batch, vertices, 3]``, from 0 to 255.
            faces: ``[batch, faces, 3]``, numbers of vertices.
            config_dict: Settings for three.js: camera, lights, material.
            global_step: The step, an integer.
            walltime: Seconds since 1970; now, if None.

        Raises:
            TypeError: If ``config_dict`` has no JSON form.
            ValueError: If a shape is another.
        """
        try:
            config = json.dumps({} if config_dict is None else config_dict, sort_keys=True)
        except (TypeError, ValueError) as error:
            message = (
                "`config_dict` must be a dict with a JSON form, not "
                f"{_checks.shown(config_dict)}: {error}"
            )
            raise TypeError(message) from None
        values = _native.mesh_values(
            _checks.tag(tag),
            _arrays.pack(vertices, "vertices"),
            None if colors is None else _arrays.pack(colors, "colors"),
            None if faces is None else _arrays.pack(faces, "faces"),
            config,
        )
        self._emit(values, global_step, walltime)

    def add_custom_scalars(self, layout: Mapping[str, Mapping[str, Sequence[Any]]]) -> None:
        """Adds a layout of the custom scalars dashboard. The last one of a run counts.

        Args:
            layout: ``{category: {chart: ["Multiline", [tag, …]]}}``, where tags are regular
                expressions, or ``["Margin", [value, lower, upper]]``.
        """
        try:
            categories = [
                (
                    _checks.tag(category, "a category of layout"),
                    [(title, *_chart(title, *chart)) for title, chart in charts.items()],
                )
                for category, charts in layout.items()
            ]
        except (AttributeError, TypeError) as error:
            message = (
                '`layout` must be {category: {chart: ["Multiline", tags] or ["Margin", [value, '
                f"lower, upper]]}}}}, not {_checks.shown(layout)}: {error}"
            )
            raise TypeError(message) from error
        self._emit([_native.layout_value(categories)], None, None)

    def add_custom_scalars_multilinechart(
        self, tags: Sequence[str], category: str = "default", title: str = "untitled"
    ) -> None:
        """Adds a layout of one chart with several lines.

        Args:
            tags: Regular expressions for tags.
            category: The heading above the chart.
            title: The title of the chart.
        """
        self.add_custom_scalars({category: {title: ["Multiline", tags]}})

    def add_custom_scalars_marginchart(
        self, tags: Sequence[str], category: str = "default", title: str = "untitled"
    ) -> None:
        """Adds a layout of one chart with a line between two bounds.

        Args:
            tags: Three tags: value, lower and upper bound.
            category: The heading above the chart.
            title: The title of the chart.
        """
        self.add_custom_scalars({category: {title: ["Margin", tags]}})


def _of_one_shape(rows: dict[str, Any]) -> dict[str, npt.NDArray[Any]]:
    """Labels, predictions and perhaps weights, without what a mask hides in any of them."""
    arrays = {name: _arrays.as_array(row, name) for name, row in rows.items()}
    shape = arrays["labels"].shape
    other = arrays["predictions"].shape
    # Axes of length 1 leave no doubt about what belongs together.
    if [n for n in shape if n != 1] != [n for n in other if n != 1]:
        message = (
            "`predictions` must be an array of the shape of labels, not "
            f"{list(other)} with labels of {list(shape)}"
        )
        raise ValueError(message)
    hidden = np.zeros(shape, np.bool_)
    for name, row in rows.items():
        mask = _arrays.mask_of(row)
        if mask is not None:
            hidden |= _fit(mask, name, shape)
        arrays[name] = _fit(arrays[name], name, shape)
    if hidden.any():
        arrays = {name: array[~hidden] for name, array in arrays.items()}
    return arrays


def _fit(array: npt.NDArray[Any], name: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """``array`` in the shape of labels."""
    if array.size == 1 or name != "weights":
        array = array.reshape(shape if name != "weights" else ())
    try:
        return np.broadcast_to(array, shape)
    except ValueError:
        message = (
            f"`{name}` must be a number, or an array that broadcasts to the shape of labels, "
            f"{list(shape)}, not {_checks.shown(array)}"
        )
        raise ValueError(message) from None


def _chart(title: str, kind: str, tags: Sequence[str]) -> tuple[bool, list[str]]:
    _checks.tag(title, "a chart of layout")
    if kind not in ("Multiline", "Margin"):
        message = f'`layout[…][{title!r}][0]` must be "Multiline" or "Margin", not {kind!r}'
        raise ValueError(message)
    if isinstance(tags, str):
        message = f"`layout[…][{title!r}]` must hold a list of str, not {_checks.shown(tags)}"
        raise TypeError(message)
    names = [_checks.tag(tag, f"a tag of layout[…][{title!r}]") for tag in tags]
    if kind == "Margin" and len(names) != 3:
        message = f"`tags` of a margin chart must be three: value, lower, upper; not {len(names)}"
        raise ValueError(message)
    return kind == "Margin", names
