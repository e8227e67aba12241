"""Hyperparameters: a trial for each call, read by TensorBoard and by `hparams`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import eventfiles
import golden
import numpy as np
import pytest
import tfevents
from google.protobuf.json_format import ParseDict
from tensorboard import context
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.plugins import base_plugin
from tensorboard.plugins.hparams import api_pb2, backend_context, list_session_groups
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
from tfevents import SummaryWriter

# The lists are of one length, one place for each trial.
RATES = [0.1, 0.2, 0.3, 0.4, 0.5]
SCORES = [10.0, 20.0, 30.0, 40.0, 50.0]


def values(directory: Path) -> dict[str, list[tuple[int, Any]]]:
    return golden.by_tag(golden.run(directory))


def in_tensorboard(directory: Path) -> list[tuple[float, float]]:
    """Rate and score of every session that TensorBoard's plugin shows."""
    multiplexer = EventMultiplexer().AddRunsFromDirectory(str(directory)).Reload()
    provider = MultiplexerDataProvider(multiplexer, str(directory))
    backend = backend_context.Context(base_plugin.TBContext(data_provider=provider))
    request = api_pb2.ListSessionGroupsRequest(
        slice_size=1000, allowed_statuses=api_pb2.Status.values()
    )
    handler = list_session_groups.Handler(context.RequestContext(), backend, "", request)
    found = []
    for group in handler.run().session_groups:
        for session in group.sessions:
            (metric,) = session.metric_values
            found.append((group.hparams["lr"].number_value, metric.value))
    return sorted(found)


def in_ours(directory: Path) -> list[tuple[float, float]]:
    rows = tfevents.open(directory).hparams().to_arrow().to_pylist()
    return sorted((row["lr"], row["hparam/score"]) for row in rows)


def add(writer: SummaryWriter, rate: float, score: float) -> None:
    writer.add_hparams({"lr": rate}, {"hparam/score": score})


WANTED = sorted(zip(RATES, SCORES, strict=True))


def test_every_call_of_one_writer_is_a_trial(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path / "run") as w:
        w.add_scalar("loss", 1.0, 7)
        for rate, score in WANTED:
            add(w, rate, score)
    assert in_tensorboard(tmp_path) == in_ours(tmp_path) == WANTED
    assert values(tmp_path / "run").keys() == {"loss"}


def test_every_writer_on_one_directory_adds_trials(tmp_path: Path) -> None:
    for rate, score in WANTED:
        with SummaryWriter(tmp_path) as w:
            add(w, rate, score)
    assert in_tensorboard(tmp_path) == in_ours(tmp_path) == WANTED


def test_trials_at_one_instant_are_kept_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: 1700000000.25)
    with SummaryWriter(tmp_path) as w:
        w.add_scalar("x", 1.0, 0)
        for rate, score in WANTED:
            add(w, rate, score)
    assert in_ours(tmp_path) == WANTED


