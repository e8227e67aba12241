"""What tensorboardX has beyond torch, called on its writer and on ours.

`tests/python/test_writer_golden.py` compares the other methods, and names what differs.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tfevents
from tensorboardX import SummaryWriter as TensorBoardXWriter
from test_beside_torch import runs, same

RNG = np.random.default_rng(0)
NORMAL = RNG.normal(size=500)
PICTURES = RNG.random((4, 3, 8, 9))

CALLS: dict[str, Callable[[Any], Any]] = {
    "scalar": lambda w: w.add_scalar("a", 0.5, 3),
    "scalar of a time": lambda w: w.add_scalar("a", 0.5, 3, 12.5),
    "display name": lambda w: w.add_scalar("a", 0.5, 3, display_name="A", summary_description="b"),
    "histogram": lambda w: w.add_histogram("a", NORMAL, 3),
    "histogram bins": lambda w: w.add_histogram("a", NORMAL, 3, bins=20),
    "histogram auto": lambda w: w.add_histogram("a", NORMAL, 3, bins="auto"),
    "image": lambda w: w.add_image("a", PICTURES[0], 3),
    "images": lambda w: w.add_images("a", PICTURES, 3),
    "images in a list": lambda w: w.add_images("a", list(PICTURES), 3, dataformats="CHW"),
    "text": lambda w: w.add_text("a", "b", 3),
    "pr_curve": lambda w: w.add_pr_curve("a", NORMAL > 0, abs(NORMAL) % 1, 3),
    "layout": lambda w: w.add_custom_scalars_multilinechart(["a"], category="c", title="t"),
    "step of a context": lambda w: in_context(w),
}


def in_context(w: Any) -> None:
    with w.use_metadata(global_step=7):
        w.add_scalar("a", 0.5)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CALLS)
def test_a_call_writes_what_tensorboardxs_does(tmp_path: Path, name: str) -> None:
    for kind, writer in (("ours", tfevents.SummaryWriter), ("theirs", TensorBoardXWriter)):
        with writer(str(tmp_path / kind), filename_suffix=".x") as w:
            CALLS[name](w)
    ours, theirs = runs(tmp_path / "ours"), runs(tmp_path / "theirs")
    assert ours.keys() == theirs.keys()
    for run, events in theirs.items():
        for got, wanted in itertools.zip_longest(ours[run], events):
            same(got, wanted)


@pytest.mark.parametrize("arguments", [("n", 3), ("n",), ()])
def test_trials_are_tensorboardxs(tmp_path: Path, arguments: Any) -> None:
    tables = []
    for kind, writer in (("ours", tfevents.SummaryWriter), ("theirs", TensorBoardXWriter)):
        with writer(str(tmp_path / kind)) as w:
            w.add_scalar("loss", 1.0, 0)
            w.add_hparams({"lr": 0.1, "deep": True}, {"m": 2.0}, *arguments)
        logs = tfevents.open(tmp_path / kind)
        rows = logs.hparams().to_arrow().to_pylist()
        points = logs.scalars(tags="m").to_arrow().to_pylist()
        tables.append((rows, [(point["step"], point["value"]) for point in points]))
    assert len(tables[0][0]) == 1
    assert tables[0] == tables[1]
