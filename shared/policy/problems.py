"""What is wrong with a policy file, in words: the field, the problem, the cure."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final, NamedTuple, cast, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from shared.policy.lines import Lines, Where
from shared.policy.model import Policy


class Problem(NamedTuple):
    """``where``: from the version on. ``text``: the problem and its cure."""

    where: Where
    text: str


def of_the_head(data: Mapping[str, Any], lines: Lines) -> Iterator[str]:
    """What is wrong with a file before any of its versions is looked at; each text follows the file's name."""
    for name in data:
        if name != "versions":
            near = get_close_matches(name, ["versions"], n=1)
            cure = "did you mean versions?" if near else "take it out"
            yield f", line {lines.of((name,))}: {name}: is not a field of a policy file; {cure}"
    if "versions" not in data:
        yield ": versions: is missing; add it, as the other marketplaces do"
        return
    found, line = data["versions"], f", line {lines.of(('versions',)) or 1}"
    listed: list[object] = cast("list[object]", found) if isinstance(found, list) else []
    if found == []:
        yield f"{line}: versions: there is none; write at least one, under [[versions]]"
    elif not all(isinstance(version, dict) for version in listed) or not listed:
        yield f"{line}: versions: is no list of tables; write the head of each version as [[versions]]"


def problems_of(error: ValidationError) -> Iterator[Problem]:
    """Each problem of one version, once."""
    for found in error.errors(include_url=False):
        where = tuple(step for step in found["loc"] if step != "[key]")
        yield Problem(where, _problem_and_cure(found, where))


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
    "tuple": "write a list in square brackets",
    "wait": "write 5 for calendar days, or '5 business days' in quotes",
}


def _fields_beside(where: Where) -> list[str]:
    """The names that could stand where this one does."""
    model: type[BaseModel] = Policy
    for step in where[:-1]:
        annotation = getattr(model.model_fields.get(str(step)), "annotation", None)
        inner = get_args(annotation)[0] if get_origin(annotation) is tuple else annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            model = inner
    return list(model.model_fields)
