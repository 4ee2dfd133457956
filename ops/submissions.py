"""What is submitted: the lines of a file just as they are, or claims that were made up."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from shared.events.upstream import ClaimSubmitted
from shared.runtime.codec import DecodeError, event_of

SHOWN: Final = 10
"""Most lines of a file that are named."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One record for intake. ``claim`` is None for bytes that are no claim to intake; refusing those is its affair."""

    key: str
    body: bytes
    claim: ClaimSubmitted | None


def from_file(path: Path) -> Iterator[Submission]:
    """Every line of a JSONL file as a submission; empty ones are left out."""
    return (submission for _, submission in numbered(path))


def numbered(path: Path) -> Iterator[tuple[int, Submission]]:
    """With the number of each line, from 1, as an editor counts."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, from_line(line.rstrip(b"\r\n"), number)


def refused(path: Path) -> Iterator[str]:
    """What to tell of lines that are no claim: intake refuses them, and each is among the denied."""
    found = [number for number, submission in numbered(path) if submission.claim is None]
    if found:
        yield f"Intake refused {len(found)} as no claim: {line_numbers(found[:SHOWN], len(found))} of {path}."


def line_numbers(first: Sequence[int], count: int) -> str:
    """So many lines in words: the numbers of the first ones."""
    more = f" and {count - len(first)} more" if count > len(first) else ""
    return f"line{'' if count == 1 else 's'} {', '.join(map(str, first))}{more}"


def from_line(line: bytes, number: int) -> Submission:
    """Keyed by its submission id, or where it has none by its number; read as intake reads it."""
    key = _submission_id(line) or f"line-{number}"
    try:
        return Submission(key, line, event_of(ClaimSubmitted, key.encode(), line))
    except DecodeError:
        return Submission(key, line, None)


def from_claims(
    claims: Iterable[ClaimSubmitted], spoilt: Callable[[ClaimSubmitted], bool] = lambda _: False
) -> Iterator[Submission]:
    """Claims as the records they become; those that are ``spoilt`` on their way are none any more."""
    for claim in claims:
        body = claim.model_dump_json().encode()
        if spoilt(claim):
            yield Submission(claim.submission_id, body.replace(b'"incident_on":"', b'"incident_on":"about ', 1), None)
        else:
            yield Submission(claim.submission_id, body, claim)


def sellers(source: Iterable[Submission]) -> dict[str, set[str]]:
    """Every seller that claims name, with the marketplaces it sells on."""
    found: dict[str, set[str]] = {}
    for submission in source:
        if submission.claim is not None:
            found.setdefault(submission.claim.seller_id, set()).add(submission.claim.marketplace)
    return found


def _submission_id(line: bytes) -> str | None:
    try:
        found: Any = json.loads(line)
    except (ValueError, RecursionError):
        return None
    value = cast("dict[str, Any]", found).get("submission_id") if isinstance(found, dict) else None
    return value if isinstance(value, str) and value and value.isprintable() else None
