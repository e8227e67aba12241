"""Filters of `hparams()`: runs choose sessions; tags, steps and wall times their metrics."""

import re
import warnings

import eventfiles
import pytest
import tfevents
from eventfiles import event, scalar
from tensorboard.plugins.hparams import api_pb2
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

HPARAMS = ["lr"]
KEYS = ["run", "group", "status", "start_time", "end_time"]


def plugin_value(tag, message):
    value = eventfiles.value(tag)
    value.metadata.CopyFrom(eventfiles.metadata("hparams", message.SerializeToString()))
    return value


def start(rate):
    message = HParamsPluginData()
    message.session_start_info.hparams["lr"].number_value = rate
    return plugin_value("_hparams_/session_start_info", message)


@pytest.fixture
def logs(log):
    for number, run in enumerate(["a", "b"]):
        log(
            run,
            [event(step, scalar("loss", 10 * number + step), wall_time=step) for step in range(4)],
        )
        late = [event(9, scalar("acc", number), wall_time=900.0)]
        log(f"{run}/170000000{number}.5", [event(0, start(number)), *late])
    return tfevents.open(log.root)


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def metrics(scan):
    table = scan.to_arrow()
    assert table.column_names[: len(KEYS) + 1] == KEYS + HPARAMS
    return table.select(table.column_names[len(KEYS) + 1 :]).to_pydict()


def test_all_metrics_without_filters(logs):
    assert metrics(logs.hparams()) == {"acc": [0, 1], "loss": [3, 13]}


@pytest.mark.parametrize("tags", ["loss", "l*", ["loss", "none"], re.compile("^l")])
def test_tags_choose_metrics(logs, tags):
    assert metrics(logs.hparams(tags=tags)) == {"loss": [3, 13]}
    assert metrics(logs.hparams(tags=tags, runs="b")) == {"loss": [13]}


@pytest.mark.parametrize("tags", ["acc", re.compile("acc")])
def test_tags_of_a_sub_run_are_found_by_the_run_it_is_shown_as(logs, tags):
    assert metrics(logs.hparams(tags=tags, runs="a")) == {"acc": [0]}


def test_steps_and_wall_times_choose_points(logs):
    assert metrics(logs.hparams(steps=slice(None, 3))) == {"loss": [2, 12]}
    assert metrics(logs.hparams(steps=[1, 9])) == {"acc": [0, 1], "loss": [1, 11]}
    assert metrics(logs.hparams(wall_time=(800, None))) == {"acc": [0, 1]}
    assert metrics(logs.hparams(steps=[77])) == {}


def test_declared_metrics_are_chosen_too(log):
    message = HParamsPluginData()
    for tag in ("loss", "acc"):
        message.experiment.metric_infos.append(api_pb2.MetricInfo(name={"tag": tag}))
    declared = plugin_value("_hparams_/experiment", message)
    values = [scalar("loss", 1), scalar("acc", 2), scalar("other", 3)]
    log(".", [event(0, declared), event(0, start(1)), event(1, *values)])
    logs = tfevents.open(log.root)
    assert metrics(logs.hparams()) == {"acc": [2], "loss": [1]}
    assert metrics(logs.hparams(tags="loss")) == {"loss": [1]}
    assert metrics(logs.hparams(steps=[5])) == {"acc": [None], "loss": [None]}
    assert metrics(logs.hparams(tags="other")) == {}


def test_tags_that_match_nothing_are_told_of(logs):
    for tags in ("los", re.compile("^los$")):
        with pytest.warns(tfevents.NoMatchWarning, match="nearest are 'loss'|there are"):
            assert metrics(logs.hparams(tags=tags)) == {}


def test_only_kinds_that_can_be_metrics_are_no_reason(log):
    log("a", [event(0, start(1)), event(1, eventfiles.histogram("weights", [1.0], [2.0]))])
    with pytest.warns(tfevents.NoMatchWarning, match="tag of histograms"):
        tfevents.open(log.root).hparams(tags="weights").to_arrow()
