"""Precision-recall curves, meshes and the layout of the custom scalars dashboard."""

from __future__ import annotations

import json
import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tfevents import _arrays, _checks, _native
from tfevents._summary.base import Base


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

        Args:
            tag: The tag.
            labels: The truth: 0 and 1, or booleans.
            predictions: Numbers from 0 to 1, as many.
            global_step: The step, an integer.
            num_thresholds: Points of the curve, evenly spaced.
            weights: How much each prediction counts; 1, if None.
            walltime: Seconds since 1970; now, if None.
        """
        count = operator.index(num_thresholds)
        if count < 2:
            message = f"num_thresholds must be at least 2, not {count}"
            raise ValueError(message)
        value = _native.pr_curve_value(
            _checks.tag(tag),
            _arrays.pack(labels, "labels"),
            _arrays.pack(predictions, "predictions"),
            None if weights is None or np.isscalar(weights) else _arrays.pack(weights, "weights"),
            count,
        )
        self._emit([value], global_step, walltime)

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
        arrays = [_arrays.as_array(row, name).ravel() for name, row in rows.items()]
        if len({len(array) for array in arrays}) > 1 or not len(arrays[0]):
            lengths = [len(array) for array in arrays]
            message = f"{', '.join(rows)} must have the same length, at least 1, not {lengths}"
            raise ValueError(message)
        packed = _arrays.pack(np.stack(arrays).astype(np.float64), "precision")
        self._emit([_native.pr_curve_raw_value(_checks.tag(tag), packed)], global_step, walltime)

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
            config_dict: What three.js is told: camera, lights, material.
            global_step: The step, an integer.
            walltime: Seconds since 1970; now, if None.
        """
        values = _native.mesh_values(
            _checks.tag(tag),
            _arrays.pack(vertices, "vertices"),
            None if colors is None else _arrays.pack(colors, "colors"),
            None if faces is None else _arrays.pack(faces, "faces"),
            json.dumps({} if config_dict is None else config_dict, sort_keys=True),
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
                (category, [(title, *_chart(title, *chart)) for title, chart in charts.items()])
                for category, charts in layout.items()
            ]
        except (AttributeError, TypeError) as error:
            message = (
                'layout must be {category: {chart: ["Multiline", tags] or ["Margin", [value, '
                f"lower, upper]]}}}}: {error}"
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


def _chart(title: str, kind: str, tags: Sequence[str]) -> tuple[bool, list[str]]:
    if kind not in ("Multiline", "Margin"):
        message = f'layout[…][{title!r}][0] must be "Multiline" or "Margin", not {kind!r}'
        raise ValueError(message)
    if isinstance(tags, str) or not all(isinstance(tag, str) for tag in tags):
        message = f"the tags of chart {title!r} must be a list of str"
        raise TypeError(message)
    if kind == "Margin" and len(tags) != 3:
        message = f"tags of a margin chart must be three: value, lower, upper; not {len(tags)}"
        raise ValueError(message)
    return kind == "Margin", list(tags)
