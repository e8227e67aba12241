"""Optional packages name their extra; the lowest versions that are tested are those allowed."""

import tomllib
from pathlib import Path

import fresh
import pytest

ROOT = Path(__file__).parent.parent.parent

#: Extra, module that is missing, and a call that needs it.
USES = [
    ("pandas", "pandas", "tfevents.open(sys.argv[1]).scalars().to_pandas()"),
    ("polars", "polars", "tfevents.open(sys.argv[1]).scalars().to_polars()"),
    ("onnx", "onnx", "writer().add_onnx_graph('model.onnx')"),
    ("pillow", "PIL", "writer().add_image_with_boxes('a', np.zeros((3, 8, 8)), [[0, 0, 2, 2]])"),
    ("matplotlib", "matplotlib", "writer().add_figure('a', None)"),
    ("keras", "keras", "import tfevents.integrations.keras"),
]


@pytest.mark.parametrize(("extra", "module", "call"), USES)
def test_a_missing_package_names_its_extra(extra, module, call, tmp_path):
    golden = ROOT / "tests" / "data" / "golden"
    code = f"""
        import sys
        sys.modules[{module!r}] = None  # as if it were not installed
        import numpy as np
        import tfevents
        def writer():
            return tfevents.SummaryWriter(sys.argv[2])
        try:
            {call}
        except ModuleNotFoundError as error:
            print(error.name, error)
    """
    done = fresh.python(code, golden, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{module} ")
    assert f'needs {extra}, which is not installed: pip install "tfevents[{extra}]"' in done.stdout
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert extra in declared["project"]["optional-dependencies"]


def pins(text):
    return dict(line.split("==") for line in text.splitlines() if "==" in line)


def test_the_lowest_versions_that_are_tested_are_the_lowest_allowed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    tests = ROOT / "tests"
    lowest = pins((tests / "requirements-lowest.txt").read_text(encoding="utf-8"))
    for dependency in project["dependencies"]:
        name, least = dependency.split(">=")
        assert f"{lowest[name]}.0.0".startswith(f"{least}.0"), f"{name} is tested at {lowest[name]}"
    usual, _lints = (tests / "requirements.txt").read_text(encoding="utf-8").split("# Lints")
    assert pins(usual).keys() <= lowest.keys()
