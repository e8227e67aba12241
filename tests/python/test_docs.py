"""The guide runs, the demo runs, and links between documents lead somewhere."""

import subprocess
import sys

import docblocks
import pytest
from tfevents._cli.main import main

DOCUMENTS = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "benches/README.md",
    "docs/command-line.md",
    "docs/format.md",
    "docs/reading.md",
    "docs/writing.md",
]


def test_the_code_in_the_guide_runs(tmp_path, monkeypatch):
    names = docblocks.run("docs/reading.md", tmp_path, monkeypatch)
    assert names["image"]["format"] == "png"
    assert (tmp_path / "digits.png").read_bytes().startswith(b"\x89PNG")
    assert len(names["edges"]) == len(names["counts"]) > 0
    assert names["hurt"].damage().to_arrow().num_rows == 1
    assert not names["changes"]
    assert names["early"].runs == []
    assert names["wide"].shape == (176, 4)
    assert names["best"].limit(1).fetchall()[0][0] == "torch_digits/lr0.01_bs32"
    assert names["frame"]["time"].dt.year.unique().tolist() == [2026]
    assert names["rows"] == names["logs"].scalars().count()


def test_the_commands_in_the_guide_run(tmp_path, monkeypatch, capsys):
    commands = docblocks.shell_lines("docs/command-line.md", tmp_path, monkeypatch)
    assert len(commands) >= 9
    for name, *arguments in commands:
        assert name == "tfevents"
        assert main(arguments) == 0, arguments
        printed = capsys.readouterr()
        assert printed.out
        assert not printed.err
    assert any((tmp_path / "pictures").rglob("*.png"))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document):
    assert docblocks.broken_links(document) == []


def test_the_demo_runs():
    demo = docblocks.ROOT / "examples" / "demo.py"
    done = subprocess.run(
        [sys.executable, "-W", "error", demo], capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    assert "1,000,000 scalars" in done.stdout
    assert "best_accuracy" in done.stdout
