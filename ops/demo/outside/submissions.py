"""What is submitted: claims of the demo's own making, or the lines of a file just as they are."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from shared.events.upstream import ClaimSubmitted


@dataclass(frozen=True, slots=True)
class Submission:
    """One record for intake. ``claim`` is None for bytes that are no claim; refusing those is intake's affair."""

    key: str
    body: bytes
    claim: ClaimSubmitted | None


def submissions(path: Path) -> Iterator[bytes]:
    """The lines of a JSONL file without their ends; empty ones are left out."""
    with path.open("rb") as file:
        for line in file:
            if line.strip():
                yield line.rstrip(b"\r\n")


def from_file(path: Path) -> Iterator[Submission]:
    """Every line as a submission."""
    for number, line in enumerate(submissions(path), start=1):
        yield from_line(line, number)


def from_line(line: bytes, number: int) -> Submission:
    """Keyed by its submission id, or where it has none by its number."""
    try:
        claim = ClaimSubmitted.model_validate_json(line)
    except ValidationError:
        return Submission(_submission_id(line) or f"line-{number}", line, None)
    return Submission(claim.submission_id, line, claim)


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
