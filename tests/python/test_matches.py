"""A filter that nothing in the log meets: one warning, with the names that are near."""

import pickle
import re
import warnings

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import tfevents
from eventfiles import event, histogram, scalar, scalars, text

#: Names as Hydra, notebooks and people make them.
ODD = ["lr=[0.1, 0.2]", "a b", "new\nline", 'quo"te', "it's", "acc[top1]", "x{1,2}", "😀/*", "?"]


@pytest.fixture
def logs(log):
    log("train", [event(1, scalar("loss", 1), histogram("weights", [1.0], [2.0]))])
    log("train", [event(2, scalar("loss/val", 2), text("notes", "x"))], "2.tfevents")
    log("val", scalars("acc", [3]))
    return tfevents.open(log.root)


def message(function):
    with pytest.warns(tfevents.NoMatchWarning) as caught:
        function()
    assert len(caught) == 1
    assert caught[0].filename == __file__
    return str(caught[0].message)


def warned(function):
    """The message of the one warning, wherever it points."""
    with pytest.warns(tfevents.NoMatchWarning) as caught:
        function()
    assert len(caught) == 1
    return caught[0].message


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ("trian", "runs='trian' matches no run of this log; the nearest are 'train'"),
        (
            ["Train", "x*"],
            "runs=['Train', 'x*'] matches no run of this log; the nearest are 'train'",
        ),
        ("zzz", "runs='zzz' matches no run of this log; there are 'train', 'val'"),
        (
            re.compile("^z"),
            "runs=re.compile('^z') matches no run of this log; there are 'train', 'val'",
        ),
    ],
)
def test_runs_are_checked_at_the_call(logs, runs, expected):
    assert message(lambda: logs.scalars(runs=runs)) == expected


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"tags": "los"}, "tags='los' matches no tag of this log; "),
        ({"tags": "los"}, "; the nearest are 'loss', 'loss/val'"),
        ({"tags": ["LOSS", "w"]}, "the nearest are 'loss', 'loss/val', 'weights'"),
        ({"tags": re.compile("z")}, "tags=re.compile('z') matches no tag of this log; there are"),
        ({"tags": "weights"}, "'weights' is a tag of histograms(), not of scalars()"),
        ({"tags": "w*"}, "'weights' is a tag of histograms(), not of scalars()"),
        ({"tags": "acc", "runs": "t*"}, "matches no tag of the runs that match runs='t*'"),
        ({"tags": "acc", "runs": "t*"}, "there is one in 'val'"),
        ({"plugin": "scalar"}, "plugin='scalar' is the plugin of no series here"),
        ({"plugin": "scalar"}, "; the nearest are 'scalars'"),
        ({"plugin": "text"}, "'notes' is a tag of text(), not of scalars()"),
    ],
)
def test_what_is_said_of_tags_and_plugins(logs, filters, expected):
    assert expected in message(lambda: logs.scalars(**filters).to_arrow())


@pytest.fixture
def embedded(log):
    log("train", [event(1, scalar("loss", 1))])
    folder = log("points", [event(1, scalar("acc", 1))]).parent
    (folder / "tensors.tsv").write_text("1\t2\n")
    (folder / "projector_config.pbtxt").write_text(
        'embeddings { tensor_name: "logits" tensor_path: "tensors.tsv" }\n'
        'embeddings { tensor_name: "emb:00003" tensor_path: "tensors.tsv" }\n'
    )
    return tfevents.open(log.root)


def test_patterns_find_embeddings(embedded):
    def found(pattern):
        return embedded.embeddings(tags=re.compile(pattern)).to_arrow()["tag"].to_pylist()

    assert found("^emb$") == ["emb"]
    assert found("log|e") == ["logits", "emb"]
    assert "the nearest are" not in message(lambda: found("^z"))


@pytest.mark.parametrize(
    ("table", "filters", "expected"),
    [
        ("embeddings", {"tags": "logit"}, "matches no tag of this log; the nearest are 'logits'"),
        ("embeddings", {"tags": "emb", "runs": "train"}, "there is one in 'points'"),
        ("embeddings", {"tags": "loss"}, "'loss' is a tag of scalars(), not of embeddings()"),
        ("scalars", {"tags": "emb"}, "'emb' is a tag of embeddings(), not of scalars()"),
        ("series", {"tags": "emb"}, "'emb' is a tag of embeddings(), not of series()"),
        ("tensors", {"tags": "loss"}, "'loss' is a tag of scalars(), not of tensors()"),
    ],
)
def test_embeddings_have_tags_too(embedded, table, filters, expected):
    assert expected in message(lambda: getattr(embedded, table)(**filters).count())


