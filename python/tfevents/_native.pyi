"""The typed face of the compiled module, in the order of rust/python/src."""

import os
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Self, TypeAlias, TypedDict, final

from typing_extensions import disjoint_base

__all__ = [
    "DEBUG_BUILD",
    "Batch",
    "Batches",
    "DamagedFileError",
    "EventWriter",
    "Follower",
    "LogDir",
    "Pack",
    "RecordWriter",
    "Records",
    "Scan",
    "Split",
    "SummaryBase",
    "Table",
    "TfeventsError",
    "Value",
    "Writer",
    "__version__",
    "after_fork",
    "audio_value",
    "child_begins",
    "close_all",
    "close_at_exit",
    "close_writers",
    "default_edges",
    "doubles",
    "embedding_files",
    "flush_writers",
    "histogram_raw_value",
    "histogram_tensor_value",
    "histogram_value",
    "hparams_end_value",
    "hparams_experiment_value",
    "hparams_start_value",
    "image_value",
    "layout_value",
    "mesh_values",
    "png",
    "pr_curve_raw_value",
    "pr_curve_value",
    "replace_embedding",
    "sprite_png",
    "strings_value",
    "tensor_value",
    "tsv",
    "video_value",
]

class Exactly(TypedDict):
    exactly: list[str]

class Within(TypedDict):
    given: list[str] | Exactly | None
    within: list[str]  # names from each first to before each second of these

Names: TypeAlias = list[str] | Exactly | Within
#: Length, device and inode, modification time in ns, checksum of both ends.
Version: TypeAlias = tuple[int, tuple[int, int], int | None, int | None]
#: A run's name, and path and version of its files.
Run: TypeAlias = tuple[str, list[tuple[str, Version | None]]]

#: restarts, on_damage, checksum, mmap, threads, missing_ok.
Options: TypeAlias = tuple[str, str, bool, str, int | None, bool]

class Filter(TypedDict):
    runs: Names | None
    tags: Names | Callable[[list[str]], list[str]] | None  # chooses among all tags
    steps: tuple[int | None, int | None, int] | list[int] | None
    wall_time: tuple[float, float] | None
    plugin: str | None
    columns: list[str] | None

__version__: str
DEBUG_BUILD: bool

class TfeventsError(Exception): ...

class DamagedFileError(TfeventsError):
    path: str
    offset: int
    reason: str

# follow.rs

@final
class Follower:
    def next(self, timeout: float | None = None) -> tuple[str, Batch] | None: ...
    def cursor(self) -> str: ...
    def pending(self) -> list[tuple[Path, int, int]]: ...
    def notices(self) -> tuple[list[Path], list[tuple[Path, str]]]: ...
    def close(self) -> None: ...
    @property
    def closed(self) -> bool: ...

# logdir.rs

@final
class LogDir:
    def __new__(
        cls,
        roots: list[tuple[str, str, str]],
        how: Options,
    ) -> LogDir: ...
    def frozen(self, roots: list[tuple[str, str, str]] | None) -> LogDir: ...
    def portable(self, runs: Names | None) -> list[Run]: ...
    @staticmethod
    def restore(
        runs: list[Run],
        roots: list[tuple[str, str, str]],
        how: Options,
    ) -> LogDir: ...
    def replaced(self) -> list[Path]: ...
    @property
    def runs(self) -> list[str]: ...
    def matching(self, runs: Names) -> list[str]: ...
    @property
    def paths(self) -> list[Path]: ...
    def reads(self, runs: Names | None) -> list[tuple[str, Path, int]]: ...
    def scan(
        self, table: str, filter: Filter, dtype: str | None = None, on_cast: str = "null"
    ) -> Scan: ...
    def follow(
        self,
        kinds: list[str],
        live: dict[str, Any],  # filter, choose_runs, find_roots
        question: str,
        cursor: str | None,
        poll: float,
        settle: float,
        dtype: str | None = None,
        on_cast: str = "null",
    ) -> Follower: ...
    def embedding_names(self, filter: Filter) -> list[tuple[str, str]]: ...
    def refresh(self) -> tuple[list[str], list[Path], int, list[Path], list[Path]]: ...
    def unlisted_news(self) -> tuple[int, Path, str] | None: ...
    def news(self) -> tuple[int, int, Path, int, str] | None: ...
    def nulled(self) -> tuple[str, int, int, str] | None: ...
    @staticmethod
    def check(path: str | os.PathLike[str]) -> None: ...

