"""What a carrier insures and at what price, as data: one TOML file per carrier beside this one."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from shared.events.base import Id
from shared.events.seller_portal import InsurerRating, ProductHazardClass
from shared.money import Currency, Minor
from shared.policy.lines import Lines

HERE: Final = Path(__file__).parent

Percent = Annotated[int, Field(ge=0, le=100)]
"""Of a hundred."""
Factor = Annotated[int, Field(ge=1, le=10_000)]
"""What a price is multiplied by, in percent: 100 changes nothing."""
Days = Annotated[float, Field(ge=0, le=365)]
Marketplace = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class RatesError(Exception):
    """A carrier's file is wrong; the text names file, line, field and cure, one problem per line."""


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Band(_Data):
    """A part of a year's proceeds, up to an amount in the units of the file: each part is rated at its own rate."""

    up_to_minor: Minor
    per_10_000: Annotated[int, Field(ge=1, le=10_000)]


class Limit(_Data):
    """Limits per occurrence up to this one cost so much."""

    up_to_minor: Minor
    percent: Factor


class Deductible(_Data):
    """Whoever bears this much of each occurrence himself, or more, pays so much less."""

    from_minor: Minor
    credit_percent: Annotated[int, Field(ge=0, le=90)]


class Claims(_Data):
    """What the claims of the history add, and from where on there is no quote.

    ``per_claim_percent``: for each. ``per_lost_percent``: for each hundredth of a year's proceeds that they came to.
    """

    per_claim_percent: Percent
    per_lost_percent: Percent
    most: Annotated[int, Field(ge=0)]
    most_lost_percent: Percent


class Answers(_Data):
    """How a carrier answers. ``days``: the shortest and the longest; some answers come too late, and some never."""

    days: tuple[Days, Days]
    issue_days: tuple[Days, Days]
    late_percent: Percent
    silent_percent: Percent


class Cancels(_Data):
    """How many policies are cancelled, how long after they were issued, and with how many days of notice."""

    percent: Percent
    after_days: tuple[Days, Days]
    notice_days: Annotated[int, Field(ge=0, le=365)]


class Rates(_Data):
    """One carrier. Amounts in minor units of US dollars; ``scale`` tells what a hundred of them are elsewhere.

    A class of products or a marketplace without a factor is not insured.
    """

    carrier: Id
    insurer: Annotated[str, Field(min_length=1, max_length=120)]
    rating: InsurerRating
    scale: dict[Currency, Factor]
    revenue: tuple[Band, ...]
    hazards: dict[ProductHazardClass, Factor]
    marketplaces: dict[Marketplace, Factor]
    claims: Claims
    limits: tuple[Limit, ...]
    deductibles: tuple[Deductible, ...]
    minimum_premium_minor: Minor
    valid_days: Annotated[int, Field(ge=1, le=365)]
    answers: Answers
    cancels: Cancels

    @property
    def validity(self) -> timedelta:
        return timedelta(days=self.valid_days)

    @field_validator("revenue", "limits")
    @classmethod
    def _rise(cls, steps: "tuple[Band, ...] | tuple[Limit, ...]") -> "tuple[Band, ...] | tuple[Limit, ...]":
        if not steps:
            raise ValueError("there is none; write at least one")
        _rising([step.up_to_minor for step in steps], "up_to_minor")
        return steps

    @field_validator("limits")
    @classmethod
    def _higher_is_not_cheaper(cls, limits: tuple[Limit, ...]) -> tuple[Limit, ...]:
        _not_falling([limit.percent for limit in limits], "percent", "a higher limit is never cheaper")
        return limits

    @field_validator("deductibles")
    @classmethod
    def _higher_is_not_dearer(cls, deductibles: tuple[Deductible, ...]) -> tuple[Deductible, ...]:
        _rising([deductible.from_minor for deductible in deductibles], "from_minor")
        _not_falling(
            [deductible.credit_percent for deductible in deductibles],
            "credit_percent",
            "a higher deductible is never dearer",
        )
        return deductibles

    @model_validator(mode="after")
    def _spans_begin_before_they_end(self) -> Self:
        spans = {"answers.days": self.answers.days, "answers.issue_days": self.answers.issue_days}
        for name, (shortest, longest) in {**spans, "cancels.after_days": self.cancels.after_days}.items():
            if shortest > longest:
                raise ValueError(f"{name}: {shortest} days are more than {longest}; write the shorter span first")
        return self


@cache
def load(folder: Path = HERE) -> Mapping[str, Rates]:
    """Every carrier of a folder by its id. Raises RatesError that names every problem of every file."""
    found, problems = dict[str, Rates](), list[str]()
    for path in sorted(folder.glob("*.toml")):
        try:
            rates = _read(path)
        except RatesError as error:
            problems.append(str(error))
            continue
        if rates.carrier in found:
            problems.append(f"{path.name}: carrier: {rates.carrier} has another file; give each carrier its own id")
        found[rates.carrier] = rates
    if problems:
        raise RatesError("\n".join(problems))
    if not found:
        raise RatesError(f"{folder}: there is no carrier; put one <carrier>.toml per carrier there")
    return found


def _read(path: Path) -> Rates:
    try:
        text = path.read_text(encoding="utf-8")
        written = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RatesError(f"{path.name}: {error}; correct it") from error
    try:
        return Rates.model_validate(written)
    except ValidationError as error:
        raise RatesError("\n".join(f"{path.name}{problem}" for problem in _problems(error, Lines(text)))) from error


def _problems(error: ValidationError, lines: Lines) -> Iterator[str]:
    for found in error.errors(include_url=False):
        where = tuple(step for step in found["loc"] if step != "[key]")
        line, name = lines.of(where) or lines.of((*where, 0)), ".".join(str(step) for step in where)
        at = f", line {line}" if line else ""
        yield f"{at}: {name}: {_in_words(found)}" if name else f"{at}: {_in_words(found)}"


def _in_words(found: Any) -> str:
    match found["type"]:
        case "missing":
            return "is missing; add it, as the other carriers do"
        case "extra_forbidden":
            return "is nothing that a carrier has; take it out"
        case "value_error":
            return str(found["ctx"]["error"])
        case _:
            return f"{found['input']!r}: {found['msg']}; correct the value"


def _rising(amounts: Sequence[int], name: str) -> None:
    if any(later <= earlier for earlier, later in pairwise(amounts)):
        raise ValueError(f"{name} does not rise from each to the next; order them, the smallest first")


def _not_falling(figures: Sequence[int], name: str, why: str) -> None:
    if any(later < earlier for earlier, later in pairwise(figures)):
        raise ValueError(f"{name} falls, but {why}; write no smaller one after a larger one")
