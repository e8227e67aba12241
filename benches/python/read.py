"""Reading, side by side: ours, the peers and the lower bound, all in one run.

python benches/python/read.py [--rounds N] [--only PART ...] [--peers-only] [--save]
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import corpora
import peers
from corpora import ROOT, WORK, Corpus
from report import OURS, Contestant, Record

try:
    import ours
except ModuleNotFoundError as missing:  # the peers can be measured without us
    if missing.name != "tfevents":
        raise
    ours = None  # type: ignore[assignment]

THREADS = len(os.sched_getaffinity(0))
TENSORFLOW = WORK / "venv-tf/bin/python"
SLOW = 3
"""Rounds for contestants that take seconds."""

TABLES = {
    "scalars-simple": "scalars",
    "scalars-tensor": "scalars",
    "scalars-tf2": "scalars",
    "scalars-one": "scalars",
    "histograms-tensor": "histograms",
    "histograms-legacy": "histograms",
}


class Bench:
    """The parts, by name."""

    def __init__(self, record: Record, *, with_ours: bool) -> None:
        self.record = record
        self.with_ours = with_ours

    def corpus(self, name: str, scale: float = 1.0) -> Corpus:
        """There, and in the page cache."""
        corpus = corpora.ensure(name, scale)
        corpora.warm(corpus)
        return corpus

    def ours(self, question: str, *args: Any) -> list[Contestant]:
        """Us, unless only the peers are wanted; ``question`` names a function of ``ours``."""
        if not self.with_ours:
            return []
        return [Contestant(OURS, partial(getattr(ours, question), *args))]

    def servers(self, corpus: Corpus, kind: str) -> list[Contestant]:
        """The data server in each of its modes."""
        return [
            Contestant(f"data server, {mode}", partial(peers.data_server, corpus, kind, mode), SLOW)
            for mode in peers.SERVER_FLAGS
        ]

    def tables(self) -> None:
        """Every point of one kind, every checksum checked, into a pyarrow.Table."""
        for name, kind in TABLES.items():
            corpus = self.corpus(name)
            contestants = [
                *self.ours("table", corpus, kind),
                Contestant("C loop", partial(peers.c_loop, corpus, kind, THREADS)),
                *self.servers(corpus, kind),
            ]
            if name == "scalars-one" and self.with_ours:
                one = partial(ours.table, corpus, kind, threads=1)
                contestants.append(Contestant("ours, one thread", one))
            self.record.compare("into a table", corpus, corpus.rows(kind), contestants)

    def verify(self) -> None:
        """Every checksum of 2 GB."""
        corpus = self.corpus("images")
        contestants = [
            *self.ours("verify", corpus),
            Contestant("C loop", partial(peers.c_loop, corpus, "verify", THREADS)),
            *self.servers(corpus, "images"),
        ]
        self.record.compare("verify all", corpus, corpus.records, contestants)

    def selective(self) -> None:
        """The scalars out of a log that is 99 % images by bytes."""
        corpus = self.corpus("images-99")
        contestants = [
            *self.ours("table", corpus, "scalars"),
            Contestant("C loop", partial(peers.c_loop, corpus, "scalars", THREADS)),
            *self.servers(corpus, "scalars"),
        ]
        self.record.compare("scalars among images", corpus, corpus.rows("scalars"), contestants)

    def catalogue(self) -> None:
        """Which series there are; no payload decoded."""
        if not self.with_ours:
            return
        for name in ("scalars-simple", "images-99", "small-runs"):
            corpus = self.corpus(name)
            contestants = self.ours("series", corpus)
            self.record.compare("series()", corpus, corpus.records, contestants)

    def parquet(self) -> None:
        """From event files to one zstd Parquet file."""
        corpus = self.corpus("scalars-simple")
        table = peers.c_table(corpus)
        corpora.check_table(corpus, "scalars", table, "C loop, dumped")
        sizes: dict[str, int] = {}

        def sized(name: str, run: Callable[[], tuple[float, int]]) -> Contestant:
            def seconds() -> float:
                taken, sizes[name] = run()
                return taken

            return Contestant(name, seconds)

        write = partial(peers.pyarrow_parquet, corpus, table)
        contestants = [
            sized("pyarrow from memory, defaults", partial(write, tuned=False)),
            sized("pyarrow from memory, tuned", partial(write, tuned=True)),
        ]
        if self.with_ours:
            contestants.insert(0, sized(OURS, partial(ours.parquet, corpus)))
        rows = corpus.rows("scalars")
        for result in self.record.compare("to zstd Parquet", corpus, rows, contestants):
            result.extra["file_megabytes"] = sizes[result.contestant] / 1e6
            self.record.note(bench="Parquet size", contestant=result.contestant, **result.extra)
        small = self.corpus("scalars-simple", 0.02)
        contestants = [
            *([sized(OURS, partial(ours.parquet, small))] if self.with_ours else []),
            Contestant("tbparse, pandas", partial(peers.tbparse_parquet, small), SLOW),
        ]
        self.record.compare("to zstd Parquet", small, small.rows("scalars"), contestants)

    def python(self) -> None:
        """What Python scripts use; scaled down, since they take minutes otherwise."""
        corpus = self.corpus("scalars-simple", 0.02)
        contestants = [
            *self.ours("table", corpus, "scalars"),
            Contestant("EventAccumulator", partial(peers.event_accumulator, corpus), SLOW),
            Contestant("tbparse", partial(peers.tbparse_frame, corpus), SLOW),
        ]
        self.record.compare("Python readers", corpus, corpus.rows("scalars"), contestants)
        contestants = [
            *self.ours("summary_iterator", corpus),
            Contestant("EventFileLoader", partial(peers.event_file_loader, corpus), SLOW),
        ]
        if self.with_ours:
            contestants.append(Contestant("ours, records()", partial(ours.records, corpus)))
        if TENSORFLOW.exists():
            iterate = partial(peers.tensorflow_iterator, corpus, TENSORFLOW)
            contestants.append(Contestant("TensorFlow summary_iterator", iterate, SLOW))
        else:
            self.record.note(bench="events one by one", tensorflow="not installed, not measured")
        self.record.compare("events one by one", corpus, corpus.records, contestants)

    def linear(self) -> None:
        """Ten times the data."""
        if not self.with_ours:
            return
        medians = []
        for scale in (1.0, 10.0):
            corpus = self.corpus("scalars-simple", scale)
            contestants = self.ours("table", corpus, "scalars")
            rows = corpus.rows("scalars")
            medians += [r.median for r in self.record.compare("linear", corpus, rows, contestants)]
        self.record.note(bench="linear", ten_times_the_data=medians[1] / medians[0])

    def memory(self) -> None:
        """Peaks, each in a process of its own."""
        if not self.with_ours:
            return
        from memory import measure

        for name, kind in TABLES.items():
            self.record.note(**measure("table", self.corpus(name), kind))
        for name, kind in (*TABLES.items(), ("images", "images"), ("images-99", "scalars")):
            self.record.note(**measure("stream", self.corpus(name), kind))


PARTS = ("tables", "verify", "selective", "catalogue", "parquet", "python", "linear", "memory")


def main() -> int:
    """Measures, prints a table, keeps a record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--peers-only", action="store_true")
    parser.add_argument("--save", action="store_true", help="also a record that is not whole")
    args = parser.parse_args()
    if ours is None and not args.peers_only:
        parser.error("tfevents is not installed here; --peers-only measures the others")
    peers.build_loop()
    record = Record(args.rounds)
    bench = Bench(record, with_ours=not args.peers_only)
    for part in args.only:
        print(f"{part}: {getattr(Bench, part).__doc__}", file=sys.stderr)
        getattr(bench, part)()
    print(record.markdown())
    if args.save or (tuple(args.only) == PARTS and not args.peers_only):
        print(f"\nkept in {record.save(ROOT / 'benches/record', 'read')}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
