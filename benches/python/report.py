"""Runs contestants in turn, and keeps what came out: a record in JSON, a table in Markdown."""

from __future__ import annotations

import datetime
import gc
import json
import os
import platform
import re
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from corpora import ROOT, Corpus

PEERS = ("tensorboard", "tensorboard-data-server", "tbparse", "pyarrow", "pandas", "tfevents")
OURS = "ours"


@dataclass
class Contestant:
    """Somebody who answers a question. ``rounds`` bounds how often the slow ones are asked."""

    name: str
    run: Callable[[], float]
    rounds: int = 1000


@dataclass
class Result:
    """What one contestant took for one question on one corpus."""

    bench: str
    corpus: str
    contestant: str
    rows: int
    megabytes: float
    seconds: list[float] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def median(self) -> float:
        """Of all rounds."""
        return statistics.median(self.seconds)


class Record:
    """All results of one run, with the circumstances."""

    def __init__(self, rounds: int) -> None:
        self.rounds = rounds
        self.results: list[Result] = []
        self.other: list[dict[str, Any]] = []
        self.date = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d")
        self.load_before = os.getloadavg()

    def compare(
        self, bench: str, corpus: Corpus, rows: int, contestants: list[Contestant]
    ) -> list[Result]:
        """A B C, A B C, ...: whatever else the machine does, it does to all of them."""
        results = [
            Result(bench, str(corpus), each.name, rows, corpus.bytes / 1e6) for each in contestants
        ]
        for each in contestants:
            if each.rounds >= self.rounds:
                each.run()  # warm up: code paged in, allocators grown
        for turn in range(self.rounds):
            for each, result in zip(contestants, results, strict=True):
                if turn < each.rounds:
                    gc.collect()
                    result.seconds.append(each.run())
        for result in results:
            print(f"  {line(result)}", file=sys.stderr, flush=True)
        self.results += results
        return results

    def note(self, **what: Any) -> None:
        """Anything that is not a time: memory, sizes, ratios."""
        print(f"  {what}", file=sys.stderr, flush=True)
        self.other.append(what)

    def save(self, directory: Path, what: str) -> Path:
        """Writes the record; its name says when, what and on which processor."""
        cpu = cpu_name()
        slug = re.sub(r"[^a-z0-9]+", "-", cpu.lower()).strip("-")
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"{self.date}-{what}-{slug}.json"
        results = [
            {
                **{key: value for key, value in vars(result).items() if key != "extra"},
                "median": result.median,
                "min": min(result.seconds),
                **result.extra,
            }
            for result in self.results
        ]
        record = {
            "date": self.date,
            "cpu": cpu,
            "cores": len(os.sched_getaffinity(0)),
            "kernel": platform.release(),
            "python": platform.python_version(),
            "commit": commit(),
            "versions": versions(),
            "load_before": self.load_before,
            "load_after": os.getloadavg(),
            "rounds": self.rounds,
            "results": results,
            "other": self.other,
        }
        path.write_text(json.dumps(record, indent=1) + "\n")
        return path

    def markdown(self) -> str:
        """One table for each question; the last column compares with ours."""
        out = [f"{self.date}, {cpu_name()}, {len(os.sched_getaffinity(0))} cores, {commit()}", ""]
        for bench in dict.fromkeys(result.bench for result in self.results):
            out += [f"**{bench}**", "", "| corpus | contestant | median | min | rate | to ours |"]
            out += ["|---|---|---:|---:|---:|---:|"]
            rows = [result for result in self.results if result.bench == bench]
            for r in rows:
                ours = next(
                    (o for o in rows if o.corpus == r.corpus and o.contestant == OURS), None
                )
                ratio = f"{_ratio(r, ours):.2f} x" if ours else ""
                out.append(
                    f"| {r.corpus} | {r.contestant} | {r.median:.4f} s | {min(r.seconds):.4f} s "
                    f"| {_rate(r)} | {ratio} |"
                )
            out.append("")
        out += [f"- {json.dumps(note)}" for note in self.other]
        return "\n".join(out)


def _ratio(result: Result, ours: Result) -> float:
    """The median of the ratios round by round, which drift less than the times."""
    pairs = zip(result.seconds, ours.seconds, strict=False)
    return statistics.median(theirs / mine for theirs, mine in pairs)


def _rate(result: Result) -> str:
    rate = result.rows / result.median
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if rate >= size:
            return f"{rate / size:.3g} {unit} rows/s"
    return f"{rate:.3g} rows/s"


def line(result: Result) -> str:
    """For people who watch."""
    times = f"median {result.median:.4f} s, min {min(result.seconds):.4f} s"
    return f"{result.bench} | {result.corpus} | {result.contestant}: {times}, {_rate(result)}"


def cpu_name() -> str:
    """As the kernel calls it."""
    for text in Path("/proc/cpuinfo").read_text().splitlines():
        if text.startswith("model name"):
            return text.split(":", 1)[1].strip()
    return platform.machine()


def commit() -> str:
    """The commit measured, and whether the tree had changes beside it."""
    args = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=10"]
    found = subprocess.run(args, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"


def versions() -> dict[str, str]:
    """Of the peers, and of us."""
    found = {}
    for name in PEERS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found
