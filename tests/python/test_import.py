"""What `import tfevents` loads, and when."""

from __future__ import annotations

import pytest
import tfevents
from fresh import python

HEAVY = ("pyarrow", "google", "pandas", "polars", "multiprocessing", "concurrent")


def loaded(code: str, *args: object) -> set[str]:
    """The top-level packages that are loaded after ``code`` ran in a fresh interpreter."""
    done = python(
        f"{code}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})", *args
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_a_writer_loads_neither_pyarrow_nor_protobuf(tmp_path):
    code = (
        "import sys\n"
        "from tfevents import SummaryWriter\n"
        "with SummaryWriter(sys.argv[1]) as writer:\n"
        "    writer.add_scalar('loss', 1.0, 1)\n"
        "    writer.add_histogram('weights', [1.0, 2.0], 1)\n"
        "    writer.add_hparams({'lr': 0.1}, {'loss': 1.0})\n"
        "    writer.add_text('note', 'text', 1)\n"
    )
    assert not loaded(code, tmp_path).intersection(HEAVY)


def test_the_package_alone_loads_no_numpy():
    assert not loaded("import tfevents").intersection({"numpy", *HEAVY})


def test_a_reader_loads_pyarrow_and_no_protobuf():
    found = loaded("from tfevents import LogDir, open")
    assert "pyarrow" in found
    assert "google" not in found


def test_every_public_name_is_there_and_listed():
    for name in tfevents.__all__:
        assert getattr(tfevents, name) is not None, name
    assert set(tfevents.__all__) == {*filter(_is_public, dir(tfevents)), "__version__"}


def _is_public(name: str) -> bool:
    return not name.startswith("_")


def test_a_fresh_interpreter_lists_and_finds_every_name():
    done = python(
        """
        import tfevents
        assert set(tfevents.__all__) <= set(dir(tfevents))
        from tfevents import *
        assert SummaryWriter.__name__ == "SummaryWriter" and LogDir is tfevents.LogDir
        assert tfevents.proto.Event().step == 0
        """
    )
    assert done.returncode == 0, done.stderr


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = tfevents.nothing
