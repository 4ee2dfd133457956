"""What people type: findings, reasons and names. What is wrong is told in one sentence with the cure."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

from pydantic import TypeAdapter, ValidationError

from ops.reach import ReachError
from shared.events.base import Id
from shared.events.claim import ItemFinding, Reason

_FINDING: Final = re.compile(r"(\d{1,3})=(\d{1,9}|\d{1,3}(?:,\d{3}){1,2})(?:\.(\d{2}))?(?::(.+))?")
_ID: Final = TypeAdapter[str](Id)


def findings(typed: Sequence[str]) -> tuple[ItemFinding, ...]:
    """Each ``2=100.00:NOT_PROVEN``: item 2 is allowed 100.00, for these reasons (several behind commas)."""
    found = [_finding(text) for text in typed]
    numbers = [each.item for each in found]
    if twice := next((number for number in numbers if numbers.count(number) > 1), None):
        raise ReachError(f"item {twice} is named twice: give it once, with all its reasons behind commas")
    return tuple(found)


def _finding(text: str) -> ItemFinding:
    parts = _FINDING.fullmatch(text.strip())
    if parts is None:
        raise ReachError(f"{text!r} is no finding: write it as ITEM=AMOUNT:REASON, such as 2=100.00:NOT_PROVEN")
    number, whole, cents, codes = parts.groups()
    return ItemFinding(
        item=int(number),
        allowed_minor=int(whole.replace(",", "")) * 100 + int(cents or 0),
        reasons=reasons([codes]) if codes else (),
    )


def reasons(typed: Sequence[str]) -> tuple[Reason, ...]:
    """Codes in any case, also several behind commas; each once."""
    return tuple(dict.fromkeys(_reason(code.strip()) for text in typed for code in text.split(",")))


def _reason(code: str) -> Reason:
    try:
        return Reason(code.upper().replace("-", "_"))
    except ValueError:
        near = get_close_matches(code.upper(), [reason.value for reason in Reason], n=3, cutoff=0.5)
        guess = f" (did you mean {' or '.join(near)}?)" if near else ""
        raise ReachError(f"there is no reason {code!r}{guess}: use one of {', '.join(Reason)}") from None


def name(typed: str, role: str) -> str:
    """Of a person, as this office calls him: printable, without spaces."""
    try:
        return _ID.validate_python(typed)
    except ValidationError:
        raise ReachError(
            f"{typed!r} is no name for an {role}: use letters, digits and . _ : @ / -, and no spaces, as m.okafor"
        ) from None
