"""How the files in ``marketplaces/`` are read: versions written whole, or as another one with what differs."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

from pydantic import ValidationError

from shared.policy.lines import Lines, Where
from shared.policy.model import Policies, Policy, PolicyError
from shared.policy.problems import Problem, of_the_head, problems_of

HERE: Final = Path(__file__).parent / "marketplaces"
Table: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Version:
    """One version as the files have it. ``origins``: each field that is written somewhere → who writes it."""

    policy: Policy
    file: str
    like: str | None
    origins: Mapping[Where, str]

    def origin(self, where: Where) -> str | None:
        """The name of the version that writes a field; None: nobody does, so it is what it is by default."""
        inside = next((place for place, step in enumerate(where) if isinstance(step, int)), len(where))
        return self.origins.get(where[:inside])  # a list is written whole


@cache
def load(folder: Path = HERE) -> Policies:
    """Reads every ``*.toml`` of a folder. Raises PolicyError naming file, line, field and cure of each problem."""
    return Policies([version.policy for version in versions(folder)])


def versions(folder: Path = HERE) -> list[Version]:
    """All versions of all files of a folder, in the order of the files, each with where its fields come from."""
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        raise PolicyError(f"{folder}: there is no policy file; put one <marketplace>.toml per marketplace there")
    return _Shelf({path.name: _text(path) for path in paths}).read()


def versions_in(proposed: Path, folder: Path = HERE) -> list[Version]:
    """Those of one file more; what they are like may stand in the folder. They take the place of their namesakes."""
    beside = {path.name: _text(path) for path in sorted(folder.glob("*.toml"))}
    return _Shelf({proposed.name: _text(proposed)}, beside).read()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise PolicyError(f"{path.name}: byte {error.start} is not UTF-8; save the file as UTF-8") from error
    except OSError as error:
        raise PolicyError(f"{path}: cannot be read ({error.strerror}); name a policy file") from error


@dataclass(frozen=True)
class _Written:
    """A version as it stands in a file, at the place ``number`` there."""

    file: str
    number: int
    table: Table

    @property
    def name(self) -> str:
        return str(self.table.get("version"))

    @property
    def like(self) -> str | None:
        return str(self.table["like"]) if "like" in self.table else None


@dataclass(frozen=True)
class _Whole:
    """A version with all its fields, and for each of them who has written it."""

    table: Table
    origins: dict[Where, _Written]


class _Shelf:
    """Files that are read together. ``beside``: others, whose versions these may be like and which are not read."""

    def __init__(self, texts: Mapping[str, str], beside: Mapping[str, str] | None = None) -> None:
        self._lines = {name: Lines(text) for name, text in {**(beside or {}), **texts}.items()}
        self._files = {name: _parsed(name, text) for name, text in texts.items()}
        theirs = [one for name, text in (beside or {}).items() for one in _written(name, _parsed(name, text))]
        self._ours = [one for name, data in self._files.items() for one in _written(name, data)]
        self._by_name = {one.name: one for one in (*theirs, *self._ours)}
        self._troubles: dict[tuple[str, int], set[Problem]] = {}

    def read(self) -> list[Version]:
        """All of them, or PolicyError with every problem, one a line."""
        told = [f"{name}{line}" for name, data in self._files.items() for line in of_the_head(data, self._lines[name])]
        read: list[Version] = []
        for one in self._ours:
            try:
                whole = self._whole(one, ())
            except _LikeError as error:
                told.append(f"{self._at(one, ('like',))}: {error}")
                continue
            told += self._told(one)
            if not self._problems(one):
                origins = {way: writer.name for way, writer in whole.origins.items()}
                read.append(Version(Policy.model_validate(whole.table), one.file, one.like, origins))
        told = list(dict.fromkeys(told)) or list(_alike(read))
        if told:
            raise PolicyError("\n".join(told))
        return read

    def _whole(self, one: _Written, through: tuple[str, ...]) -> _Whole:
        own = {field: value for field, value in one.table.items() if field != "like"}
        origins = dict.fromkeys(_ways(own), one)
        if one.like is None:
            return _Whole(own, origins)
        base = self._by_name.get(one.like)
        if base is None:
            near = get_close_matches(one.like, self._by_name.keys() - {one.name}, n=1)
            cure = f"did you mean {near[0]}?" if near else "name a version that stands in one of the files"
            raise _LikeError(f"there is no version {one.like!r}; {cure}")
        chain = (*through, one.name)
        if base.name in chain:
            raise _LikeError(f"{' is like '.join((*chain, base.name))}; write one of them whole")
        whole = self._whole(base, chain)
        kept = {way: writer for way, writer in whole.origins.items() if not _replaced(way, own)}
        return _Whole(_merged(whole.table, own), kept | origins)

    def _problems(self, one: _Written) -> set[Problem]:
        """What is wrong with a version as a whole."""
        key = (one.file, one.number)
        if key not in self._troubles:
            try:
                Policy.model_validate(self._whole(one, ()).table)
                self._troubles[key] = set()
            except _LikeError:
                self._troubles[key] = set()  # told where it stands
            except ValidationError as error:
                self._troubles[key] = set(problems_of(error))
        return self._troubles[key]

    def _told(self, one: _Written) -> Iterator[str]:
        """Each problem once: what is wrong with the version that this one is like is told there."""
        base = self._by_name.get(one.like or "")
        known = self._problems(base) if base is not None and base in self._ours else set[Problem]()
        for problem in sorted(self._problems(one) - known, key=lambda each: self._line(one, each.where) or 0):
            yield f"{self._at(one, problem.where)}{self._inherited(one, problem.where)}: {problem.text}"

    def _at(self, one: _Written, where: Where) -> str:
        line = self._line(one, where)
        way = ".".join(str(step + 1) if isinstance(step, int) else step for step in ("versions", one.number, *where))
        return f"{one.file}{f', line {line}' if line else ''}: {way}"

    def _inherited(self, one: _Written, where: Where) -> str:
        origins = self._whole(one, ()).origins
        writer = next((origins[way] for way in _up(where) if way in origins), one)
        if writer == one:
            return ""
        return f" (as in {writer.name}: {writer.file}, line {self._line(writer, where)})"

    def _line(self, one: _Written, where: Where) -> int | None:
        return self._lines[one.file].of(("versions", one.number, *where))


class _LikeError(Exception):
    """``like`` names no version to begin from."""


def _parsed(name: str, text: str) -> Table:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{name}: not TOML: {error}; mend what stands there") from error


def _written(file: str, data: Table) -> list[_Written]:
    """The tables under ``[[versions]]``, whatever else may be wrong with the file."""
    found = data.get("versions")
    listed: list[Any] = cast("list[Any]", found) if isinstance(found, list) else []
    return [_Written(file, n, cast("Table", table)) for n, table in enumerate(listed) if isinstance(table, dict)]


def _merged(base: Table, own: Table) -> Table:
    """Tables are merged field by field; lists and values take the place of what they are called like."""
    merged = base | own
    for name, value in own.items():
        if isinstance(value, dict) and isinstance(base.get(name), dict):
            merged[name] = _merged(base[name], cast("Table", value))
    return merged


def _ways(table: Table, to: Where = ()) -> Iterator[Where]:
    """The way to each table and field in a table."""
    for name, value in table.items():
        yield (*to, name)
        if isinstance(value, dict):
            yield from _ways(cast("Table", value), (*to, name))


def _replaced(way: Where, own: Table) -> bool:
    """Whether a field of the base is gone, because a value or a list stands in the place of what it is in."""
    at: Any = own
    for step in way:
        if not isinstance(at, dict):
            return True
        if step not in at:
            return False
        at = cast("Table", at)[str(step)]
    return True


def _up(where: Where) -> Iterator[Where]:
    """The way itself, and those to what it lies in."""
    return (where[:length] for length in range(len(where), 0, -1))


def _alike(read: list[Version]) -> Iterator[str]:
    """A version's name stands once, and so does the day from which a marketplace's version is in force."""
    names, days = dict[str, str](), dict[tuple[str, date], str]()
    for one in read:
        policy, day = one.policy, (one.policy.marketplace, one.policy.effective_from)
        if earlier := names.get(policy.version):
            yield (
                f"{one.file}: version: {policy.version!r} stands in {earlier} already; "
                "give each version a name of its own"
            )
        elif earlier := days.get(day):
            yield (
                f"{one.file}: effective_from: {policy.version} and {earlier} are both in force from {day[1]}; "
                "give the newer one a later day"
            )
        names[policy.version], days[day] = one.file, policy.version
