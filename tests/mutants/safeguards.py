"""The safeguards on record: what each guards, the mutation that removes it, and the tests that must fail without it."""

import ast
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from tests.source import ROOT

LIST: Final = Path(__file__).parent / "safeguards.toml"
PAGE: Final = ROOT / "docs" / "mutants.md"
START, END = "<!-- generated: safeguards -->", "<!-- /generated: safeguards -->"

Text = Annotated[str, Field(min_length=1)]


class MutationError(Exception):
    """A mutation does not fit the sources of today; the text says which and how."""


class Safeguard(BaseModel):
    """One safeguard. ``killers``: test functions, as ``tests/…/test_x.py::test_y``; each of them fails without it.

    ``seeds``: the first of so many simulated seeds, of which at least one fails without it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Text
    guards: Text
    file: Text
    before: Text
    after: str
    killers: Annotated[tuple[Text, ...], Field(min_length=1)]
    seeds: tuple[int, int] | None = None

    def mutated(self, text: str) -> str:
        """The file without the safeguard."""
        found = text.count(self.before)
        if found != 1:
            raise MutationError(f"{self.name}: its text stands {found} times in {self.file}, and must stand there once")
        return text.replace(self.before, self.after)


def load() -> tuple[Safeguard, ...]:
    found = tomllib.loads(LIST.read_text(encoding="utf-8"))
    return tuple(Safeguard.model_validate(each) for each in found["safeguard"])


def killers_of(safeguards: Iterable[Safeguard]) -> tuple[str, ...]:
    """Each once, in the order of the list."""
    return tuple(dict.fromkeys(killer for each in safeguards for killer in each.killers))


def missing_tests(killers: Iterable[str], root: Path = ROOT) -> Iterator[str]:
    """Those that name no test function."""
    for killer in killers:
        path, _, name = killer.partition("::")
        tree = ast.parse((root / path).read_text(encoding="utf-8")) if (root / path).is_file() else ast.parse("")
        functions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
        if name not in {function.name for function in functions}:
            yield killer


def with_table(page: str, safeguards: Iterable[Safeguard]) -> str:
    """The page with the table of today between its marks."""
    head, _, rest = page.partition(START)
    _, _, tail = rest.partition(END)
    return f"{head}{START}\n{_table(safeguards)}\n{END}{tail}"


def _table(safeguards: Iterable[Safeguard]) -> str:
    rows = ["| Safeguard | What it guards | Stands in | Fails without it |", "|---|---|---|---|"]
    for each in safeguards:
        killers = "<br>".join(f"`{killer.partition('::')[2]}`" for killer in each.killers)
        if each.seeds is not None:
            killers += f"<br>`makegood simulate --from {each.seeds[0]} --seeds {each.seeds[1]}`"
        rows.append(f"| {each.name} | {each.guards} | `{each.file}` | {killers} |")
    return "\n".join(rows)