@final
class Records:
    def __new__(
        cls,
        path: str | os.PathLike[str],
        compression: str | None,
        checksum: bool,
        follow: bool = False,
    ) -> Records: ...
    def __iter__(self) -> Records: ...
    def __next__(self) -> memoryview: ...
    def wait(self, poll: float, timeout: float | None = None) -> memoryview | None: ...

@final
class Scan:
    def ended_empty(self) -> bool | None: ...
    def __arrow_c_schema__(self) -> object: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...
    def collect(self) -> Table: ...
    def batches(self) -> Batches: ...
    def split(self, run: int, shared: int) -> Split: ...
    def count(self) -> int: ...
    def write_parquet(self, path: str | os.PathLike[str], threads: int | None) -> int: ...

@final
class Table:
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

@final
class Batches:
    def __iter__(self) -> Batches: ...
    def __next__(self) -> Batch: ...

@final
class Batch:
    @property
    def num_rows(self) -> int: ...
    def __arrow_c_array__(
        self, requested_schema: object | None = None
    ) -> tuple[object, object]: ...

# split.rs

@final
class Split:
    def __iter__(self) -> Split: ...
    def __next__(self) -> Pack: ...

@final
class Pack:
    @property
    def sizes(self) -> list[int] | None: ...
    def __len__(self) -> int: ...
    def run(self, number: int) -> str | None: ...
    def tag(self, number: int) -> str | None: ...
    def start(self, number: int) -> int: ...
    def rows(self) -> Table: ...

# (contiguous buffer, name of the dtype, shape): see tfevents._arrays.
_Packed = tuple[Any, str, Sequence[int]]
_Made = tuple[Value, str | None]

# summary.rs

@final
class Value:
    def __new__(cls, encoded: bytes) -> Self: ...
    def __bytes__(self) -> bytes: ...

def histogram_value(
    tag: str,
    values: _Packed,
    bins: int | str | list[float] | None = None,
    max_bins: int | None = None,
) -> _Made: ...
def histogram_raw_value(
    tag: str,
    min: float,
    max: float,
    num: float,
    sum: float,
    sum_squares: float,
    limits: _Packed,
    counts: _Packed,
) -> Value: ...
def histogram_tensor_value(
    tag: str, values: _Packed, buckets: int = 30, description: str = ""
) -> Value: ...
def default_edges() -> list[float]: ...
def image_value(tag: str, pixels: _Packed, layout: str) -> _Made: ...
def video_value(tag: str, frames: _Packed, layout: str, fps: float) -> _Made: ...
def audio_value(tag: str, samples: _Packed, sample_rate: int) -> _Made: ...
def png(pixels: _Packed, layout: str) -> tuple[bytes, int, int, str | None]: ...
def sprite_png(images: _Packed, layout: str) -> tuple[list[bytes], str | None]: ...
def doubles(array: _Packed) -> bytes: ...
def tsv(array: _Packed) -> list[bytes]: ...
def embedding_files(text: str) -> list[tuple[str, list[str]]]: ...
def replace_embedding(text: str, name: str, block: str) -> str: ...
def strings_value(
    tag: str,
    values: list[bytes],
    shape: list[int],
    plugin: str = "",
    content: bytes = ...,
    display_name: str = "",
    description: str = "",
) -> Value: ...
def tensor_value(
    tag: str,
    array: _Packed,
    spelling: str = "fields",
    plugin: str = "",
    content: bytes = ...,
    display_name: str = "",
    description: str = "",
) -> Value: ...
def pr_curve_value(
    tag: str, labels: _Packed, predictions: _Packed, weights: _Packed | None, thresholds: int
) -> _Made: ...
def pr_curve_raw_value(tag: str, rows: _Packed) -> Value: ...
def mesh_values(
    tag: str, vertices: _Packed, colors: _Packed | None, faces: _Packed | None, config: str
) -> list[Value]: ...
def layout_value(categories: list[tuple[str, list[tuple[str, bool, list[str]]]]]) -> Value: ...
def hparams_experiment_value(
    settings: Sequence[tuple[str, bool | float | str | None, Sequence[bool | float | str] | None]],
    metrics: list[str],
    created: float = 0.0,
) -> Value: ...
def hparams_start_value(
    settings: Sequence[tuple[str, bool | float | str | None, Sequence[bool | float | str] | None]],
    group: str = "",
    started: float = 0.0,
) -> Value: ...
def hparams_end_value(ended: float = 0.0) -> Value: ...

