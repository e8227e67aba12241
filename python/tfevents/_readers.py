"""The readers of a `LogDir`, one for each kind of data and each table about a log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from tfevents import _arguments, _filters
from tfevents._scan import Scan

if TYPE_CHECKING:
    from tfevents._filters import NameFilter, StepFilter
    from tfevents._log import Log

    Columns = Iterable[str] | None
    WallTime = Sequence[float | None] | None


class Readers:
    """Each makes a `Scan` of the files that the log holds now."""

    def __init__(self, log: Log | None) -> None:
        self._log = log

    def series(
        self,
        *,
        runs: NameFilter | None = None,
        tags: NameFilter | None = None,
        steps: StepFilter | None = None,
        wall_time: WallTime = None,
        plugin: str | None = None,
        columns: Columns = None,
    ) -> Scan:
        """One row a series: what it holds, how many values, first and last step and wall time.

        Builds no columns of values. `count` counts values; an image tensor with several images is
        one. A value that contradicts itself makes no row and does not count; `damage()` lists it.
        """
        return self._scan("series", runs, tags, steps, wall_time, plugin, columns)

    def files(self, *, runs: NameFilter | None = None, columns: Columns = None) -> Scan:
        """One row a file: run, path, size in bytes, records, damaged_bytes, writer, file_version.

        Verifies every record.
        """
        return self._scan("files", runs, None, None, None, None, columns)

    def damage(self, *, runs: NameFilter | None = None, columns: Columns = None) -> Scan:
        """One row for each place that cannot be read: path, offset, length in bytes, reason.

        Verifies every record, whatever earlier scans have read.
        """
        return self._scan("damage", runs, None, None, None, None, columns)

    def events(
        self,
        *,
        runs: NameFilter | None = None,
        tags: NameFilter | None = None,
        steps: StepFilter | None = None,
        wall_time: WallTime = None,
        plugin: str | None = None,
        columns: Columns = None,
    ) -> Scan:
        """The log as it is: one row a value, one row for an event without values."""
        return self._scan("events", runs, tags, steps, wall_time, plugin, columns)

    # One reader a kind

    def scalars(
        self,
        *,
        runs: NameFilter | None = None,
        tags: NameFilter | None = None,
        steps: StepFilter | None = None,
        wall_time: WallTime = None,
        plugin: str | None = None,
        columns: Columns = None,
    ) -> Scan:
        """`value` float64, from every encoding and numeric dtype; NaN and infinities exact.

        64-bit integers beyond 2**53 are rounded.
        """
        return self._scan("scalars", runs, tags, steps, wall_time, plugin, columns)

    def histograms(
        self,
        *,
        runs: NameFilter | None = None,
        tags: NameFilter | None = None,
        steps: StepFilter | None = None,
        wall_time: WallTime = None,
        plugin: str | None = None,
        columns: Columns = None,
    ) -> Scan:
        """`buckets` list<struct<left, right, count: float64>>, and statistics where stored.

        `min`, `max`, `num`, `sum`, `sum_squares` are null for tensor histograms. The outermost
        edges of legacy ones, which lie at infinity, are their `min` and `max`.
        """
        return self._scan("histograms", runs, tags, steps, wall_time, plugin, columns)

    def tensors(
        self,
        *,
        runs: NameFilter | None = None,
        tags: NameFilter | None = None,
        steps: StepFilter | None = None,
        wall_time: WallTime = None,
        plugin: str | None = None,
        columns: Columns = None,
        dtype: str | None = None,
        on_cast: Literal["null", "raise"] = "null",
    ) -> Scan:
        """Tensors of no more specific kind; with `plugin`, all tensors of that plugin.

        `dtype`, `shape`, `data` (row-major, little-endian; int4 and the like a byte each) or
        `strings`; `plugin_content` bytes when named in `columns`.

        With the argument `dtype` (``"float32"``, …) instead typed `values`: a fixed_shape_tensor
        where all shapes agree, else a list; null for strings and complex numbers. A cast keeps the
        value: floats are rounded to the nearest, whole numbers must be held exactly, a bool is 0
        or 1. Dtypes that Arrow does not have stand in the smallest type that holds all their
        values: bfloat16 in float32, float8 and float4 in float16, int4 in int8.

        Args:
            runs: As for all readers.
            tags: As for all readers.
            steps: As for all readers.
            wall_time: As for all readers.
            plugin: As for all readers.
            columns: As for all readers.
            dtype: Cast to this real dtype.
            on_cast: What becomes of an element that is no value of `dtype`. ``"null"``: it is
                null, its tensor stays, and one `CastWarning` says how many there are. ``"raise"``:
                `ValueError` when it is read, also for a tensor that holds no real numbers.
        """
        if dtype is not None:
            _arguments.instance(dtype, "dtype", str, "the name of a dtype or None")
        _arguments.choice(on_cast, "on_cast", ("null", "raise"))
        options = {} if dtype is None else {"dtype": dtype, "on_cast": on_cast}
        return self._scan("tensors", runs, tags, steps, wall_time, plugin, columns, **options)

    def images(
        self,
        *,
        runs: NameFilter | None = None,
        tags: NameFilter | None = None,
        steps: StepFilter | None = None,
        wall_time: WallTime = None,
        plugin: str | None = None,
        columns: Columns = None,
    ) -> Scan:
        """`index`, `width`, `height` in pixels, `format`, `data`: encoded bytes untouched."""
        return self._scan("images", runs, tags, steps, wall_time, plugin, columns)

    def audio(
        self,
        *,
        runs: NameFilter | None = None,
        tags: NameFilter | None = None,
        steps: StepFilter | None = None,
        wall_time: WallTime = None,
        plugin: str | None = None,
        columns: Columns = None,
    ) -> Scan:
        """`index`, `sample_rate` in Hz, `channels`, `frames`, `format`, `label`, `data`."""
        return self._scan("audio", runs, tags, steps, wall_time, plugin, columns)

    def text(
        self,
        *,
        runs: NameFilter | None = None,
        tags: NameFilter | None = None,
        steps: StepFilter | None = None,
        wall_time: WallTime = None,
        plugin: str | None = None,
        columns: Columns = None,
    ) -> Scan:
        """`shape` and `text` list<utf8>, row-major; bytes that are no UTF-8 show as U+FFFD."""
        return self._scan("text", runs, tags, steps, wall_time, plugin, columns)

    def pr_curves(
        self,
        *,
        runs: NameFilter | None = None,
        tags: NameFilter | None = None,
        steps: StepFilter | None = None,
        wall_time: WallTime = None,
        plugin: str | None = None,
        columns: Columns = None,
    ) -> Scan:
        """Lists of float64 over `thresholds` from 0 to 1: counts, `precision`, `recall`."""
        return self._scan("pr_curves", runs, tags, steps, wall_time, plugin, columns)

    def meshes(
        self,
        *,
        runs: NameFilter | None = None,
        tags: NameFilter | None = None,
        steps: StepFilter | None = None,
        wall_time: WallTime = None,
        plugin: str | None = None,
        columns: Columns = None,
    ) -> Scan:
        """One row a mesh and step: `vertices`, `colors`, `faces`, `config`; `index` in a batch.

        `tag` is the mesh's name, without the suffix of its components.
        """
        return self._scan("meshes", runs, tags, steps, wall_time, plugin, columns)

    def graphs(
        self,
        *,
        runs: NameFilter | None = None,
        tags: NameFilter | None = None,
        steps: StepFilter | None = None,
        wall_time: WallTime = None,
        plugin: str | None = None,
        columns: Columns = None,
    ) -> Scan:
        """`graph`: graph_def, keras, run_metadata, function_graphs or meta_graph; `data` is it."""
        return self._scan("graphs", runs, tags, steps, wall_time, plugin, columns)

    def layouts(
        self,
        *,
        runs: NameFilter | None = None,
        tags: NameFilter | None = None,
        steps: StepFilter | None = None,
        wall_time: WallTime = None,
        plugin: str | None = None,
        columns: Columns = None,
    ) -> Scan:
        """Custom-scalar layouts: `data`, and `layout` as JSON."""
        return self._scan("layouts", runs, tags, steps, wall_time, plugin, columns)

    def embeddings(
        self,
        *,
        runs: NameFilter | None = None,
        tags: NameFilter | None = None,
        steps: StepFilter | None = None,
        wall_time: WallTime = None,
        columns: Columns = None,
    ) -> Scan:
        """One row an embedding in the projector files beside the events.

        `shape` is [points, dimensions]; `values` float32, row-major; `metadata` a label or a
        struct for each point; `sprite` the encoded image. Embeddings kept in TensorFlow
        checkpoints are left out.
        """
        return self._scan("embeddings", runs, tags, steps, wall_time, None, columns)

    def hparams(
        self,
        *,
        runs: NameFilter | None = None,
        tags: NameFilter | None = None,
        steps: StepFilter | None = None,
        wall_time: WallTime = None,
        columns: Columns = None,
    ) -> Scan:
        """One row a session: all hyperparameters and metrics (last values) of any run.

        `runs` chooses sessions, `tags` metrics. With `steps` or `wall_time` a metric is the last of
        its values that meet these.
        """
        return self._scan("hparams", runs, tags, steps, wall_time, None, columns)

    def _open(self) -> Log:
        if self._log is None:
            raise ValueError("this LogDir is closed")
        return self._log

    def _scan(
        self,
        table: str,
        runs: NameFilter | None,
        tags: NameFilter | None,
        steps: StepFilter | None,
        wall_time: WallTime,
        plugin: str | None,
        columns: Columns,
        **options: Any,
    ) -> Scan:
        log = self._open()
        filters = _filters.build(
            runs=runs,
            tags=tags,
            step_filter=steps,
            time_filter=wall_time,
            plugin=plugin,
            column_names=columns,
        )
        scan = Scan(log, table, filters, options)
        _ = scan._native  # an argument that makes no sense is an error of this call
        log.check_runs(filters)
        log.report()
        return scan
