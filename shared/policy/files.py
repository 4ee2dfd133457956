"""How the files in ``marketplaces/`` are read, and how a wrong one says where it is wrong and what cures it."""

import re
import tomllib
from collections.abc import Iterator
from datetime import date
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from shared.policy.model import Policies, Policy, PolicyError

HERE: Final = Path(__file__).parent / "marketplaces"
Where = tuple[str | int, ...]
"""The way to a field, such as ("versions", 0, "handling", "cap_minor")."""


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    versions: tuple[Policy, ...]


@cache
def load(folder: Path = HERE) -> Policies:
    """Reads every ``*.toml`` of a folder. Raises PolicyError naming file, line, field and cure of each problem."""
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        raise PolicyError(f"{folder}: there is no policy file; put one <marketplace>.toml per marketplace there")
    found = [(path.name, policy) for path in paths for policy in read(path)]
    _told_apart(found)
    return Policies([policy for _, policy in found])


def _told_apart(found: list[tuple[str, Policy]]) -> None:
    """A version's name stands once, and so does the day from which a marketplace's version is in force."""
    names, days = dict[str, str](), dict[tuple[str, date], str]()
    for file, policy in found:
        if earlier := names.get(policy.version):
            raise PolicyError(
                f"{file}: version: {policy.version!r} stands in {earlier} already; give each version a name of its own"
            )
        day = (policy.marketplace, policy.effective_from)
        if earlier := days.get(day):
            raise PolicyError(
                f"{file}: effective_from: {policy.version} and {earlier} are both in force from {day[1]}; "
                "give the newer one a later day"
            )
        names[policy.version], days[day] = file, policy.version


def read(path: Path) -> tuple[Policy, ...]:
    """All versions in one file."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise PolicyError(f"{path.name}: byte {error.start} is not UTF-8; save the file as UTF-8") from error
    try:
        versions = _File.model_validate(tomllib.loads(text)).versions
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{path.name}: not TOML: {error}; mend what stands there") from error
    except ValidationError as error:
        lines = list(_lines(text))
        problems = error.errors(include_url=False)
        raise PolicyError("\n".join(f"{path.name}{_explained(problem, lines)}" for problem in problems)) from error
    if not versions:
        raise PolicyError(f"{path.name}: versions: there is none; write at least one, under [[versions]]")
    return versions


def _explained(problem: ErrorDetails, lines: list[tuple[int, Where]]) -> str:
    where = tuple(part for part in problem["loc"] if part != "[key]")
    line = _line_of(where, lines)
    return f"{f', line {line}' if line else ''}: {_name(where)}: {_problem_and_cure(problem, where)}"


def _problem_and_cure(problem: ErrorDetails, where: Where) -> str:
    match problem["type"]:
        case "missing":
            return "is missing; add it, as the other marketplaces do"
        case "extra_forbidden":
            near = get_close_matches(str(where[-1]), _fields_beside(where), n=1)
            return f"is not a field of a policy; {f'did you mean {near[0]}?' if near else 'take it out'}"
        case "value_error":
            return str(problem["ctx"]["error"]) if "ctx" in problem else problem["msg"]
        case kind:
            found = problem["input"]
            shown = "a table" if isinstance(found, dict) else "a list" if isinstance(found, list) else repr(found)
            message = problem["msg"].removeprefix("Input ").removeprefix("String ")
            return f"{shown} {message}; {_CURES.get(kind.split('_')[0], 'correct the value')}"


_CURES: Final = {
    "int": "write a whole number without quotes (money in minor units)",
    "bool": "write true or false without quotes",
    "date": "write a day without quotes, such as 2024-05-01",
    "enum": "use one of these words",
    "frozen": "write a list in square brackets",
    "tuple": "write a list in square brackets (the head of a version is [[versions]])",
}


def _fields_beside(where: Where) -> list[str]:
    """The names that could stand where this one does."""
    model: type[BaseModel] = _File
    for part in where[:-1]:
        annotation = Policy if part == "versions" else getattr(model.model_fields.get(str(part)), "annotation", None)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
    return list(model.model_fields)


def _name(where: Where) -> str:
    """The way to a field as a person counts: the second version is number 2."""
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in where) or "the file"


def _line_of(where: Where, lines: list[tuple[int, Where]]) -> int | None:
    """The line of a field; of a missing one, or one written over several lines, the nearest line that leads to it."""
    leading = [(len(way), -number) for number, way in lines if way == where[: len(way)]]
    return -max(leading)[1] if leading else None


_HEADER: Final = re.compile(r"\s*\[+\s*([^\[\]]+?)\s*\]+")
_KEY: Final = re.compile(r"\s*([\w.\"'-]+)\s*=")


def _lines(text: str) -> Iterator[tuple[int, Where]]:
    """Which line opens which table or field: the parser of the standard library does not tell."""
    version, table = -1, Where()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            version += line.strip().startswith("[[")
            table = _in_version(version, _parts(header[1]))
            yield number, table
        elif key := _KEY.match(line):
            yield number, (*table, *_parts(key[1]))


def _in_version(version: int, parts: Where) -> Where:
    return (parts[0], version, *parts[1:]) if parts[0] == "versions" else parts


def _parts(dotted: str) -> Where:
    return tuple(part.strip(" \"'") for part in dotted.split("."))
