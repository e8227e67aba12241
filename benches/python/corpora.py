"""The logs that benches read, made once, and the answers that must come out of them."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".bench"
GENERATOR = ROOT / "target/release/examples/corpus"
SOURCES = (ROOT / "benches/corpus.rs", *(ROOT / "benches/corpus").glob("*.rs"))

U64 = npt.NDArray[np.uint64]


class WrongAnswerError(Exception):
    """A reader that is fast and wrong is not fast."""


@dataclass(frozen=True)
class Corpus:
    """A log directory and what is in it."""

    name: str
    scale: float
    path: Path
    runs: int
    files: int
    records: int
    bytes: int
    kinds: dict[str, dict[str, Any]]

    def rows(self, kind: str) -> int:
        """How many rows a reader of ``kind`` finds."""
        return int(self.kinds[kind]["rows"])

    def __str__(self) -> str:
        return self.name if self.scale == 1 else f"{self.name} x{self.scale:g}"


def ensure(name: str, scale: float = 1.0) -> Corpus:
    """The corpus, made now if it is not there whole, or if its generator has changed since."""
    path = WORK / "corpora" / (name if scale == 1 else f"{name}@{scale:g}")
    expected = path / "expected.json"
    changed = max(source.stat().st_mtime for source in SOURCES)
    if not expected.exists() or expected.stat().st_mtime < changed:
        shutil.rmtree(path, ignore_errors=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([GENERATOR, name, path, "--scale", str(scale)], check=True)
    answer = json.loads(expected.read_text())
    return Corpus(path=path, **answer)


def warm(corpus: Corpus) -> None:
    """Reads every byte once, so that no contestant pays for the disk."""
    for file in corpus.path.rglob("*tfevents*"):
        with file.open("rb", buffering=0) as f:
            while f.read(1 << 22):
                pass


@cache
def _hash(text: str) -> int:
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def tag_hashes(tags: Iterable[str]) -> U64:
    """FNV-1a of each tag."""
    return np.fromiter((_hash(tag) for tag in tags), dtype=np.uint64)


def fold(numbers: npt.NDArray[np.float64]) -> U64:
    """The bits of doubles, whose low half alone may be zero."""
    bits = np.ascontiguousarray(numbers).view(np.uint64)
    return bits ^ (bits >> np.uint64(32))


class Answer:
    """Adds up rows the way the generator did; see ``benches/corpus/expected.rs``."""

    def __init__(self) -> None:
        self.rows = 0
        self.sum_step = 0
        self.sum = 0.0
        self.mix = 0

    def add(
        self,
        tag: U64,
        step: npt.NDArray[np.int64],
        wall_time: npt.NDArray[np.float64],
        content: U64,
        total: float,
    ) -> None:
        """Adds rows; ``tag`` holds hashes, or is one hash for all of them."""
        key = step.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + tag
        key += np.ascontiguousarray(wall_time).view(np.uint64)
        mix = ((key | np.uint64(1)) * content).sum(dtype=np.uint64)
        self.rows += len(step)
        self.sum_step += int(step.sum())
        self.sum += total
        self.mix = (self.mix + int(mix)) % 2**64

    def check(self, corpus: Corpus, kind: str, who: str) -> None:
        """Raises unless this is what the corpus holds."""
        want = corpus.kinds[kind]
        got = {"rows": self.rows, "sum_step": self.sum_step, "mix": self.mix}
        wrong: dict[str, tuple[float, float]] = {
            key: (value, want[key]) for key, value in got.items() if value != want[key]
        }
        if not np.isclose(self.sum, want["sum"], rtol=1e-9):
            wrong["sum"] = (self.sum, want["sum"])
        if wrong:
            raise WrongAnswerError(f"{who} on {corpus}, {kind}: (got, expected) {wrong}")


def check_table(corpus: Corpus, kind: str, table: pa.Table, who: str) -> None:
    """Checks a table of ``kind`` as the reader methods return it."""
    answer = Answer()
    for batch in table.to_batches():
        add_batch(answer, kind, batch)
    answer.check(corpus, kind, who)


def add_batch(answer: Answer, kind: str, batch: pa.RecordBatch) -> None:
    """Adds the rows of a record batch."""
    if not batch.num_rows:
        return
    tags = batch.column("tag")
    tag = tag_hashes(tags.dictionary.to_pylist())[tags.indices.to_numpy(zero_copy_only=False)]
    content: U64
    total = 0.0
    if kind == "scalars":
        values = batch.column("value").to_numpy(zero_copy_only=False)
        content = fold(values)
        total = float(values.sum())
    elif kind == "histograms":
        content, total = _histograms(batch.column("buckets"))
    elif kind == "images":
        data = [value.as_buffer() for value in batch.column("data")]
        content = np.fromiter(
            (len(b) + int.from_bytes(memoryview(b)[-8:], "little") for b in data), np.uint64
        )
    else:
        raise ValueError(kind)
    step = batch.column("step").to_numpy(zero_copy_only=False)
    wall_time = batch.column("wall_time").to_numpy(zero_copy_only=False)
    answer.add(tag, step, wall_time, content, total)


def _histograms(buckets: pa.ListArray) -> tuple[U64, float]:
    counts = buckets.flatten().field("count").to_numpy(zero_copy_only=False)
    offsets = buckets.offsets.to_numpy(zero_copy_only=False)
    sums = np.concatenate(([0], np.cumsum(fold(counts), dtype=np.uint64))).astype(np.uint64)
    offsets = offsets - offsets[0]
    return sums[offsets[1:]] - sums[offsets[:-1]], float(counts.sum())
