"""Every method, called on torch's writer and on ours: the events and files are compared."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import golden
import matplotlib as mpl
import numpy as np
import pytest
import tfevents
import torch
from test_writer_golden import assert_same
from torch.utils.tensorboard import FileWriter as TorchFileWriter
from torch.utils.tensorboard import SummaryWriter as TorchWriter

mpl.use("Agg")
from matplotlib import pyplot as plt

RNG = np.random.default_rng(0)
NORMAL = torch.tensor(RNG.normal(size=1000))
PICTURES = torch.tensor(RNG.random((4, 3, 8, 9)), dtype=torch.float32)
BYTES = torch.tensor(RNG.integers(0, 256, (3, 8, 9)), dtype=torch.uint8)
POINTS = torch.tensor(RNG.normal(size=(4, 3)), dtype=torch.float32)
LABELS = torch.tensor(RNG.integers(0, 2, 100))
CHANCES = torch.tensor(RNG.random(100))
COUNTS = np.arange(5)
SHARES = np.linspace(0, 1, 5)
VERTICES = torch.tensor(RNG.random((1, 4, 3)), dtype=torch.float32)
COLORS = torch.tensor(RNG.integers(0, 255, (1, 4, 3)))
FACES = torch.tensor([[[0, 1, 2], [0, 2, 3]]])
RAW = {"min": 0.0, "max": 1.0, "num": 9, "sum": 5.0, "sum_squares": 3.0}
LAYOUT = {"A": {"loss": ["Multiline", ["s", "t"]], "m": ["Margin", ["s", "t", "u"]]}}


class Net(torch.nn.Module):
    """A model with branches and a nested module."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU())
        self.outer = torch.nn.Linear(4, 2)

    def forward(self, x: Any) -> Any:
        return torch.nn.functional.softmax(self.outer(self.inner(x)), 1)


NET = Net()


def figure() -> Any:
    made = plt.figure(figsize=(2, 2))
    plt.plot([1, 2, 3])
    return made


