"""TensorBoard's own data server reads what is written here, and sees what was meant."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.context import RequestContext
from tensorboard.data import provider, server_ingester
from tensorboard.util import grpc_util
from tfevents import SummaryWriter

CONTEXT = RequestContext()


@contextmanager
def serve(directory: Path) -> Iterator[Any]:
    """The server's data; it ends when its standard input does."""
    ingester = server_ingester.SubprocessServerDataIngester(
        server_binary=server_ingester.get_server_binary(),
        logdir=str(directory),
        reload_interval=1,
        channel_creds_type=grpc_util.ChannelCredsType.LOCAL,
        samples_per_plugin={},
    )
    ingester.start()
    try:
        yield ingester.data_provider
    finally:
        ingester._stdin_handle.close()


def eventually(read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What ``read`` finds, once the server has loaded the files."""
    for _ in range(1200):
        found = read()
        if found:
            return found
        time.sleep(0.1)
    return {}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_every_plugin_finds_its_data(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path / "run") as w:
        w.add_scalar_batch("s", np.arange(10) / 2, np.arange(10))
        w.add_scalar("n", 1.5, 3, new_style=True)
        w.add_histogram("h", np.arange(100), 1)
        w.add_image("i", np.zeros((3, 4, 5)), 2)
        w.add_audio("a", np.zeros(10), 3)
        w.add_text("t", "text", 4)
        w.add_pr_curve("p", [0, 1], [0.1, 0.9], 5)
        w.add_mesh("m", np.zeros((1, 4, 3)), global_step=6)
        w.add_hparams({"x": True}, {"s2": 1.0}, run_name=".")
        w.add_graph(b"")
    with serve(tmp_path) as server:
        look(server)


def look(server: Any) -> None:
    where = {"experiment_id": "", "downsample": 1000}
    scalars = eventually(
        lambda: server.read_scalars(
            CONTEXT,
            plugin_name="scalars",
            run_tag_filter=provider.RunTagFilter(tags=["s", "n"]),
            **where,
        )
    )["run"]
    assert [(p.step, p.value) for p in scalars["s"]] == [(i, i / 2) for i in range(10)]
    assert [(p.step, p.value) for p in scalars["n"]] == [(3, 1.5)]
    tensors = {"histograms": "h", "text": "t/text_summary", "pr_curves": "p", "mesh": "m_VERTEX"}
    for plugin, tag in tensors.items():
        found = server.read_tensors(CONTEXT, plugin_name=plugin, **where)["run"]
        assert list(found) == [tag]
        assert len(found[tag]) == 1
        if plugin == "histograms":
            rows = found[tag][0].numpy
            assert rows[:, 2].sum() == 100
    blobs = {"images": "i", "audio": "a"}
    for plugin, tag in blobs.items():
        found = server.read_blob_sequences(CONTEXT, plugin_name=plugin, **where)["run"]
        assert list(found) == [tag]
    hparams = server.list_tensors(CONTEXT, experiment_id="", plugin_name="hparams")["run"]
    assert sorted(hparams) == [
        "_hparams_/experiment",
        "_hparams_/session_end_info",
        "_hparams_/session_start_info",
    ]
