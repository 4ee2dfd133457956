"""The pages of docs/operations, and the commands that they show."""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import REPOSITORY

FOLDER = REPOSITORY / "docs" / "operations"
NAMES = sorted(path.name for path in FOLDER.glob("*.md"))
_BLOCK = re.compile(r"^ *```sh\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_TO_FILL_IN = re.compile(r"\b(CLAIM_ID|ID)\b")


@dataclass(frozen=True)
class Command:
    """One line of a page. ``whole``: it can be run as it stands."""

    page: str
    line: str

    @property
    def whole(self) -> bool:
        return _TO_FILL_IN.search(self.line) is None


def text(page: str) -> str:
    return (FOLDER / page).read_text(encoding="utf-8")


def commands(page: str) -> list[Command]:
    """In the order in which they stand."""
    lines = (line.strip() for block in _BLOCK.findall(text(page)) for line in block.splitlines())
    return [Command(page, line) for line in lines if line]


def links(page: str) -> list[tuple[Path, str]]:
    """File and anchor of each link within the repository."""
    found = re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)", text(page))
    return [((FOLDER / (path or page)).resolve(), anchor) for path, anchor in found if "://" not in path]
