"""`EventWriter` and `RecordWriter`: arguments that make no sense, in the one form of message."""

import re

import pytest
import tfevents

WRONG = {
    "path": [(None, TypeError), (b"x", TypeError), ("s3://bucket", ValueError)],
    "on_error": [("stop", ValueError), (None, ValueError)],
    "on_full": [("wait", ValueError)],
    "durability": [("disk", ValueError)],
    "rotate_bytes": [("a", TypeError), (2.5, TypeError), (True, TypeError), (0, ValueError)],
    "rotate_secs": [("a", ValueError), (-1, ValueError), (float("nan"), ValueError)],
    "flush_secs": [("a", ValueError), (-1, ValueError)],
    "filename_suffix": [(3, TypeError)],
}
MAKERS = {
    "EventWriter": (tfevents.EventWriter, WRONG),
    "RecordWriter": (tfevents.RecordWriter, WRONG.keys() - {"filename_suffix"}),
    "SummaryWriter": (tfevents.SummaryWriter, WRONG.keys() - {"path"}),
}


def refused(argument, given, expected, call):
    with pytest.raises(expected) as caught:
        call()
    said = str(caught.value)
    assert re.match(rf"`{argument}` must be .*, not ", said), said
    assert repr(given) in said
    assert type(caught.value) is expected


@pytest.mark.parametrize("name", MAKERS)
def test_what_makes_no_sense_is_refused_when_a_writer_is_made(tmp_path, name):
    make, arguments = MAKERS[name]
    for argument in arguments:
        for given, expected in WRONG[argument]:
            named = {argument: given}
            if argument != "path":
                named["log_dir" if name == "SummaryWriter" else "path"] = tmp_path / "x"
            refused(argument, given, expected, lambda named=named: make(**named))
    assert list(tmp_path.iterdir()) == []


def test_what_is_written_is_named(tmp_path):
    with tfevents.EventWriter(tmp_path / "run") as events:
        refused("event", "x", TypeError, lambda: events.write("x"))
        refused("event", 5, TypeError, lambda: events.write(5))
    with tfevents.RecordWriter(tmp_path / "x") as records:
        refused("record", "x", TypeError, lambda: records.write("x"))
    file = tfevents.FileWriter(tmp_path / "file")
    refused("event", 3, TypeError, lambda: file.add_event(3))
    refused("summary", 3, TypeError, lambda: file.add_summary(3))
    file.close()


def test_an_option_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(TypeError, match="nonsense"):
        tfevents.EventWriter(tmp_path, nonsense=1)