def test_embeddings_left_out_by_steps_are_no_reason(embedded):
    assert embedded.embeddings(tags="emb", steps=4).count() == 0
    assert embedded.tensors(tags="loss", plugin="scalars").count() == 0


CONSUMERS = {
    "to_arrow": lambda scan, _: scan.to_arrow(),
    "to_pandas": lambda scan, _: scan.to_pandas(),
    "to_polars": lambda scan, _: scan.to_polars(),
    "count": lambda scan, _: scan.count(),
    "head": lambda scan, _: scan.head(3),
    "for": lambda scan, _: list(scan),
    "batches": lambda scan, _: list(scan.batches(10)),
    "by_series": lambda scan, _: list(scan.by_series()),
    "write_parquet": lambda scan, folder: scan.write_parquet(folder / "x.parquet"),
    "pickled": lambda scan, _: pickle.loads(pickle.dumps(scan)).count(),
}


@pytest.mark.parametrize("consumer", CONSUMERS)
@pytest.mark.parametrize("tags", ["los", re.compile("^los$")])
def test_every_consumer_warns_once(logs, consumer, tags, tmp_path):
    scan = logs.scalars(tags=tags)
    assert "'los" in message(lambda: CONSUMERS[consumer](scan, tmp_path))
    if consumer != "pickled":
        CONSUMERS[consumer](scan, tmp_path)  # an error if it warned again


@pytest.mark.parametrize(
    "read", [pa.table, pl.DataFrame, lambda scan: pa.RecordBatchReader.from_stream(scan).read_all()]
)
def test_a_stream_is_told_of_by_the_next_call(logs, read):
    read(logs.scalars(tags="los"))
    assert "'loss'" in message(lambda: logs.scalars(tags="loss").count())
    logs.scalars(tags="loss").count()


@pytest.mark.parametrize(
    "filters",
    [
        {"tags": "loss", "steps": slice(100, None)},
        {"tags": "loss", "wall_time": (0, 1)},
        {"plugin": "scalars", "steps": []},
        {"runs": "val", "steps": [7]},
        {"tags": ["loss", "los"]},
        {"steps": slice(100, None)},
    ],
)
def test_rows_left_out_by_steps_or_times_are_no_reason(logs, filters):
    logs.scalars(**filters).to_arrow()


def test_a_log_without_such_rows_is_no_reason(logs):
    assert logs.images().count() == logs.meshes(runs="val").count() == 0


@pytest.mark.parametrize("table", ["series", "events"])
def test_tables_of_all_kinds(logs, table):
    assert "tags='los'" in message(lambda: getattr(logs, table)(tags="los").count())
    assert getattr(logs, table)(tags="weights").count() == 1


def test_a_dataset_whose_conditions_nothing_meets_is_no_reason(logs):
    import pyarrow.dataset as ds

    dataset = logs.scalars().to_dataset()
    assert dataset.to_table(filter=ds.field("tag") == "los").num_rows == 0


DATASETS = {
    "to_table": lambda dataset: dataset.to_table(),
    "a condition": lambda dataset: dataset.to_table(filter=pc.field("step") > 0),
    "to_batches": lambda dataset: list(dataset.to_batches()),
    "count_rows": lambda dataset: dataset.count_rows(),
    "count_rows of some": lambda dataset: dataset.count_rows(pc.field("step") > 0),
    "polars": lambda dataset: pl.scan_pyarrow_dataset(dataset).collect(),
}


@pytest.mark.parametrize("read", DATASETS)
def test_a_dataset_of_a_scan_that_nothing_meets_warns(logs, read):
    dataset = logs.scalars(tags="los").to_dataset()
    assert "the nearest are 'loss'" in str(warned(lambda: DATASETS[read](dataset)))
    DATASETS[read](dataset)  # once


def test_odd_names_meet_themselves(log):
    names = [name.replace("/", "|") for name in ODD]
    for name in names:
        log(name, [event(1, scalar(name, 1))])
    logs = tfevents.open(log.root)
    tables = [logs.scalars, logs.series, logs.events]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in names:
            for given in (name, [name], re.compile(f"^{re.escape(name)}$")):
                for filters in ({"runs": given}, {"tags": given}, {"runs": given, "tags": given}):
                    for table in tables:
                        wanted = pickle.loads(pickle.dumps(table(**filters))).to_arrow()
                        assert wanted["run"].to_pylist() in ([name], [name] * 2), (name, filters)
                        assert name in wanted["tag"].to_pylist()
