"""Peak memory, each question in a process of its own, watched from outside.

The peak resident set cannot tell a copy from a page of the file that happens to be mapped: the
latter costs nothing that the page cache does not hold anyway. So the parent samples what the
process itself allocated (``RssAnon``) and reports both. The peak is ``VmHWM``, not ``ru_maxrss``,
since that one starts at the peak of the parent process.

    python memory.py table scalars <dir>     reads a table and prints how large it is
    python memory.py stream scalars <dir>    reads batch by batch
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from corpora import Corpus, WrongAnswerError

MIB = 1 << 20


def measure(question: str, corpus: Corpus, kind: str) -> dict[str, Any]:
    """Peaks in MiB, also above what the process took before it opened the log."""
    args = [sys.executable, __file__, question, kind, str(corpus.path)]
    with subprocess.Popen(
        args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("the measured process did not start")
        before = _status(process.pid)
        process.stdin.write("go\n")
        process.stdin.flush()
        anon = 0.0
        samples = 0
        while process.poll() is None:
            status = _status(process.pid)
            anon = max(anon, status.get("RssAnon", 0.0))
            samples += 1
            time.sleep(0.001)
        out, _ = process.communicate()
    if process.returncode or samples < 3:
        raise RuntimeError(f"{args} failed, or was over too soon to watch")
    got = json.loads(out)
    if got["rows"] != corpus.rows(kind):
        raise WrongAnswerError(f"{question} of {kind} on {corpus}: {got['rows']} rows")
    return {
        "bench": f"memory: {question}",
        "corpus": str(corpus),
        "kind": kind,
        "table": got["nbytes"] / MIB,
        "first_read": got["seconds"],
        "peak": got["peak"],
        "peak_above_start": got["peak"] - before["VmHWM"],
        "peak_anonymous_above_start": anon - before["RssAnon"],
    }


def _status(pid: int | str) -> dict[str, float]:
    """In MiB."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    fields = (line.split() for line in lines if line.startswith(("VmHWM", "RssAnon")))
    return {field[0].rstrip(":"): int(field[1]) / 1024 for field in fields}


def _measured(question: str, kind: str, path: str) -> None:
    import pyarrow as pa
    import tfevents

    pa.table({"a": [1]})  # so that its own start-up is not counted as ours
    print("ready", flush=True)
    sys.stdin.readline()
    rows = nbytes = 0
    start = time.perf_counter()
    scan = getattr(tfevents.open(path), kind)()
    if question == "table":
        table = scan.to_arrow()
        rows, nbytes = table.num_rows, table.nbytes
    else:
        for batch in scan:
            rows += batch.num_rows
            nbytes = max(nbytes, batch.nbytes)
    seconds = time.perf_counter() - start
    peak = _status("self")["VmHWM"]
    print(json.dumps({"rows": rows, "nbytes": nbytes, "peak": peak, "seconds": seconds}))


if __name__ == "__main__":
    _measured(*sys.argv[1:])
