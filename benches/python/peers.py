"""What users have today, and the lower bound. Each function reads once and returns its seconds.

None returns before its answer was checked, outside the clock.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import grpc
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tensorboard_data_server
from corpora import ROOT, WORK, Answer, Corpus, WrongAnswerError, fold, tag_hashes
from tensorboard.backend.event_processing.event_accumulator import (
    SCALARS,
    STORE_EVERYTHING_SIZE_GUIDANCE,
    TENSORS,
    EventAccumulator,
)
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.data.proto import data_provider_pb2 as pb
from tensorboard.data.proto.data_provider_pb2_grpc import TensorBoardDataProviderStub

LOOP = WORK / "loop"
SERVER_SAMPLES = {"scalars": 1000, "histograms": 100, "images": 10}
SERVER_FLAGS = {
    "default": (),
    "checksum": ("--checksum",),
    "all": ("--samples-per-plugin=scalars=all,histograms=all,images=all",),
    "all+checksum": ("--checksum", "--samples-per-plugin=scalars=all,histograms=all,images=all"),
}


def build_loop() -> None:
    """Compiles the C loop for this very processor."""
    source = ROOT / "benches/peers/loop.c"
    if not LOOP.exists() or LOOP.stat().st_mtime < source.stat().st_mtime:
        flags = ["-O3", "-march=native", "-Wall", "-Wextra", "-pthread"]
        subprocess.run([os.environ.get("CC", "cc"), *flags, "-o", LOOP, source], check=True)


def c_loop(corpus: Corpus, mode: str, threads: int) -> float:
    """The C loop; ``mode`` is a kind, "verify" or "walk"."""
    # The first pass of a process pays for memory that the machine hands out for the first time;
    # contestants that stay in one process have left that behind, so the second pass counts.
    args = [str(LOOP), mode, str(corpus.path), str(threads), "2"]
    got = json.loads(subprocess.run(args, check=True, capture_output=True, text=True).stdout)
    wrong = [key for key in ("records", "bytes") if got[key] != getattr(corpus, key)]
    if mode == "walk":
        wrong = ["bytes"] if got["bytes"] != corpus.bytes else []
    elif mode != "verify":
        want = corpus.kinds[mode]
        wrong += [key for key in ("rows", "sum_step", "buckets", "mix") if got[key] != want[key]]
    if wrong:
        raise WrongAnswerError(f"C loop on {corpus}, {mode}: {wrong} in {got}")
    return float(got["seconds"][-1])


def c_table(corpus: Corpus) -> pa.Table:
    """All scalars as a table, by way of the C loop: there with or without a reader of ours."""
    with tempfile.TemporaryDirectory(dir=WORK) as tmp:
        args = [str(LOOP), "scalars", str(corpus.path), "2", "1", "map", tmp]
        subprocess.run(args, check=True, stdout=subprocess.DEVNULL)
        d = Path(tmp)
        columns: dict[str, pa.Array] = {}
        for name in ("run", "tag"):
            names = pa.array((d / f"{name}s.txt").read_text().splitlines())
            indices = pa.array(np.fromfile(d / name, np.int32))
            columns[name] = pa.DictionaryArray.from_arrays(indices, names)
        columns["step"] = pa.array(np.fromfile(d / "step", np.int64))
        columns["wall_time"] = pa.array(np.fromfile(d / "wall_time", np.float64))
        columns["value"] = pa.array(np.fromfile(d / "value", np.float64))
    return pa.table(columns)


def data_server(corpus: Corpus, kind: str, mode: str) -> float:
    """TensorBoard's data server, from spawning it until it says that the log is loaded."""
    with tempfile.TemporaryDirectory(dir=WORK) as tmp:
        port_file = Path(tmp) / "port"
        args = [tensorboard_data_server.server_binary(), f"--logdir={corpus.path}"]
        args += ["--reload=once", "--port=0", f"--port-file={port_file}", "--verbose"]
        args += ["--die-after-stdin", *SERVER_FLAGS[mode]]
        environ = {key: value for key, value in os.environ.items() if key != "RUST_LOG"}
        start = time.perf_counter()
        with subprocess.Popen(
            args, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ
        ) as server:
            try:
                assert server.stderr
                if not any("Finished load cycle" in line for line in server.stderr):
                    raise WrongAnswerError(f"the data server died on {corpus}")
                seconds = time.perf_counter() - start
                port = int(port_file.read_text())
                _check_server(corpus, kind, mode, port)
            finally:
                server.kill()
    return seconds


