"""Code in a fresh interpreter, for exits, forks, limits and preloaded libraries."""

from __future__ import annotations

import subprocess
import sys
import textwrap


def python(code: str, *args: object, **options) -> subprocess.CompletedProcess[str]:
    """Runs ``code`` in a fresh interpreter; a call that hangs fails, on a busy machine too."""
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, **options)
