"""The commit whose code is measured."""

import subprocess
from functools import cache
from typing import Final

from ops.terminal import ROOT

CODE: Final = ("bench", "ops", "services", "shared", "pyproject.toml", "uv.lock")
"""What a measurement runs. Anything else may differ from the commit: the results themselves lie beside it."""


@cache
def commit() -> str:
    """As it was when first asked for. ``-dirty``: the code differs from it, be it by a file that is in no commit."""
    named = _git("rev-parse", "--short=7", "HEAD")
    differs = "-dirty" if _git("status", "--porcelain", "--", *CODE) else ""
    return f"{named}{differs}" if named else "unknown"


def _git(*words: str) -> str:
    """What it says, nothing where this is no checkout."""
    command = ("git", "-C", str(ROOT), *words)
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603 - every word is ours
