"""What JSON leaves open is refused at the door: a body means to us what it means to its sender, and to PostgreSQL.

Parsers differ on a name that is given twice (ours takes the last) and on NaN; PostgreSQL's JSON holds no NUL.
"""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any, Final, cast

from shared.events.base import Fact

Problem = tuple[str, str]
_NUL: Final = "\\u0000"
_UNKNOWN: Final = "…"
"""Stands for a name that no event has: it is the sender's text, and may be about a person."""


class _OpenError(ValueError):
    """The body has more than one meaning, or none."""


class _Pairs(list[tuple[str, Any]]):
    """An object with every name it gives."""


class _NoNumber:
    """NaN or Infinity."""


def problems_of(text: str) -> list[Problem]:
    """Each field with what is open about it; none for nearly every body, at a third of the cost of validating it.

    ``text`` must be JSON to the validating parser: what that refuses is not looked for again.
    """
    try:
        _quick(text)
    except (ValueError, RecursionError):
        return list(_found(text)) or [("body", "is not JSON that every parser reads")]
    return list(_found(text)) if _NUL in text else []


def _once(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) != len(pairs):
        raise _OpenError


def _no_number(_: str) -> None:
    raise _OpenError


_quick = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_number).decode
_whole = json.JSONDecoder(object_pairs_hook=_Pairs, parse_constant=lambda _: _NoNumber()).decode


def _found(text: str) -> Iterator[Problem]:
    try:
        yield from _walk(_whole(text), "")
    except (ValueError, RecursionError):
        return


def _walk(part: Any, where: str) -> Iterator[Problem]:
    if isinstance(part, _Pairs):
        seen: set[str] = set()
        for name, inner in part:
            known = name if name in _field_names() else _UNKNOWN
            field = f"{where}.{known}" if where else known
            if name in seen:
                yield field, "is given twice"
            if "\x00" in name:
                yield field, "its name holds a NUL"
            seen.add(name)
            yield from _walk(inner, field)
    elif isinstance(part, list):
        for number, inner in enumerate(cast("list[Any]", part)):
            yield from _walk(inner, f"{where}.{number}")
    elif isinstance(part, _NoNumber):
        yield where or "body", "is NaN or Infinity, which is not JSON"
    elif isinstance(part, str) and "\x00" in part:
        yield where or "body", "holds a NUL"


@cache
def _field_names() -> frozenset[str]:
    """Names of fields of any event: words of the contract, which a reason may repeat."""
    names: set[str] = set()
    kinds: list[type[Fact]] = [Fact]
    while kinds:
        kind = kinds.pop()
        names |= kind.model_fields.keys()
        kinds += kind.__subclasses__()
    return frozenset(names)
