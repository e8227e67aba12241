"""Damage is warned of once, with its place, or raised; `damage()` lists it."""

import pytest
import tfevents
from damaged import BEFORE, DAMAGE, GARBAGE, around
from eventfiles import event, histogram, image, record, version


def test_raise_names_path_offset_and_reason(tmp_path):
    path = tmp_path / "x.tfevents"
    path.write_bytes(around(DAMAGE["a bad payload checksum"]))
    at = sum(len(record(payload)) for payload in BEFORE)
    scan = tfevents.open(path, on_damage="raise").scalars()
    for read in (scan.to_arrow, scan.count, scan.to_pandas, lambda: list(scan), scan.to_polars):
        with pytest.raises(tfevents.DamagedFileError) as caught:
            read()
        error = caught.value
        assert isinstance(error, tfevents.TfeventsError)
        assert (error.path, error.offset) == (str(path), at)
        assert "checksum" in error.reason
        assert all(str(part) in str(error) for part in (path, at, error.reason))


def test_raise_does_not_mind_an_unfinished_record(tmp_path):
    path = tmp_path / "x.tfevents"
    path.write_bytes(around(b"")[:-3])
    logs = tfevents.open(path, on_damage="raise")
    assert logs.scalars().to_arrow().num_rows == 9


def test_there_is_one_warning_that_says_where(tmp_path):
    path = tmp_path / "x.tfevents"
    path.write_bytes(around(bytes(100)) + around(bytes(50)))
    logs = tfevents.open(path)
    with pytest.warns(tfevents.DamageWarning) as caught:
        _ = [logs.scalars().to_arrow(), logs.scalars().to_arrow(), list(logs.scalars())]
    assert len(caught) == 1
    message = str(caught[0].message)
    at = sum(len(record(payload)) for payload in BEFORE)
    assert all(part in message for part in (str(path), str(at), "150", "damage()"))
    logs.scalars().to_arrow()  # an error if it warned again


def test_the_warning_points_at_the_line_that_reads(tmp_path):
    path = tmp_path / "x.tfevents"
    path.write_bytes(around(bytes(100)))
    for read in ("to_arrow", "count", "to_pandas", "to_polars"):
        logs = tfevents.open(path)
        with pytest.warns(tfevents.DamageWarning) as caught:
            getattr(logs.scalars(), read)()
        assert caught[0].filename == __file__, read


def test_raise_raises_and_does_not_warn_as_well(tmp_path):
    path = tmp_path / "x.tfevents"
    path.write_bytes(around(bytes(100)))
    logs = tfevents.open(path, on_damage="raise")
    with pytest.raises(tfevents.DamagedFileError):
        logs.scalars().to_arrow()
    assert logs.damage().count() == 1  # an error if it warned


def test_what_the_warning_counts_is_listed_in_damage(tmp_path):
    """A value that contradicts itself is skipped with a warning, so it has to be listed."""
    path = tmp_path / "x.tfevents"
    path.write_bytes(around(record(event(99, histogram("h", [1.0, 2.0], [1.0])))))
    logs = tfevents.open(path)
    with pytest.warns(tfevents.DamageWarning, match=r"damage\(\) lists"):
        assert logs.histograms().count() == 0
    assert logs.damage().count() == 1


@pytest.mark.parametrize("loop", [iter, lambda s: s.batches(1), lambda s: s.by_series()])
def test_a_loop_that_ends_early_warns_of_the_damage_it_met(log, loop):
    large = record(event(1, image("i", bytes(1 << 20))))
    log("a", raw=record(version()) + GARBAGE + 9 * large)
    log("b", raw=9 * large)
    logs = tfevents.open(log.root)

    def begin():
        for _ in loop(logs.images()):
            break

    with pytest.warns(tfevents.DamageWarning) as caught:
        begin()
    assert caught[0].filename == __file__


def test_a_consumer_of_the_stream_is_warned_too(tmp_path):
    import pyarrow as pa

    path = tmp_path / "x.tfevents"
    path.write_bytes(around(bytes(100)))
    logs = tfevents.open(path)
    assert pa.table(logs.scalars()).num_rows == 10
    with pytest.warns(tfevents.DamageWarning):
        logs.scalars().count()