# entry.rs

@disjoint_base
class SummaryBase:
    def __new__(cls, *args: Any, **options: Any) -> Self: ...
    def _direct(self, writer: Writer | None) -> None: ...
    def add_scalar(
        self,
        tag: str,
        scalar_value: Any,
        global_step: Any = None,
        walltime: Any = None,
        new_style: bool = False,
        double_precision: bool = False,
        display_name: str = "",
        summary_description: str = "",
    ) -> None: ...

# lifetime.rs

def after_fork() -> None: ...
def child_begins(_module: object) -> None: ...
def close_all() -> None: ...
def close_at_exit() -> None: ...
def close_writers(writers: Sequence[Writer], timeout: float | None = None) -> None: ...
def flush_writers(writers: Sequence[Writer], timeout: float | None = None) -> None: ...

# writer.rs

@final
class Writer:
    def __new__(
        cls,
        path: str | PathLike[str],
        *,
        filename_suffix: str = "",
        max_queue: Any = None,
        purge_step: int | None = None,
        **options: Any,
    ) -> Self: ...
    def add_scalar(
        self,
        tag: str,
        value: Any,
        step: int | None = None,
        wall_time: float | None = None,
        *,
        new_style: bool = False,
        double_precision: bool = False,
        display_name: str = "",
        description: str = "",
    ) -> None: ...
    def log(
        self,
        values: Mapping[str, Any],
        step: int | None = None,
        wall_time: float | None = None,
    ) -> None: ...
    def add_scalar_batch(
        self, tag: str, values: Any, steps: Any, wall_times: Any = None
    ) -> None: ...
    def add_values(
        self, values: list[Value], step: int | None = None, wall_time: float | None = None
    ) -> None: ...
    def add_event(self, event: bytes) -> None: ...
    def add_graph_def(
        self, graph_def: bytes, wall_time: float | None = None, step: int | None = None
    ) -> None: ...
    def add_meta_graph(
        self, meta_graph: bytes, wall_time: float | None = None, step: int | None = None
    ) -> None: ...
    def add_run_metadata(
        self,
        tag: str,
        run_metadata: bytes,
        step: int | None = None,
        wall_time: float | None = None,
    ) -> None: ...
    def add_session_start(
        self, step: int | None = None, wall_time: float | None = None
    ) -> None: ...
    def count_dropped(self) -> None: ...
    def flush(self, timeout: float | None = None) -> None: ...
    def close(self) -> None: ...
    @property
    def stats(self) -> dict[str, Any]: ...
    @property
    def path(self) -> str | PathLike[str] | None: ...
    @property
    def paths(self) -> list[str | PathLike[str]]: ...

@final
class EventWriter:
    def __new__(
        cls,
        path: str | PathLike[str],
        *,
        filename_suffix: str = "",
        version: bool = True,
        **options: Any,
    ) -> Self: ...
    def write(self, event: bytes) -> None: ...
    def flush(self, timeout: float | None = None) -> None: ...
    def close(self) -> None: ...
    @property
    def stats(self) -> dict[str, Any]: ...
    @property
    def path(self) -> str | PathLike[str] | None: ...
    @property
    def paths(self) -> list[str | PathLike[str]]: ...

@final
class RecordWriter:
    def __new__(cls, path: str | PathLike[str], **options: Any) -> Self: ...
    def write(self, record: bytes) -> None: ...
    def flush(self, timeout: float | None = None) -> None: ...
    def close(self) -> None: ...
    @property
    def stats(self) -> dict[str, Any]: ...
    @property
    def path(self) -> str | PathLike[str] | None: ...
