"""Runs the Python blocks of a Markdown file, one after the other, as one program."""

import re
import shlex
import shutil
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def run(document, directory, monkeypatch):
    """Runs `document`'s blocks in `directory`, where `runs` is a copy of the golden files."""
    _beside_runs(directory, monkeypatch)
    path = ROOT / document
    text = path.read_text(encoding="utf-8")
    blocks = list(_BLOCK.finditer(text))
    assert blocks, f"{document} has no Python blocks"
    names = {"__name__": "__doc__"}
    for block in blocks:
        above = text[: block.start(1)].count("\n")  # so that tracebacks name the line
        exec(compile("\n" * above + block[1], str(path), "exec"), names)
    return names


def shell_lines(document, directory, monkeypatch):
    """The commands of `document`'s shell blocks, as words, to be run in `directory`."""
    _beside_runs(directory, monkeypatch)
    text = (ROOT / document).read_text(encoding="utf-8")
    return [shlex.split(line) for block in _SHELL.findall(text) for line in block.splitlines()]


def _beside_runs(directory, monkeypatch):
    shutil.copytree(ROOT / "tests" / "data" / "golden", directory / "runs")
    monkeypatch.chdir(directory)


def broken_links(document):
    """Links of `document` to files and headings of this repository that are not there."""
    path = ROOT / document
    text = path.read_text(encoding="utf-8")
    broken = []
    for link in _LINK.findall(text):
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        target = path.parent / file if file else path
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            broken.append(link)
    return broken


def _anchors(path):
    """What headings are called in links: lower case, spaces as dashes, no punctuation."""
    headings = _HEADING.findall(path.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
