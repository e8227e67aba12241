"""Draws ``docs/chart.svg`` from a record: one group of bars a corpus, on a logarithmic scale.

python benches/python/chart.py [record.json [chart.svg]]

Without a record, the newest. The SVG is written by hand: three dozen rectangles need no library,
and it follows the reader's light or dark theme.
"""

from __future__ import annotations

import json
import math
import sys
from html import escape
from pathlib import Path
from typing import Any

from corpora import ROOT

TITLES = {
    "scalars-simple": "5 M scalars, simple_value",
    "scalars-tensor": "5 M scalars, tensors",
    "scalars-tf2": "5 M scalars, tensors, metadata on each",
    "scalars-one": "2 M scalars, one file",
    "histograms-tensor": "200 k histograms, 30 buckets",
    "histograms-legacy": "100 k histograms, 200 buckets",
    "images": "2 GB of images, verify all",
}
NAMES = {
    "ours": "tfevents",
    "C loop": "C loop, the lower bound",
    "data server, default": "data server, a sample, no checksums",
    "data server, checksum": "data server, a sample, checksums",
    "data server, all+checksum": "data server, all points, checksums",
}
CLASSES = {"ours": "ours", "C loop": "bound"}
BENCHES = ("into a table", "verify all")
TICKS = [0.01, 0.1, 1.0, 10.0]
LEFT, RIGHT, WIDTH = 240, 70, 860
BAR, GAP, HEAD, TOP = 15, 12, 22, 64

STYLE = """
text { font: 12px system-ui, sans-serif; fill: #333 }
.title { font-size: 16px; font-weight: 600 } .corpus { font-weight: 600 }
.note { fill: #777 } .grid { stroke: #ddd }
rect { fill: #b8bfc9 } .ours { fill: #e8710a } .bound { fill: #5b7fa6 }
@media (prefers-color-scheme: dark) {
  text { fill: #ddd } .note { fill: #999 } .grid { stroke: #444 } rect { fill: #6b7280 }
  .ours { fill: #ff9540 } .bound { fill: #7fa6d1 }
}
"""


def x(seconds: float) -> float:
    """Where a time stands on the axis."""
    low, high = math.log10(TICKS[0] / 2), math.log10(TICKS[-1])
    share = (math.log10(seconds) - low) / (high - low)
    return LEFT + max(share, 0.002) * (WIDTH - LEFT - RIGHT)


def seconds_text(seconds: float) -> str:
    """Three digits, in the unit that needs no zeros."""
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"


def draw(record: dict[str, Any]) -> str:
    """The SVG."""
    results = [r for r in record["results"] if r["bench"] in BENCHES and r["contestant"] in NAMES]
    body: list[str] = []
    y = TOP
    for corpus, title in TITLES.items():
        bars = [r for r in results if r["corpus"] == corpus]
        if not bars:
            continue
        y += HEAD
        megabytes = f"{bars[0]['megabytes']:.0f} MB"
        body.append(f'<text class="corpus" x="8" y="{y - 6}">{escape(title)}, {megabytes}</text>')
        order = list(NAMES)
        for bar in sorted(bars, key=lambda r: order.index(r["contestant"])):
            name, median = bar["contestant"], bar["median"]
            end = x(median)
            middle = y + BAR - 4
            body += [
                f'<text x="{LEFT - 6}" y="{middle}" text-anchor="end">{escape(NAMES[name])}</text>',
                f'<rect class="{CLASSES.get(name, "peer")}" x="{LEFT}" y="{y}" '
                f'width="{end - LEFT:.1f}" height="{BAR - 3}"/>',
                f'<text x="{end + 5:.1f}" y="{middle}">{seconds_text(median)}</text>',
            ]
            y += BAR
        y += GAP
    grid = []
    for tick in TICKS:
        at = f"{x(tick):.1f}"
        grid += [
            f'<line class="grid" x1="{at}" y1="{TOP}" x2="{at}" y2="{y}"/>',
            f'<text class="note" x="{at}" y="{TOP - 6}" text-anchor="middle">{tick:g} s</text>',
        ]
    about = (
        "Median seconds, logarithmic; shorter is better. "
        f"{record['cpu']}, {record['cores']} cores, page cache warm, "
        f"{record['date']}, {record['commit']}"
    )
    height = y + 8
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'width="{WIDTH}" height="{height}" role="img">',
            f"<title>{escape(about)}</title>",
            f"<style>{STYLE}</style>",
            '<text class="title" x="8" y="22">Reading whole logs into memory</text>',
            f'<text class="note" x="8" y="40">{escape(about)}</text>',
            *grid,
            *body,
            "</svg>\n",
        ]
    )


def main() -> int:
    """Reads a record, writes the chart."""
    args = sys.argv[1:]
    records = sorted((ROOT / "benches/record").glob("[0-9]*-read-*.json"))
    source = Path(args[0]) if args else records[-1]
    target = ROOT / "docs/chart.svg" if len(args) < 2 else ROOT / args[1]
    svg = draw(json.loads(source.read_text()))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(svg)
    print(f"{target} from {source}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
