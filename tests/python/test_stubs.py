"""Names and signatures are those of the contract."""

import inspect

import pytest
import tfevents
from oracle import KINDS

FILTERS = ["runs", "tags", "steps", "wall_time", "plugin", "columns"]


def parameters(function):
    return [p for p in inspect.signature(function).parameters.values() if p.name != "self"]


def test_every_name_promised_exists():
    assert sorted(set(tfevents.__all__)) == list(tfevents.__all__)
    for name in tfevents.__all__:
        assert getattr(tfevents, name) is not None
    promised = {"open", "records", "summary_iterator", "proto", "TfeventsError", "DamagedFileError"}
    assert promised <= set(tfevents.__all__)


def test_open_takes_what_the_contract_says():
    path, *options = parameters(tfevents.open)
    assert (path.name, path.default) == ("path", inspect.Parameter.empty)
    assert {p.name: p.default for p in options} == {
        "restarts": "all",
        "on_damage": "skip",
        "checksum": True,
        "mmap": "auto",
        "threads": None,
        "missing_ok": False,
        "storage_options": None,
    }
    assert all(p.kind is p.KEYWORD_ONLY for p in options)


@pytest.mark.parametrize("kind", [*KINDS, "series", "events"])
def test_every_reader_takes_the_same_filters(kind):
    found = parameters(getattr(tfevents.LogDir, kind))
    extra = ["dtype", "on_cast"] if kind == "tensors" else []
    assert [p.name for p in found] == FILTERS + extra
    assert all(p.kind is p.KEYWORD_ONLY for p in found)
    assert all(p.default is None for p in found if p.name != "on_cast")


@pytest.mark.parametrize("table", ["files", "damage", "hparams", "embeddings"])
def test_other_tables_take_those_that_apply(table):
    found = parameters(getattr(tfevents.LogDir, table))
    assert {"runs", "columns"} <= {p.name for p in found} <= set(FILTERS)
    assert all(p.kind is p.KEYWORD_ONLY for p in found)
    assert all(p.default is None for p in found if p.name != "on_cast")


def test_a_scan_has_every_way_out():
    ways = "schema count batches to_arrow to_pandas to_polars by_series write_parquet to_dataset"
    promised = {*ways.split(), "__iter__", "__arrow_c_stream__", "__arrow_c_schema__"}
    assert all(hasattr(tfevents.Scan, name) for name in promised)
    assert [p.name for p in parameters(tfevents.Scan.batches)] == ["size"]
    assert parameters(tfevents.Scan.write_parquet)[0].name == "path"


def test_a_log_has_a_life():
    for name in ("runs", "refresh", "close", "__enter__", "__exit__", "_repr_html_"):
        assert hasattr(tfevents.LogDir, name), name


def test_records_takes_a_compression():
    path, *options = parameters(tfevents.records)
    assert path.name == "path"
    assert {p.name: p.default for p in options}["compression"] is None
    following = ["follow", "poll", "timeout"]
    assert [p.name for p in parameters(tfevents.summary_iterator)] == ["path", *following]


def test_everything_public_is_documented():
    for name in tfevents.__all__:
        if name.startswith("__"):
            continue
        thing = getattr(tfevents, name)
        assert inspect.getdoc(thing), name
        if inspect.isclass(thing):
            own = [m for n, m in vars(thing).items() if not n.startswith("_") and callable(m)]
            assert all(inspect.getdoc(method) for method in own), name


def test_the_package_is_typed():
    from importlib.resources import files

    assert files("tfevents").joinpath("py.typed").is_file()
