"""README.md from top to bottom, as a reader would: in an environment that holds the wheel only.

Run by ``make test-wheel`` with the standard library's unittest, since the environment has no
pytest. Blocks run in the order of the page. ``pip install`` lines of the page are carried out when
they are reached, with the wheel in place of the package index.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
WHEEL = os.environ["TFEVENTS_WHEEL"]
_BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_EXTRAS = re.compile(r'^pip install "tfevents(\[[a-z,]+\])"', re.MULTILINE)


def installed(package):
    return importlib.util.find_spec(package) is not None


def install(extras):
    command = [sys.executable, "-m", "pip", "install", "--quiet", f"{WHEEL}{extras}"]
    subprocess.run(command, check=True)
    importlib.invalidate_caches()


class Readme(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        before = Path.cwd()
        os.chdir(self.directory.name)
        self.addCleanup(os.chdir, before)
        shutil.copytree(ROOT / "tests" / "data" / "golden", "runs")

    def test_the_page_runs_from_top_to_bottom(self):
        self.check_that_missing_packages_name_their_extra()
        names = {"__name__": "__readme__"}
        text = (ROOT / "README.md").read_text(encoding="utf-8")
        kinds = []
        for block in _BLOCK.finditer(text):
            kinds.append(block[1])
            if block[1] == "sh":
                for extras in _EXTRAS.findall(block[2]):
                    install(extras)
                continue
            above = text[: block.start(2)].count("\n")  # so that tracebacks name the line
            exec(compile("\n" * above + block[2], "README.md", "exec"), names)
        self.assertEqual(kinds[0], "python", "the first example comes before anything to install")
        self.assertGreaterEqual(kinds.count("python"), 4)
        self.assertIn("logs", names)

    def check_that_missing_packages_name_their_extra(self):
        import tfevents

        scalars = tfevents.open("runs").scalars()
        for extra, call in (("pandas", scalars.to_pandas), ("polars", scalars.to_polars)):
            self.assertFalse(installed(extra), f"{extra} is not declared as a dependency")
            with self.assertRaisesRegex(
                ModuleNotFoundError, rf'pip install "tfevents\[{extra}\]"'
            ) as raised:
                call()
            self.assertEqual(raised.exception.name, extra)


if __name__ == "__main__":
    unittest.main()
