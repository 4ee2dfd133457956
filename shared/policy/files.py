"""How the files in ``marketplaces/`` are read, and how a wrong one says where it is wrong and what cures it."""

import re
import tomllib
from collections.abc import Iterator
from datetime import date
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

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
    return _policies({path.name: _text(path) for path in paths})


def load_with(proposed: Path, folder: Path = HERE) -> Policies:
    """The policies of a folder with one file more, or in the place of the one of the same name."""
    texts = {path.name: _text(path) for path in sorted(folder.glob("*.toml"))}
    return _policies(texts | {proposed.name: _text(proposed)})


def _policies(texts: dict[str, str]) -> Policies:
    """Of all files together: a version may be written as another one with differences, wherever that one stands."""
    parsed = {name: _parsed(name, text) for name, text in texts.items()}
    whole = Whole({str(version.get("version")): version for data in parsed.values() for version in _versions(data)})
    found = [(name, policy) for name, data in parsed.items() for policy in _read(name, texts[name], data, whole)]
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


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise PolicyError(f"{path.name}: byte {error.start} is not UTF-8; save the file as UTF-8") from error


def _parsed(name: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{name}: not TOML: {error}; mend what stands there") from error


def _versions(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The tables under ``[[versions]]``, whatever else may be wrong with the file."""
    versions = data.get("versions")
    found: list[Any] = cast("list[Any]", versions) if isinstance(versions, list) else []
    return [version for version in found if isinstance(version, dict)]


def _read(name: str, text: str, data: dict[str, Any], whole: "Whole") -> tuple[Policy, ...]:
    """All versions in one file."""
    lines = list(_lines(text))
    try:
        for number, version in enumerate(_versions(data)):
            if "like" in version:
                data["versions"][data["versions"].index(version)] = whole.of(version, (), number)
        versions = _File.model_validate(data).versions
    except LikeError as error:
        line = _line_of(("versions", error.number, "like"), lines)
        raise PolicyError(f"{name}, line {line}: versions.{error.number + 1}.like: {error}") from error
    except ValidationError as error:
        problems = error.errors(include_url=False)
        raise PolicyError("\n".join(f"{name}{_explained(problem, lines)}" for problem in problems)) from error
    if not versions:
        raise PolicyError(f"{name}: versions: there is none; write at least one, under [[versions]]")
    return versions


class LikeError(Exception):
    """``like`` names no version to begin from. ``number``: the place of the version in its file."""

    def __init__(self, sentence: str, number: int) -> None:
        super().__init__(sentence)
        self.number = number


class Whole:
    """Versions written as ``like = "US-1"`` and the differences, made whole."""

    def __init__(self, by_name: dict[str, dict[str, Any]]) -> None:
        self._by_name = by_name

    def of(self, version: dict[str, Any], through: tuple[str, ...], number: int) -> dict[str, Any]:
        own = {field: value for field, value in version.items() if field != "like"}
        like = version.get("like")
        if like is None:
            return own
        base = self._by_name.get(str(like))
        if base is None:
            near = get_close_matches(str(like), self._by_name, n=1)
            cure = f"did you mean {near[0]}?" if near else "name a version that stands in one of the files"
            raise LikeError(f"there is no version {like!r}; {cure}", number)
        if like in through:
            raise LikeError(f"{like!r} is like itself, through {', '.join(through)}; write one of them whole", number)
        return _merged(self.of(base, (*through, str(like)), number), own)


def _merged(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Tables are merged field by field; lists and values take the place of what they are called like."""
    merged = base | own
    for name, value in own.items():
        if isinstance(value, dict) and isinstance(base.get(name), dict):
            merged[name] = _merged(base[name], cast("dict[str, Any]", value))
    return merged


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