def _check_server(corpus: Corpus, kind: str, mode: str, port: int) -> None:
    """Whole series where every point was asked for, else as many points as it promises to keep."""
    options = [("grpc.max_receive_message_length", -1)]
    rows = 0
    answer = Answer()
    series = set()
    with grpc.insecure_channel(f"localhost:{port}", options=options) as channel:
        stub = TensorBoardDataProviderStub(channel)
        runs = [run.name for run in stub.ListRuns(pb.ListRunsRequest(experiment_id="")).runs]
        if len(runs) != corpus.runs:
            raise WrongAnswerError(f"the data server found {len(runs)} runs in {corpus}")
        service, request_type = {
            "scalars": (stub.ReadScalars, pb.ReadScalarsRequest),
            "histograms": (stub.ReadTensors, pb.ReadTensorsRequest),
            "images": (stub.ReadBlobSequences, pb.ReadBlobSequencesRequest),
        }[kind]
        asked = runs if len(runs) <= 100 else runs[::100]
        for run in asked:
            request = request_type()
            request.plugin_filter.plugin_name = kind
            request.run_tag_filter.runs.names.append(run)
            request.downsample.num_points = 1 << 40
            for found in service(request).runs:
                for tag in found.tags:
                    series.add((found.run_name, tag.tag_name))
                    rows += len(tag.data.step)
                    if kind == "scalars":
                        step = np.array(tag.data.step, np.int64)
                        value = np.array(tag.data.value, np.float64)
                        wall_time = np.array(tag.data.wall_time)
                        name = tag_hashes([tag.tag_name])
                        answer.add(name, step, wall_time, fold(value), value.sum())
    who = f"data server ({mode})"
    if mode.startswith("all") and kind == "scalars" and len(asked) == len(runs):
        answer.check(corpus, kind, who)
        return
    each = corpus.rows(kind) * len(asked) // len(runs) // max(len(series), 1)
    want = len(series) * (each if mode.startswith("all") else min(each, SERVER_SAMPLES[kind]))
    if rows != want:
        raise WrongAnswerError(f"{who} on {corpus}: {rows} rows, not {want}")


def event_accumulator(corpus: Corpus) -> float:
    """EventAccumulator with every point kept, run after run."""
    start = time.perf_counter()
    accumulators = []
    for run in sorted(path for path in corpus.path.rglob("*") if path.is_dir()):
        accumulator = EventAccumulator(str(run), size_guidance=STORE_EVERYTHING_SIZE_GUIDANCE)
        accumulators.append(accumulator.Reload())
    points = [
        (tag, accumulator.Scalars(tag))
        for accumulator in accumulators
        for tag in accumulator.Tags()[SCALARS]
    ]
    seconds = time.perf_counter() - start
    if any(accumulator.Tags()[TENSORS] for accumulator in accumulators):
        raise WrongAnswerError("EventAccumulator keeps tensor scalars elsewhere; use simple_value")
    answer = Answer()
    for tag, events in points:
        wall_time = np.array([event.wall_time for event in events])
        step = np.array([event.step for event in events], np.int64)
        value = np.array([event.value for event in events], np.float64)
        answer.add(tag_hashes([tag]), step, wall_time, fold(value), value.sum())
    answer.check(corpus, "scalars", "EventAccumulator")
    return seconds


