"""The calls that made the golden folders, made again on our writer.

`tests/data/golden/generate.py` made them on torch's and tensorboardX's, with one generator of
random numbers for both; here it starts from the same seed, so that every number is the same.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tfevents import SummaryWriter

SEED = 7
_EDGES = [float("nan"), float("inf"), float("-inf"), 0.0, -0.0, 1e-45, 3.4e38]
_RAW = {
    "min": 0.0,
    "max": 1.0,
    "num": 10,
    "sum": 5.0,
    "sum_squares": 3.0,
    "bucket_limits": [0.5, 1.0],
    "bucket_counts": [4, 6],
}


def sine() -> np.ndarray:
    """0.1 s of a tone at 8 kHz."""
    return np.sin(np.linspace(0, 440 * np.pi * 2, 800))


def torch_all(directory: Path, rng: np.random.Generator) -> None:
    """Folder ``torch_all``."""
    w = SummaryWriter(directory, filename_suffix=".all")
    for i in range(5):
        w.add_scalar("s", float(rng.normal()), i)
        w.add_scalar("s_new", float(rng.normal()), i, new_style=True)
        w.add_scalar("s_dbl", float(rng.normal()), i, new_style=True, double_precision=True)
        w.add_tensor("t", rng.normal(size=(2, 3)).astype("f4"), i)
    for i, v in enumerate(_EDGES):
        w.add_scalar("edge", v, i)
    w.add_scalar("negative_step", 1.0, -5)
    w.add_scalar("no_step", 2.0)
    w.add_scalar("big_step", 1.0, 2**62)
    w.add_scalar("ünï/códe 标签 😀", 1.0, 1)
    w.add_scalar("", 1.5, 1)
    w.add_scalar("walltime", 1.0, 1, walltime=1234567890.123456)
    w.add_histogram("h", rng.normal(size=1000), 0)
    w.add_histogram("h", rng.normal(size=1000), 1, bins="auto")
    w.add_histogram("h_int", rng.integers(-5, 5, 100), 0)
    w.add_histogram_raw("hraw", **_RAW, global_step=0)
    w.add_image("im_chw", rng.random((3, 8, 9)), 0)
    w.add_image("im_hw", rng.random((8, 9)), 0, dataformats="HW")
    picture = rng.random((3, 32, 32))
    w.add_image_with_boxes("boxes", picture, np.array([[2, 2, 20, 20.0]]), 0, labels=["a"])
    w.add_video("vid", rng.integers(0, 255, (1, 4, 3, 16, 16)).astype("u1"), 0, fps=4)
    w.add_audio("snd", sine().astype("f4")[None], 0, sample_rate=8000)
    w.add_text("txt", "hello *world*", 0)
    w.add_text("txt", "| a | b |\n|--|--|\n| 1 | 2 |", 1)
    w.add_pr_curve("pr", rng.integers(0, 2, 100), rng.random(100), 0)
    ramp = np.arange(5)
    up, down = np.linspace(0, 1, 5), np.linspace(1, 0, 5)
    w.add_pr_curve_raw("prraw", ramp, ramp, ramp, ramp, up, down, 0, num_thresholds=5)
    vertices = rng.random((1, 4, 3)).astype("f4")
    colors = rng.integers(0, 255, (1, 4, 3))
    faces = np.array([[[0, 1, 2], [0, 2, 3]]])
    w.add_mesh("mesh", vertices=vertices, colors=colors, faces=faces, global_step=0)
    lines = {"loss": ["Multiline", ["s", "s_new"]], "m": ["Margin", ["s", "s_new", "s_dbl"]]}
    w.add_custom_scalars({"A": lines})
    w.add_hparams({"a": 1, "b": "x", "c": True, "d": 0.5}, {"m": 1.0}, run_name="hp")
    w.close()
    w = SummaryWriter(directory / "restart")
    for i in range(10):
        w.add_scalar("x", float(i), i)
    w.close()
    w = SummaryWriter(directory / "restart", purge_step=5)
    for i in range(5, 8):
        w.add_scalar("x", 100.0 + i, i)
    w.close()


def tbx_all(directory: Path, rng: np.random.Generator) -> None:
    """Folder ``tbx_all``; ``rng`` is where `torch_all` left it."""
    w = SummaryWriter(directory, write_to_disk=True)
    for i in range(5):
        value = float(rng.normal())
        w.add_scalar("s", value, i, display_name="S!", summary_description="desc **md**")
        w.add_scalars("grp", {"a": i, "b": i * i}, i)
    w.add_histogram("h", rng.normal(size=500), 0, bins=20)
    w.add_histogram_raw("hraw", **_RAW, global_step=0)
    w.add_image("im", rng.random((3, 8, 9)), 0)
    w.add_images("ims", rng.random((4, 3, 8, 9)), 0)
    w.add_audio("snd", sine(), 0, sample_rate=8000)
    w.add_video("vid", rng.integers(0, 255, (1, 4, 3, 16, 16)).astype("u1"), 0, fps=4)
    w.add_text("txt", "hi", 0)
    w.add_pr_curve("pr", rng.integers(0, 2, 100), rng.random(100), 0)
    w.add_mesh("mesh", vertices=rng.random((1, 4, 3)).astype("f4"), global_step=0)
    points = rng.normal(size=(6, 4)).astype("f4")
    w.add_embedding(points, metadata=list("abcdef"), global_step=1, tag="emb")
    points = rng.normal(size=(6, 4)).astype("f4")
    rows, header = [("a", 1)] * 6, ["n", "v"]
    w.add_embedding(points, rows, global_step=2, tag="emb2", metadata_header=header)
    w.add_custom_scalars_multilinechart(["s"], category="c", title="t")
    w.add_hparams({"lr": 0.1, "name": "z"}, {"acc": 0.9}, name="hpx", global_step=3)
    w.close()
