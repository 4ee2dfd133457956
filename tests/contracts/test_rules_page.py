"""docs/rules.md names what is there: each decision, each figure of a policy, each journey."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from shared.policy import load

ROOT: Final = Path(__file__).parent.parent.parent
ROWS: Final = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "rules.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| Rule")
]
POLICY: Final[dict[str, Any]] = load().version("GB-1").model_dump(mode="json")


def named(cell: str) -> Iterator[str]:
    return (found[1] for found in re.finditer(r"`([^`]+)`", cell))


def functions_of(path: Path) -> set[str]:
    return {
        node.name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


JOURNEYS: Final = {name for path in (ROOT / "tests" / "journeys").glob("test_*.py") for name in functions_of(path)}


@pytest.mark.parametrize("row", ROWS, ids=[row[0][:60] for row in ROWS])
def test_a_rule_is_where_the_page_says(row: list[str]) -> None:
    _, decisions, figures, journeys = row
    for decision in named(decisions):
        file, _, function = decision.partition(":")
        folder = ROOT if file.startswith(("shared/", "ops/")) else ROOT / "services"
        assert function in functions_of(folder / file), decision
    for figure in named(figures):
        section, _, field = figure.partition(".")
        assert section in POLICY, figure
        assert not field or field in POLICY[section], figure
    assert list(named(journeys))
    assert set(named(journeys)) <= JOURNEYS
