"""The figures of policy versions for people: each with who writes it, and how two versions differ."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from rich.console import Console

from ops.sheet import Sheet
from shared.money import display
from shared.policy import PolicyError
from shared.policy.differences import figures
from shared.policy.files import Version, versions, versions_in


@dataclass(frozen=True)
class Figure:
    """``written_in``: the version that says so; None: nobody does, and it is so by default."""

    name: str
    value: Any
    written_in: str | None


@dataclass(frozen=True)
class Sight:
    """One version with all its figures."""

    version: str
    marketplace: str
    file: str
    like: str | None
    fingerprint: str
    figures: list[Figure]


@dataclass(frozen=True)
class Difference:
    name: str
    first: Any
    second: Any


def found(folder: Path, given: str, on: date) -> Version:
    """By a version's name; by a marketplace, the one in force on a day; by the path of a file, the one in it."""
    if given.endswith(".toml"):
        return _only(versions_in(Path(given), folder), given)
    every = versions(folder)
    named = [version for version in every if version.policy.version == given]
    of_marketplace = [version for version in every if version.policy.marketplace == given.upper()]
    if named:
        return named[0]
    if of_marketplace:
        in_order = sorted(of_marketplace, key=lambda version: version.policy.effective_from)
        started = [version for version in in_order if version.policy.effective_from <= on]
        return started[-1] if started else in_order[0]
    names = [*{version.policy.marketplace for version in every}, *(version.policy.version for version in every)]
    near = get_close_matches(given, names, n=1)
    cure = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(names))}"
    raise PolicyError(f"there is no marketplace and no version {given!r}; {cure}")


def _only(read: Sequence[Version], given: str) -> Version:
    if len(read) == 1:
        return read[0]
    raise PolicyError(f"{given} has {len(read)} versions; leave the one that is meant")


def sight(version: Version) -> Sight:
    return Sight(
        version.policy.version,
        version.policy.marketplace,
        version.file,
        version.like,
        version.policy.fingerprint,
        [Figure(name, value, version.origin(_way(name))) for name, value in figures(version.policy).items()],
    )


def differences(first: Version, second: Version) -> list[Difference]:
    """Figure by figure, in the order of the model; what only one of them has is None in the other."""
    one, two = figures(first.policy), figures(second.policy)
    return [Difference(name, one.get(name), two.get(name)) for name in {**one, **two} if one.get(name) != two.get(name)]


def _way(name: str) -> tuple[str | int, ...]:
    return tuple(int(step) - 1 if step.isdigit() else step for step in name.split("."))


# For people, and for programs


def as_json(sight: Sight) -> str:
    plain = asdict(sight)
    plain["figures"] = {one.name: {"value": one.value, "written_in": one.written_in} for one in sight.figures}
    return json.dumps(plain, indent=2)


def differences_as_json(found: Sequence[Difference]) -> str:
    return json.dumps({one.name: [one.first, one.second] for one in found}, indent=2)


def write_list(console: Console, every: Sequence[Version], on: date) -> None:
    """All versions there are, with the one of each marketplace that is in force."""
    sheet = Sheet("Policies", "Marketplace", "Version", "From", "In force", "Currency", "Small below", "Like")
    for version in sorted(every, key=lambda one: (one.policy.marketplace, one.policy.effective_from)):
        policy = version.policy
        line = display(policy.handling.small_claim_line_minor, policy.currency)
        started = [
            other.policy.effective_from
            for other in every
            if other.policy.marketplace == policy.marketplace and other.policy.effective_from <= on
        ]
        in_force = bool(started) and policy.effective_from == max(started)
        sheet.add(
            policy.marketplace,
            policy.version,
            str(policy.effective_from),
            "yes" if in_force else "later" if policy.effective_from > on else "no longer",
            policy.currency,
            f"{line}{' or the same' if policy.handling.small_claim_line_inclusive else ''}",
            version.like or "",
        )
    sheet.write(console)


def write(console: Console, sight: Sight) -> None:
    head = f"{sight.version} ({sight.file}){f', as {sight.like} but for what it writes itself' if sight.like else ''}"
    currency = next(str(one.value) for one in sight.figures if one.name == "currency")
    sheet = Sheet(head, "Figure", "Value", "Written in")
    for one in sight.figures:
        sheet.add(one.name, worded(one.name, one.value, currency), one.written_in or "by default")
    sheet.write(console)
    console.print(f"\nFingerprint {sight.fingerprint}", markup=False, highlight=False)


def write_differences(console: Console, first: Version, second: Version) -> None:
    one, two = first.policy, second.policy
    sheet = Sheet(f"{one.version} and {two.version}", "Figure", one.version, two.version)
    for each in differences(first, second):
        sheet.add(each.name, worded(each.name, each.first, one.currency), worded(each.name, each.second, two.currency))
    sheet.write(console)
    if not sheet:
        console.print(f"{one.version} and {two.version} say the same.", markup=False, highlight=False)


def worded(name: str, value: Any, currency: str) -> str:
    """Money with its currency, days as days, lists without brackets."""
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case int() if name.endswith("_minor"):
            return display(value, currency)
        case list():
            return ", ".join(map(str, cast("list[Any]", value))) or "none"
        case int() if unit := next((each for each in ("day", "hour") if f"{each}s" in name.rpartition(".")[2]), None):
            return f"{value} {unit}{'' if value == 1 else 's'}"
        case _:
            return str(value)
