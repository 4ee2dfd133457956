"""What a policy says, field by field, and in which fields two of them differ."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias, cast

from shared.policy.model import Policy

Plain: TypeAlias = Any
"""What JSON knows."""


def figures(policy: Policy) -> dict[str, Plain]:
    """Every figure by its name, such as ``handling.cap_minor`` or ``hazards.1.level``, in the order of the model."""
    return dict(_flat(_plain(policy), ""))


def changed(recorded: Mapping[str, Plain], policy: Policy) -> dict[str, tuple[Plain, Plain]]:
    """The fields that a recorded version (as JSON) and a present one both have and that differ: then and now.

    What only one of them has came, or went, with the code that reads it: nobody has decided otherwise by it.
    """
    return dict(_differing(recorded, _plain(policy), ""))


def _plain(policy: Policy) -> dict[str, Plain]:
    return json.loads(policy.model_dump_json())


def _flat(value: Plain, name: str) -> Iterator[tuple[str, Plain]]:
    match value:
        case dict():
            for field, inner in cast("dict[str, Plain]", value).items():
                yield from _flat(inner, f"{name}.{field}" if name else field)
        case [dict(), *_]:
            for number, inner in enumerate(cast("list[Plain]", value), start=1):
                yield from _flat(inner, f"{name}.{number}")
        case _:
            yield name, _in_order(value)


def _differing(then: Plain, now: Plain, name: str) -> Iterator[tuple[str, tuple[Plain, Plain]]]:
    match then, now:
        case dict(), dict():
            before, after = cast("dict[str, Plain]", then), cast("dict[str, Plain]", now)
            for field in after:
                if field in before:
                    yield from _differing(before[field], after[field], f"{name}.{field}" if name else field)
        case [dict(), *_], [dict(), *_] if len(cast("list[Plain]", then)) == len(cast("list[Plain]", now)):
            for number, inner in enumerate(zip(then, now, strict=True), start=1):
                yield from _differing(*inner, f"{name}.{number}")
        case _:
            if _in_order(then) != _in_order(now):
                yield name, (then, now)


def _in_order(value: Plain) -> Plain:
    """Sets have no order, and JSON cannot tell them from lists. What is in a policy's lists is in no order either."""
    return sorted(cast("list[Plain]", value), key=_rank) if isinstance(value, list) else value


def _rank(value: Plain) -> tuple[int, str]:
    return (value, "") if isinstance(value, int) else (0, repr(value))
