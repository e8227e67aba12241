"""What we do, one function a question. Each reads once and returns its seconds.

Opening is inside the clock. None returns before its answer was checked, outside the clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pyarrow.parquet as pq
import tfevents
from corpora import WORK, Answer, Corpus, WrongAnswerError, add_batch, check_table

WHO = "tfevents"


def table(corpus: Corpus, kind: str, *, threads: int | None = None) -> float:
    """One kind, whole, as a pyarrow.Table."""
    start = time.perf_counter()
    found = getattr(tfevents.open(corpus.path, threads=threads), kind)().to_arrow()
    seconds = time.perf_counter() - start
    check_table(corpus, kind, found, WHO)
    return seconds


def verify(corpus: Corpus) -> float:
    """Every checksum of every record, by asking for the damage."""
    start = time.perf_counter()
    logs = tfevents.open(corpus.path)
    damage = logs.damage().to_arrow()
    seconds = time.perf_counter() - start
    files = logs.files().to_arrow()
    got = {
        "damage": damage.num_rows,
        "files": files.num_rows,
        "records": sum(files["records"].to_pylist()),
        "bytes": sum(files["size"].to_pylist()),
    }
    want = {"damage": 0}
    want |= {"files": corpus.files, "records": corpus.records, "bytes": corpus.bytes}
    if got != want:
        raise WrongAnswerError(f"{WHO} on {corpus}, verify: {got}, expected {want}")
    return seconds


def series(corpus: Corpus) -> float:
    """The catalogue: every series with its count."""
    start = time.perf_counter()
    found = tfevents.open(corpus.path).series().to_arrow()
    seconds = time.perf_counter() - start
    got = sum(found["count"].to_pylist())
    want = sum(corpus.rows(kind) for kind in corpus.kinds)
    if got != want:
        raise WrongAnswerError(f"{WHO} on {corpus}, series: {got} rows, not {want}")
    return seconds


def stream(corpus: Corpus, kind: str) -> float:
    """Batch by batch, none of them kept."""
    answer = Answer()
    start = time.perf_counter()
    checking = 0.0
    for batch in getattr(tfevents.open(corpus.path), kind)():
        pause = time.perf_counter()
        add_batch(answer, kind, batch)
        checking += time.perf_counter() - pause
    seconds = time.perf_counter() - start - checking
    answer.check(corpus, kind, f"{WHO}, streaming")
    return seconds


def parquet(corpus: Corpus) -> tuple[float, int]:
    """All scalars from event files to one zstd Parquet file; also its size."""
    target = WORK / "ours.parquet"
    target.unlink(missing_ok=True)
    start = time.perf_counter()
    tfevents.open(corpus.path).scalars().write_parquet(target)
    seconds = time.perf_counter() - start
    size = target.stat().st_size
    written = pq.read_table(target, read_dictionary=["run", "tag"]).combine_chunks()
    check_table(corpus, "scalars", written, f"{WHO}, Parquet")
    target.unlink()
    return seconds, size


def frame(corpus: Corpus) -> float:
    """All scalars as a pandas.DataFrame."""
    start = time.perf_counter()
    found = tfevents.open(corpus.path).scalars().to_pandas()
    seconds = time.perf_counter() - start
    if len(found) != corpus.rows("scalars"):
        raise WrongAnswerError(f"{WHO} on {corpus}, to_pandas: {len(found)} rows")
    return seconds


def _events(corpus: Corpus, read: Callable[[str], Any], who: str) -> float:
    files = sorted(str(path) for path in corpus.path.rglob("*tfevents*"))
    events = 0
    start = time.perf_counter()
    for file in files:
        for _ in read(file):
            events += 1
    seconds = time.perf_counter() - start
    if events != corpus.records:
        raise WrongAnswerError(f"{who} on {corpus}: {events} events, not {corpus.records}")
    return seconds


def summary_iterator(corpus: Corpus) -> float:
    """Event protos, one Python object each."""
    return _events(corpus, tfevents.summary_iterator, "tfevents.summary_iterator")


def records(corpus: Corpus) -> float:
    """Payloads as memoryviews."""
    return _events(corpus, tfevents.records, "tfevents.records")