CALLS: dict[str, Callable[[Any], Any]] = {
    "scalar": lambda w: w.add_scalar("a", 0.5, 3),
    "scalar tensor": lambda w: w.add_scalar("a", torch.tensor(0.5), 3),
    "scalar variable": lambda w: w.add_scalar("a", torch.ones(1, requires_grad=True), 3),
    "scalar half": lambda w: w.add_scalar("a", torch.tensor([1.5], dtype=torch.bfloat16), 3),
    "scalar numpy": lambda w: w.add_scalar("a", np.float32(0.1), np.int64(3)),
    "scalar new": lambda w: w.add_scalar("a", 0.1, 3, new_style=True),
    "scalar double": lambda w: w.add_scalar("a", 0.1, 3, new_style=True, double_precision=True),
    "scalar without step": lambda w: w.add_scalar("a", 0.5),
    "scalar of a time": lambda w: w.add_scalar("a", 0.5, 3, 12.5),
    "scalar infinite": lambda w: w.add_scalar("a", float("-inf"), -3),
    "scalars": lambda w: w.add_scalars("a/b", {"x": 1.0, "y": torch.tensor(2.0)}, 3),
    "tensor": lambda w: w.add_tensor("a", POINTS, 3),
    "tensor of integers": lambda w: w.add_tensor("a", FACES.int(), 3),
    "tensor complex": lambda w: w.add_tensor("a", torch.complex(POINTS, POINTS), 3),
    "tensor empty": lambda w: w.add_tensor("a", torch.empty(0), 3),
    "histogram": lambda w: w.add_histogram("a", NORMAL, 3),
    "histogram float": lambda w: w.add_histogram("a", NORMAL.float(), 3),
    "histogram integers": lambda w: w.add_histogram("a", COLORS, 3),
    "histogram auto": lambda w: w.add_histogram("a", NORMAL, 3, "auto"),
    "histogram fd": lambda w: w.add_histogram("a", np.arange(1024.0), 3, "fd", max_bins=5),
    "histogram doane": lambda w: w.add_histogram("a", np.arange(1024.0), 3, "doane", max_bins=5),
    "histogram bins": lambda w: w.add_histogram("a", NORMAL, 3, bins=17),
    "histogram raw": lambda w: w.add_histogram_raw(
        "a", **RAW, bucket_limits=[0.5, 1.0], bucket_counts=[4, 5], global_step=3
    ),
    "image": lambda w: w.add_image("a", PICTURES[0], 3),
    "image bytes": lambda w: w.add_image("a", BYTES, 3),
    "image HWC": lambda w: w.add_image("a", BYTES.permute(1, 2, 0), 3, dataformats="HWC"),
    "image HW": lambda w: w.add_image("a", PICTURES[0, 0], 3, dataformats="HW"),
    "image of one channel": lambda w: w.add_image("a", PICTURES[0, :1], 3),
    "images": lambda w: w.add_images("a", PICTURES, 3),
    "images of one channel": lambda w: w.add_images("a", PICTURES[:, :1], 3),
    "boxes": lambda w: w.add_image_with_boxes(
        "a", PICTURES[0].repeat(1, 4, 4), torch.tensor([[2, 2, 9, 9.0]]), 3
    ),
    "figure": lambda w: w.add_figure("a", figure(), 3),
    "figures": lambda w: w.add_figure("a", [figure(), figure()], 3),
    "audio": lambda w: w.add_audio("a", torch.sin(torch.arange(800.0))[None], 3, 8000),
    "text": lambda w: w.add_text("a", "**é**", 3),
    "pr_curve": lambda w: w.add_pr_curve("a", LABELS, CHANCES, 3),
    "pr_curve weights": lambda w: w.add_pr_curve("a", LABELS, CHANCES, 3, 20, CHANCES.numpy()),
    "pr_curve raw": lambda w: w.add_pr_curve_raw(
        "a", COUNTS, COUNTS, COUNTS, COUNTS, SHARES, SHARES, 3, num_thresholds=5
    ),
    "mesh": lambda w: w.add_mesh("a", VERTICES, COLORS, FACES, {"x": 1}, 3),
    "mesh of points": lambda w: w.add_mesh("a", VERTICES, global_step=3),
    "custom scalars": lambda w: w.add_custom_scalars(LAYOUT),
    "multiline": lambda w: w.add_custom_scalars_multilinechart(["s", "t"], "c", "t"),
    "margin": lambda w: w.add_custom_scalars_marginchart(["s", "t", "u"]),
    "graph": lambda w: w.add_graph(NET, torch.zeros(1, 3)),
    "graph of a tuple": lambda w: w.add_graph(NET, (torch.zeros(1, 3),), use_strict_trace=False),
    "hparams": lambda w: w.add_hparams(
        {"lr": 0.1, "n": 3, "name": "z", "t": torch.tensor([2.0])}, {"m": 1.0}, run_name="hp"
    ),
    "hparams of a domain": lambda w: w.add_hparams(
        {"lr": 0.1}, {"m": 1.0}, {"lr": [0.1, 0.2]}, "hp", 7
    ),
    "hparams in place": lambda w: w.add_hparams({"lr": 0.1}, {"m": 1.0}, None, "a/b"),
    "embedding": lambda w: w.add_embedding(POINTS, list("abcd"), PICTURES[..., :8], 3, "x/y"),
    "embedding alone": lambda w: w.add_embedding(POINTS),
    "embedding of columns": lambda w: w.add_embedding(
        POINTS, [["a", 1], ["b", 2], ["c", 3], ["d", 4]], metadata_header=["n", "v"]
    ),
}


def same(ours: Any, theirs: Any) -> None:
    assert ours.step == theirs.step
    assert ours.WhichOneof("what") == theirs.WhichOneof("what")
    if not theirs.HasField("summary"):
        for event in (ours, theirs):
            event.ClearField("source_metadata")
            event.wall_time = 0
        assert ours == theirs
        return
    assert len(ours.summary.value) == len(theirs.summary.value)
    for value, gold in zip(ours.summary.value, theirs.summary.value, strict=True):
        assert_same(value, gold)


def runs(root: Path) -> dict[str, list[Any]]:
    found = {path.parent for path in root.rglob("*tfevents*")}
    return {str(one.relative_to(root)): golden.run(one) for one in found}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CALLS)