def tbparse_frame(corpus: Corpus) -> float:
    """Tbparse, into one pandas.DataFrame."""
    from tbparse import SummaryReader

    columns = {"dir_name", "wall_time"}
    start = time.perf_counter()
    frame = SummaryReader(str(corpus.path), extra_columns=columns, event_types={"scalars"}).scalars
    seconds = time.perf_counter() - start
    _check_frame(corpus, frame)
    return seconds


def tbparse_parquet(corpus: Corpus) -> float:
    """Tbparse, pandas, zstd Parquet."""
    from tbparse import SummaryReader

    columns = {"dir_name", "wall_time"}
    target = WORK / "tbparse.parquet"
    start = time.perf_counter()
    frame = SummaryReader(str(corpus.path), extra_columns=columns, event_types={"scalars"}).scalars
    frame.to_parquet(target, compression="zstd")
    seconds = time.perf_counter() - start
    if pq.read_metadata(target).num_rows != corpus.rows("scalars"):
        raise WrongAnswerError("tbparse wrote other rows")
    _check_frame(corpus, frame)
    target.unlink()
    return seconds


def _check_frame(corpus: Corpus, frame: object) -> None:
    answer = Answer()
    for tag, rows in frame.groupby("tag"):  # type: ignore[attr-defined]
        value = rows["value"].to_numpy(np.float64)
        step, wall_time = rows["step"].to_numpy(np.int64), rows["wall_time"].to_numpy(np.float64)
        answer.add(tag_hashes([tag]), step, wall_time, fold(value), value.sum())
    answer.check(corpus, "scalars", "tbparse")


def event_file_loader(corpus: Corpus) -> float:
    """TensorBoard's own iterator over events, in Python."""
    files = sorted(str(path) for path in corpus.path.rglob("*tfevents*"))
    events = 0
    start = time.perf_counter()
    for file in files:
        for _ in EventFileLoader(file).Load():
            events += 1
    seconds = time.perf_counter() - start
    return _checked_events(corpus, events, seconds, "EventFileLoader")


def tensorflow_iterator(corpus: Corpus, python: Path) -> float:
    """``tf.compat.v1.train.summary_iterator``, in an environment of its own.

    TensorFlow beside TensorBoard changes how TensorBoard reads, so the two are kept apart.
    """
    script = """
import pathlib, sys, time
import tensorflow as tf
files = sorted(str(path) for path in pathlib.Path(sys.argv[1]).rglob("*tfevents*"))
start, events = time.perf_counter(), 0
for file in files:
    for _ in tf.compat.v1.train.summary_iterator(file):
        events += 1
print(time.perf_counter() - start, events)
"""
    environ = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    args = [str(python), "-W", "ignore", "-c", script, str(corpus.path)]
    out = subprocess.run(args, check=True, capture_output=True, text=True, env=environ).stdout
    seconds, events = out.split()[-2:]
    return _checked_events(corpus, int(events), float(seconds), "summary_iterator")


def _checked_events(corpus: Corpus, events: int, seconds: float, who: str) -> float:
    if events != corpus.records:
        raise WrongAnswerError(f"{who} on {corpus}: {events} events, not {corpus.records}")
    return seconds


def pyarrow_parquet(corpus: Corpus, table: pa.Table, *, tuned: bool) -> tuple[float, int]:
    """pyarrow, from a table already in memory; ``tuned`` with the encodings that we choose."""
    tuning = {
        "use_dictionary": ["run", "tag"],
        "column_encoding": {
            "step": "DELTA_BINARY_PACKED",
            "wall_time": "BYTE_STREAM_SPLIT",
            "value": "BYTE_STREAM_SPLIT",
        },
    }
    target = WORK / "pyarrow.parquet"
    start = time.perf_counter()
    pq.write_table(table, target, compression="zstd", **(tuning if tuned else {}))
    seconds = time.perf_counter() - start
    if pq.read_metadata(target).num_rows != corpus.rows("scalars"):
        raise WrongAnswerError("pyarrow wrote other rows")
    size = target.stat().st_size
    target.unlink()
    return seconds, size
