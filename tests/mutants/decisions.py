"""Mutates every decision of a service and counts what its tests do not notice: ``python -m tests.mutants.decisions``.

With names of services: only those. Mutmut makes the mutants and forks a test run for each, of the tests that reach the
mutated function. The state machines of test_properties.py are left out: they are slow, and what only they notice has
no test that names it. What is changed without any difference is on record in equivalents.toml, with the reason.
"""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from ops import catalogue
from tests.mutants.safeguards import PAGE
from tests.source import ROOT

NOT_COPIED: Final = (".git", ".venv", ".makegood", "__pycache__", ".*_cache", ".hypothesis", "mutants")
NO_DECISIONS: Final = ("app.py", "__init__.py", "sender.py", "message.py", "rendering.py")
"""Tables, and what performs effects."""
NOT_RUN: Final = {
    "escalation": (
        "--ignore=tests/escalation/test_register_sql.py",
        # It compares functions with themselves, and a mutated module has each of them twice.
        "--deselect=tests/escalation/test_status.py::test_the_rule_behind_every_row_of_the_tables_can_be_named",
    ),
    "recovery": ("--ignore=tests/recovery/test_ledger_sql.py",),
    "intake": ("--ignore=tests/intake/test_real_claims.py",),
}
"""Besides test_properties.py: what needs a database or data from outside."""
AIM: Final = 0.95
KEPT: Final = ROOT / ".makegood" / "decisions"
"""Where mutants and what became of them are kept from run to run. Without it everything is tried anew."""
START, END = "<!-- measured: decisions -->", "<!-- /measured: decisions -->"

Text = Annotated[str, Field(min_length=1)]


class Equivalent(BaseModel):
    """A change of these words in this module that makes no difference that anybody could see."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    module: Text
    was: Text
    becomes: str
    why: Text


@dataclass(frozen=True)
class Mutant:
    """One that no test noticed: where, and the lines that it takes away and puts there."""

    module: str
    name: str
    was: str
    becomes: str


@dataclass(frozen=True)
class Score:
    """Of one service."""

    service: str
    tried: int
    equivalent: int
    survivors: tuple[Mutant, ...]

    @property
    def killed(self) -> int:
        return self.tried - self.equivalent - len(self.survivors)

    @property
    def share(self) -> float:
        return self.killed / (self.tried - self.equivalent)


def main(arguments: Sequence[str]) -> int:
    services = [name for name in catalogue.NAMES if not arguments or name in arguments]
    if unknown := set(arguments) - set(services):
        sys.stderr.write(f"no service is called {', '.join(sorted(unknown))}\n")
        return 2
    scores = [_measured(service) for service in services]
    for score in scores:
        for mutant in score.survivors:
            sys.stdout.write(f"{mutant.module} {mutant.name}\n  - {mutant.was}\n  + {mutant.becomes}\n")
    sys.stdout.write("\n".join(map(_line, scores)) + "\n")
    _record(scores)
    return 0 if all(score.share >= AIM for score in scores) else 1


def _measured(service: str) -> Score:
    tree = _prepared(service)
    command = [sys.executable, "-m", "mutmut", "run"]
    run = subprocess.run(command, cwd=tree, env=_environment(), capture_output=True, text=True, check=False)
    found = dict(_exit_codes(tree, service))
    if not found or None in found.values():
        sys.stderr.write(run.stdout[-3000:] + run.stderr[-3000:])
        raise SystemExit(f"the mutants of {service} could not be tried")
    unnoticed = [_mutant(tree, name) for name, code in found.items() if code == 0]
    left = tuple(mutant for mutant in unnoticed if not _is_equivalent(service, mutant))
    return Score(service, len(found), len(unnoticed) - len(left), left)


def _prepared(service: str) -> Path:
    """The tree of today. What was found in it before, mutmut keeps where the function is the same; what no test noticed
    is tried again, for there may be new tests."""
    tree = KEPT / service
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(*NOT_COPIED), dirs_exist_ok=True)
    _configure(tree, service)
    for path in _results(tree, service):
        results = json.loads(path.read_text(encoding="utf-8"))
        codes: dict[str, int | None] = results["exit_code_by_key"]
        results["exit_code_by_key"] = {name: code if code == 1 else None for name, code in codes.items()}
        path.write_text(json.dumps(results), encoding="utf-8")
    return tree


def _environment() -> dict[str, str]:
    """The tree's own code comes first, and this one's nowhere."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONSAFEPATH")}


def _configure(tree: Path, service: str) -> None:
    left_out = (f"--ignore=tests/{service}/test_properties.py", *NOT_RUN.get(service, ()))
    settings: dict[str, object] = {
        "source_paths": ["services"],
        "only_mutate": [f"services/{service}/*.py"],
        "do_not_mutate": [f"*/{name}" for name in NO_DECISIONS],
        "also_copy": ["shared", "ops", "bench", "docs", "README.md", "CONTRIBUTING.md"],
        "pytest_add_cli_args": ["-p", "no:cacheprovider", "-x", "-q", "-o", "addopts="],
        "pytest_add_cli_args_test_selection": [f"tests/{service}", *left_out],
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    with (tree / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("\n".join(["", "[tool.mutmut]", "use_git_change_detection = false", *lines, ""]))


def _results(tree: Path, service: str) -> list[Path]:
    return sorted((tree / "mutants" / "services" / service).glob("*.py.meta"))


def _exit_codes(tree: Path, service: str) -> Iterator[tuple[str, int | None]]:
    """What became of each mutant: 0 where every test passed."""
    for path in _results(tree, service):
        yield from json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"].items()


def _mutant(tree: Path, name: str) -> Mutant:
    module, _, function = name.rpartition(".")
    source = Path(*module.split(".")).with_suffix(".py")
    diff: Any = import_module("mutmut.mutation.diff_apply")
    text: str = diff.get_diff_for_mutant(name, path=source, source=(tree / "mutants" / source).read_text("utf-8"))
    lines = text.splitlines()[3:]
    was, becomes = (" ".join(line[1:].strip() for line in lines if line[:1] == sign) for sign in "-+")
    return Mutant(source.name, function, was, becomes)


@cache
def equivalents() -> dict[str, list[Equivalent]]:
    """Per service."""
    found = tomllib.loads((Path(__file__).parent / "equivalents.toml").read_text(encoding="utf-8"))
    return {service: [Equivalent.model_validate(each) for each in those] for service, those in found.items()}


def _is_equivalent(service: str, mutant: Mutant) -> bool:
    return any(
        each.module == mutant.module
        and each.was in mutant.was
        and mutant.was.replace(each.was, each.becomes) == mutant.becomes
        for each in equivalents().get(service, ())
    )


def _line(score: Score) -> str:
    return (
        f"| {score.service} | {score.tried} | {score.killed} | {len(score.survivors)} | {score.equivalent} "
        f"| {score.share:.1%} |"
    )


def _record(scores: Sequence[Score]) -> None:
    """Writes what was measured into the page; what was not measured now stays as it was measured last."""
    page = PAGE.read_text(encoding="utf-8")
    head, _, rest = page.partition(START)
    table, _, tail = rest.partition(END)
    rows = {line.split("|")[1].strip(): line for line in table.splitlines() if line.startswith("| ")}
    rows |= {score.service: _line(score) for score in scores}
    lines = [rows[name] for name in ("Service", *catalogue.NAMES) if name in rows]
    lines.insert(1, "|---|---|---|---|---|---|")
    PAGE.write_text(f"{head}{START}\n" + "\n".join(lines) + f"\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
