"""Reads the sample logs, shows what is in them, exports them to Parquet, and asks SQL questions.

make demo

Writes below .demo only.
"""

from __future__ import annotations

import time
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import tfevents

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "tests" / "data" / "golden"
OUT = ROOT / ".demo"
KINDS = (
    *("scalars", "histograms", "tensors", "images", "audio", "text", "pr_curves", "meshes"),
    *("graphs", "layouts", "embeddings", "hparams", "events"),
)


def catalogue(logs: tfevents.LogDir) -> None:
    """Runs times kinds: how many series of each."""
    series = logs.series(columns=["run", "kind"]).to_arrow()
    kinds = [kind for kind in KINDS if kind in set(series["kind"].to_pylist())]
    counts = {run: dict.fromkeys(kinds, 0) for run in logs.runs}
    for row in series.to_pylist():
        counts[row["run"]][row["kind"]] += 1
    print(f"{'run':<46}", *(f"{kind[:6]:>6}" for kind in kinds))
    for run, row in counts.items():
        print(f"{run:<46}", *(f"{row[kind] or '·':>6}" for kind in kinds))


def timing(logs: tfevents.LogDir) -> None:
    """All kinds of the samples, and a million scalars."""
    files = logs.files().to_arrow()
    start = time.perf_counter()
    rows = sum(getattr(logs, kind)().to_arrow().num_rows for kind in KINDS)
    seconds = time.perf_counter() - start
    size = sum(files["size"].to_pylist()) / 1e6
    print(
        f"samples: {len(files)} files, {size:.1f} MB, {len(KINDS)} kinds, {rows:,} rows, ", end=""
    )
    print(f"each into a pyarrow.Table: {seconds * 1000:.0f} ms")

    # An event file is nothing but records, so one may be repeated to get a larger one.
    run = OUT / "million" / "run"
    run.mkdir(parents=True, exist_ok=True)
    sample = next(SAMPLES.glob("torch_digits/lr0.01_bs32/acc_val/*tfevents*"))
    large = run / sample.name
    large.write_bytes(sample.read_bytes() * 250_000)
    megabytes = large.stat().st_size / 1e6
    rounds = []
    for _ in range(5):
        start = time.perf_counter()
        table = tfevents.open(run).scalars().to_arrow()
        rounds.append(time.perf_counter() - start)
    print(f"{table.num_rows:,} scalars, {megabytes:.0f} MB, every checksum checked: ", end="")
    print(f"{min(rounds) * 1000:.0f} ms, the best of {len(rounds)}")
    large.unlink()


def plot(
    lines: dict[str, tuple[np.ndarray, np.ndarray]], width: int = 72, height: int = 14
) -> None:
    """Lines over a logarithmic y axis; each character is a 2 x 4 grid of braille dots."""
    low = np.log(min(y.min() for _, y in lines.values()))
    high = np.log(max(y.max() for _, y in lines.values()))
    end = max(x[-1] for x, _ in lines.values())
    dots = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
    cells, colours = np.zeros((height, width), int), np.zeros((height, width), int)
    for colour, (x, y) in enumerate(lines.values(), start=32):
        columns = np.arange(int(x[-1] / end * (width * 2 - 1)) + 1)
        heights = np.interp(columns / (width * 2 - 1) * end, x, np.log(y))
        rows = ((high - heights) / (high - low) * (height * 4 - 1)).round().astype(int)
        for column, start, stop in zip(columns[1:], rows, rows[1:], strict=False):
            for row in range(min(start, stop), max(start, stop) + 1):
                cells[row // 4, column // 2] |= dots[row % 4, column % 2]
                colours[row // 4, column // 2] = colour
    for number in range(height):
        label = f"{np.exp(high - (high - low) * number / (height - 1)):6.3f}"
        line = "".join(
            f"\x1b[{colour}m{chr(0x2800 + cell)}" if cell else " "
            for cell, colour in zip(cells[number], colours[number], strict=True)
        )
        print(f"{label} │{line}\x1b[0m")
    names = (f"\x1b[{colour}m● {name}\x1b[0m" for colour, name in enumerate(lines, start=32))
    print(" " * 7, *names, f"   steps 0 to {end}")


def export(logs: tfevents.LogDir) -> None:
    """Every kind to a Parquet file of its own."""
    target = OUT / "parquet"
    target.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        path = target / f"{kind}.parquet"
        rows = getattr(logs, kind)().write_parquet(path)
        print(f"{path.relative_to(ROOT)!s:<32} {rows:>6,} rows {path.stat().st_size:>9,} bytes")


def ask(question: str) -> None:
    """Runs SQL over the Parquet files, which are named as they are."""
    print(f"\nsql> {question}")
    with duckdb.connect() as database:
        for path in (OUT / "parquet").glob("*.parquet"):
            database.read_parquet(str(path)).create_view(path.stem)
        answer: pa.Table = database.sql(question).to_arrow_table()
    print("  ".join(f"{name:<28}" for name in answer.column_names))
    for row in answer.to_pylist():
        cells = (f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in row.values())
        print("  ".join(f"{cell:<28}" for cell in cells))


def heading(text: str) -> None:
    print(f"\n\x1b[1m{text}\x1b[0m")


def main() -> None:
    OUT.mkdir(exist_ok=True)
    logs = tfevents.open(SAMPLES)

    heading("The catalogue: logs.series()")
    catalogue(logs)

    heading('A table: logs.scalars(runs="torch_digits/*", tags="loss/*", steps=slice(40, 44))')
    loss = logs.scalars(runs="torch_digits/*", tags="loss/*")
    print(f"{'run':<30} {'step':>5} {'value':>8}")
    few = logs.scalars(runs="torch_digits/*", tags="loss/*", steps=slice(40, 44))
    for row in few.to_arrow().to_pylist():
        print(f"{row['run']:<30} {row['step']:>5} {row['value']:>8.4f}")

    heading("The time it takes")
    timing(logs)

    heading("loss/train over the steps")
    plot({s.run.split("/")[-1]: (s.step, s.value) for s in loss.by_series()})

    heading("Every kind to Parquet: scan.write_parquet(path)")
    export(logs)

    heading("SQL over it")
    ask(
        "select hparams.run, lr, bsize, max(value) as best_accuracy "
        "from hparams join scalars on scalars.run = hparams.run || '/acc_val' "
        "group by all order by best_accuracy desc"
    )
    ask(
        "select kind, count(distinct run) as runs, count(*) as events, sum(length) as bytes "
        "from events where kind is not null group by kind order by bytes desc limit 5"
    )


if __name__ == "__main__":
    main()
