"""Opening 10,000 small runs, next to a walk that does nothing but open each file.

The file system sets the bound here: a stat and an open for each file, and no reader can be faster
than a walk that makes just these calls.

python benches/python/open.py [--rounds N] [--peers-only] [--save]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from functools import partial
from pathlib import Path

import corpora
import peers
from corpora import ROOT, Corpus, WrongAnswerError
from report import OURS, Contestant, Record

THREADS = len(os.sched_getaffinity(0))


def _checked(corpus: Corpus, files: int, seconds: float, who: str) -> float:
    if files != corpus.files:
        raise WrongAnswerError(f"{who} on {corpus}: {files} files, not {corpus.files}")
    return seconds


def python_list(corpus: Corpus) -> float:
    """Names only: no file is opened."""
    start = time.perf_counter()
    files = sum(sum("tfevents" in name for name in names) for _, _, names in os.walk(corpus.path))
    return _checked(corpus, files, time.perf_counter() - start, "os.walk")


def python_walk(corpus: Corpus) -> float:
    """Each file found, opened, asked for its size and closed."""
    files = 0
    start = time.perf_counter()
    for directory, _, names in os.walk(corpus.path):
        for name in names:
            if "tfevents" in name:
                fd = os.open(f"{directory}/{name}", os.O_RDONLY)
                os.fstat(fd)
                os.close(fd)
                files += 1
    return _checked(corpus, files, time.perf_counter() - start, "Python walk")


def python_read(corpus: Corpus) -> float:
    """Each file found, opened and read as bytes, which are then thrown away."""
    files = 0
    start = time.perf_counter()
    for directory, _, names in os.walk(corpus.path):
        for name in names:
            if "tfevents" in name:
                Path(directory, name).read_bytes()
                files += 1
    return _checked(corpus, files, time.perf_counter() - start, "Python read")


def our_list(corpus: Corpus) -> float:
    """What ``open`` and ``runs`` take."""
    import tfevents

    start = time.perf_counter()
    runs = tfevents.open(corpus.path).runs
    return _checked(corpus, len(runs), time.perf_counter() - start, "tfevents.open")


def our_refresh(corpus: Corpus) -> float:
    """A second look at a log in which nothing changed."""
    import tfevents

    logs = tfevents.open(corpus.path)
    logs.series().to_arrow()
    logs.refresh()
    start = time.perf_counter()
    new = logs.refresh()
    seconds = time.perf_counter() - start
    if new:
        raise WrongAnswerError(f"refresh() found {new} in a log that nobody writes")
    return seconds


def main() -> int:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--peers-only", action="store_true")
    parser.add_argument("--save", action="store_true", help="as <date>-open-<cpu>.json")
    args = parser.parse_args()
    peers.build_loop()
    corpus = corpora.ensure("small-runs")
    corpora.warm(corpus)
    walks = {
        "list": [Contestant("os.walk", partial(python_list, corpus))],
        "open each file": [
            Contestant("C walk, opens each file", partial(peers.c_loop, corpus, "walk", 1)),
            Contestant("Python walk, opens each file", partial(python_walk, corpus)),
        ],
        "read all scalars": [
            Contestant("C loop", partial(peers.c_loop, corpus, "scalars", THREADS)),
            Contestant("Python walk, reads bytes", partial(python_read, corpus)),
            Contestant(
                "data server, default", partial(peers.data_server, corpus, "scalars", "default"), 3
            ),
        ],
    }
    if not args.peers_only:
        import ours

        walks["list"].insert(0, Contestant(OURS, partial(our_list, corpus)))
        walks["open each file"].insert(0, Contestant(OURS, partial(ours.series, corpus)))
        walks["read all scalars"].insert(
            0, Contestant(OURS, partial(ours.table, corpus, "scalars"))
        )
        walks["refresh(), nothing new"] = [Contestant(OURS, partial(our_refresh, corpus), 3)]
    record = Record(args.rounds)
    for bench, contestants in walks.items():
        record.compare(bench, corpus, corpus.files, contestants)
    print(record.markdown())
    if args.save:
        print(f"\nkept in {record.save(ROOT / 'benches/record', 'open')}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