def test_no_trial_takes_a_metric_of_another(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as w:
        w.add_scalar("loss", 9.0, 0)  # of which trial, nobody knows
        w.add_hparams({"lr": 1}, {"loss": 1.0, "a": 1.0})
        w.add_hparams({"lr": 2}, {"b": 2.0})
        w.add_hparams({"lr": 3}, {"loss": 3.0}, run_name=".")
    rows = tfevents.open(tmp_path).hparams().to_arrow().to_pylist()
    found = sorted((row["lr"], row["loss"], row["a"], row["b"]) for row in rows)
    assert found == [(1, 1, 1, None), (2, None, None, 2), (3, 3, None, None)]


def test_one_trial_takes_the_metrics_of_its_training(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as w:
        w.add_scalar("loss", 9.0, 0)
        w.add_hparams({"lr": 1}, {"score": 1.0})
    with SummaryWriter(tmp_path / "other") as w:
        w.add_hparams({"lr": 2}, {"loss": 2.0}, run_name=".")
    rows = tfevents.open(tmp_path).hparams().to_arrow().to_pylist()
    assert sorted((row["lr"], row["loss"], row["score"]) for row in rows) == [
        (1, 9, 1),
        (2, 2, None),
    ]


def test_the_name_of_the_directory_itself_is_the_own_file(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as w:
        hparams = {"a": True, "b": np.bool_(False), "c": np.float32(1.5), "d": None, "e": len}
        w.add_hparams({**hparams, "f": [1, 2]}, {"m": 2}, {"c": [1.5, 2]}, ".", 4)
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]
    tags = values(tmp_path)
    content = tags["_hparams_/session_start_info"][0][1].metadata.plugin_data.content
    start = HParamsPluginData.FromString(content).session_start_info.hparams
    kinds = {
        name: (v.WhichOneof("kind"), getattr(v, v.WhichOneof("kind"))) for name, v in start.items()
    }
    assert kinds == {
        "a": ("bool_value", True),
        "b": ("bool_value", False),
        "c": ("number_value", 1.5),
        "e": ("string_value", "len"),
        "f": ("string_value", "[1, 2]"),
    }
    ((step, metric),) = tags["m"]
    assert (step, metric.simple_value) == (4, 2)
    content = tags["_hparams_/experiment"][0][1].metadata.plugin_data.content
    infos = HParamsPluginData.FromString(content).experiment.hparam_infos
    assert [list(i.domain_discrete) for i in infos if i.name == "c"] == [[1.5, 2]]


NAMED = [
    pytest.param((None, "n", 3), {}, id="torch"),
    pytest.param(({}, "n", 3), {}, id="torch-without-domains"),
    pytest.param(({"lr": [1.0, 2.0]}, "n", 3), {}, id="torch-with-domains"),
    pytest.param(("n", 3), {}, id="tensorboardX"),
    pytest.param(("n", np.int64(3)), {}, id="tensorboardX-numpy"),
    pytest.param(("n",), {"global_step": 3}, id="tensorboardX-keyword"),
    pytest.param((), {"name": "n", "global_step": 3}, id="tensorboardX-keywords"),
]


@pytest.mark.parametrize(("positional", "keywords"), NAMED)
def test_positions_of_both_writers_are_told_apart(
    tmp_path: Path, positional: Any, keywords: dict[str, Any]
) -> None:
    with SummaryWriter(tmp_path) as w:
        w.add_hparams({"lr": 1.0}, {"m": 2.0}, *positional, **keywords)
    tags = values(tmp_path / "n")
    assert [step for step, _ in tags["m"]] == [3]
    assert [step for step, _ in tags["_hparams_/session_start_info"]] == [3]


def test_a_step_in_fourth_place_needs_no_name(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as w:
        w.add_hparams({"lr": 1.0}, {"m": 2.0}, None, 3)
    (trial,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert [step for step, _ in values(trial)["m"]] == [3]


@pytest.mark.parametrize(
    ("arguments", "keywords", "text"),
    [
        (("n", "m"), {}, "a name in third place and `run_name` must not both be given"),
        (("n",), {"run_name": "m"}, "use run_name= alone"),
        ((), {"name": "n", "run_name": "m"}, "`name` and `run_name`"),
        (("n", 3, 4), {}, "give run_name= and global_step= by keyword"),
        (({"lr": [1.0]}, 3), {}, "`run_name` must be a str, not 3"),
        ((3,), {}, "`hparam_domain_discrete` must be a dict"),
        ((), {"name": 3}, "`name` must be a str"),
    ],
)
def test_mixed_positions_are_refused(
    tmp_path: Path, arguments: Any, keywords: dict[str, Any], text: str
) -> None:
    with SummaryWriter(tmp_path) as w, pytest.raises(TypeError, match=text):
        w.add_hparams({"lr": 1.0}, {"m": 2.0}, *arguments, **keywords)
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ((3, {}), TypeError, "`hparam_dict` must be"),
        (({"a": 1}, {"m": "x"}), ValueError, "metric_dict"),
        (({"a": 1}, {}, {"a": ["x"]}), TypeError, "domain"),
    ],
)
def test_bad_arguments_are_named_before_anything_is_written(
    tmp_path: Path, arguments: Any, error: type[Exception], text: str
) -> None:
    with SummaryWriter(tmp_path) as w, pytest.raises(error, match=text):
        w.add_hparams(*arguments)
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


@pytest.mark.skipif(sys.platform != "linux", reason="counts what /proc/self/fd lists")
def test_sub_runs_of_hparams_hold_no_files_open(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as w:
        before = len(list(Path("/proc/self/fd").iterdir()))
        for number in range(20):
            w.add_hparams({"n": number}, {"m": 1.0}, run_name=f"hp{number}")
        assert len(list(Path("/proc/self/fd").iterdir())) == before
        assert len(w.all_writers) == 1
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 20


FULL = """
import resource, sys, warnings
from tfevents import SummaryWriter

warnings.simplefilter("ignore")
w = SummaryWriter(sys.argv[1], on_error="drop")
w.add_scalar("x", 1.0, 0)
w.flush()
# Every file that grows beyond this is refused, as on a full disk.
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))
w.add_hparams({"name": "x" * 2_000}, {"m": 1.0}, run_name="hp")
w.add_scalars("s", {"a": 1.0})
w.all_writers[sys.argv[1] + "/s_a"].add_scalar("y" * 2_000, 1.0, 0, None)
w.close()
stats = w.stats
# At least the start of the session and the long tag, and every record is one or the other.
assert stats["dropped"] >= 2, stats
assert stats["dropped"] + stats["written"] == 7, stats
assert stats["dropped_bytes"] > 4_000, stats
assert stats["pending"] == 0, stats
assert "File too large" in stats["last_error"], stats
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits on the size of files")
def test_what_sub_runs_lose_is_counted(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", FULL, tmp_path], check=True, timeout=300)


# Columns of `hparams`, from hand-made protos.

OWN = ["run", "group", "status", "start_time", "end_time"]


def write_session(log: Any, run: str, hparams: dict[str, Any], **metrics: float) -> Path:
    """A session with these hyperparameters, and scalars."""
    message = HParamsPluginData()
    message.session_start_info.start_time_secs = 5.0
    for name, value in hparams.items():
        ParseDict(value, message.session_start_info.hparams[name])
    start = eventfiles.value("_hparams_/session_start_info")
    start.metadata.CopyFrom(eventfiles.metadata("hparams", message.SerializeToString()))
    scalars = [eventfiles.scalar(tag, number) for tag, number in metrics.items()]
    path: Path = log(run, [eventfiles.event(0, start), eventfiles.event(1, *scalars)])
    return path


def columns(log: Any, **options: Any) -> dict[str, list[Any]]:
    table = tfevents.open(log.root).hparams(**options).to_arrow()
    found: dict[str, list[Any]] = table.to_pydict()
    return found


def test_names_get_a_prefix_only_where_they_collide(log: Any) -> None:
    hparams = {"lr": 0.5, "status": "warm", "run": 3, "depth": 2, "loss": 1, "file": "f"}
    write_session(log, "a", hparams, loss=0.25, acc=0.75, start_time=9.0, **{"hparam/loss": 4.0})
    found = columns(log)
    assert list(found) == [
        *OWN,
        *["depth", "hparam/file", "hparam/loss_2", "lr", "hparam/run", "hparam/status"],
        *["acc", "hparam/loss", "metric/loss", "metric/start_time"],
    ]
    assert found["run"] == ["a"]
    assert found["hparam/run"] == [3.0]
    assert found["start_time"] == [5.0]
    assert found["metric/start_time"] == [9.0]
    assert found["hparam/loss_2"] == [1.0]  # the name with the prefix is a metric's already
    assert found["hparam/loss"] == [4.0]
    assert found["metric/loss"] == [0.25]


def test_lists_structs_and_nulls_leave_a_trace(log: Any) -> None:
    hparams = {"layers": [32, 64.5, None, "x"], "optimiser": {"name": "adam", "eps": 1e-8}}
    write_session(log, "a", {**hparams, "seed": None, "warm": None})
    write_session(log, "b", {"layers": None, "seed": 7})
    found = columns(log)
    assert found["layers"] == ['[32, 64.5, null, "x"]', None]
    assert json.loads(found["layers"][0]) == hparams["layers"]
    assert json.loads(found["optimiser"][0]) == hparams["optimiser"]
    assert found["seed"] == [None, 7.0]
    assert found["warm"] == [None, None]


def test_values_of_several_types_are_text(log: Any) -> None:
    for run, value in zip("abcde", [1, 0.5, True, "x", [1]], strict=True):
        write_session(log, run, {"h": value, "flag": run == "b"})
    found = columns(log)
    assert found["h"] == ["1", "0.5", "true", "x", "[1]"]
    assert found["flag"] == [False, True, False, False, False]


def test_provenance_is_the_record_that_began_the_session(log: Any) -> None:
    paths = [write_session(log, run, {"lr": 1}) for run in "ab"]
    assert "file" not in columns(log)
    found = columns(log, columns=["run", "file", "offset"])
    assert found == {"run": ["a", "b"], "file": list(map(str, paths)), "offset": [0, 0]}


def test_embeddings_name_the_file_of_their_values(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as w:
        w.add_embedding(np.eye(3), tag="e")
    logs = tfevents.open(tmp_path)
    assert "file" not in logs.embeddings().schema.names
    (row,) = logs.embeddings(columns=["tag", "file"]).to_arrow().to_pylist()
    assert row["tag"] == "e"
    assert np.loadtxt(row["file"], delimiter="\t").tolist() == np.eye(3).tolist()