def test_a_call_writes_what_torchs_does(tmp_path: Path, name: str) -> None:
    for kind, writer in (("ours", tfevents.SummaryWriter), ("theirs", TorchWriter)):
        with writer(str(tmp_path / kind), filename_suffix=".x") as w:
            CALLS[name](w)
    ours, theirs = runs(tmp_path / "ours"), runs(tmp_path / "theirs")
    assert ours.keys() == theirs.keys()
    for run, events in theirs.items():
        # Sub-runs of add_hparams: their version event is the same, the events are in one order.
        for got, wanted in itertools.zip_longest(ours[run], events):
            same(got, wanted)
    files = {
        kind: sorted(
            path.relative_to(tmp_path / kind)
            for path in (tmp_path / kind).rglob("*")
            if path.is_file() and "tfevents" not in path.name
        )
        for kind in ("ours", "theirs")
    }
    assert files["ours"] == files["theirs"]
    for path in files["ours"]:
        if path.suffix == ".tsv":
            assert (tmp_path / "ours" / path).read_text() == (
                tmp_path / "theirs" / path
            ).read_text()


def test_wall_times_that_are_given_are_kept(tmp_path: Path) -> None:
    with tfevents.SummaryWriter(tmp_path) as w:
        CALLS["scalar of a time"](w)
    assert golden.run(tmp_path)[-1].wall_time == 12.5


def test_a_restart_is_the_same(tmp_path: Path) -> None:
    for kind, writer in (("ours", tfevents.SummaryWriter), ("theirs", TorchWriter)):
        with writer(str(tmp_path / kind), purge_step=5) as w:
            w.add_scalar("a", 1.0, 5)
    for got, wanted in itertools.zip_longest(
        golden.run(tmp_path / "ours"), golden.run(tmp_path / "theirs")
    ):
        same(got, wanted)


@pytest.mark.parametrize("given", [{"log_dir": ""}, {"comment": "_c"}])
def test_the_default_directory_is_torchs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    hosts = set()
    for writer in (tfevents.SummaryWriter, TorchWriter):
        with writer(**given) as w:
            assert Path(w.log_dir).parent == Path("runs")
            hosts.add(Path(w.log_dir).name.split("_", 2)[2])  # behind day and time
    assert len(hosts) == 1


def test_a_closed_writer_says_so_as_torchs(tmp_path: Path) -> None:
    for writer in (tfevents.SummaryWriter, TorchWriter):
        w = writer(str(tmp_path))
        assert (w.file_writer is None, w.all_writers is None) == (False, False)
        w.close()
        assert (w.file_writer, w.all_writers, w.get_logdir()) == (None, None, str(tmp_path))


def test_a_file_writer_has_torchs_arguments_and_methods(tmp_path: Path) -> None:
    public = {name for name in dir(TorchFileWriter) if not name.startswith("_")}
    assert public <= set(dir(tfevents.FileWriter))
    for writer in (tfevents.FileWriter, TorchFileWriter):
        w = writer(str(tmp_path / writer.__module__), 10, 120, ".x")
        w.add_event(golden.Event(step=3), 4, 5.0)
        w.event_writer.add_event(golden.Event(step=6, wall_time=7.0))
        w.flush()
        w.close()
        events = golden.run(tmp_path / writer.__module__)
        assert [(e.step, e.wall_time) for e in events[1:]] == [(4, 5.0), (6, 7.0)]


@pytest.mark.filterwarnings("ignore")
def test_a_sweep_of_torch_reads_the_same(tmp_path: Path) -> None:
    tables = []
    for kind, writer in (("ours", tfevents.SummaryWriter), ("theirs", TorchWriter)):
        with writer(str(tmp_path / kind / "run")) as w:
            w.add_scalar("loss", 1.0, 0)
            for i in range(5):
                w.add_hparams(
                    {"lr": 0.1 * i, "bsize": i}, {"hparam/accuracy": 10 * i, "hparam/loss": i}
                )
        rows = tfevents.open(tmp_path / kind).hparams().to_arrow().to_pylist()
        tables.append(sorted(rows, key=lambda row: row["lr"]))
    assert len(tables[0]) == 5
    assert tables[0] == tables[1]
    assert [row["hparam/accuracy"] for row in tables[0]] == [0, 10, 20, 30, 40]
