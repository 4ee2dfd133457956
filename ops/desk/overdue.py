"""What is overdue by the handling clocks, and whose step it is. A clock is shown and never moves a claim by itself."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from rich.console import Console

from ops import catalogue
from ops.reach import Database
from ops.sheet import Sheet, moment
from shared.events.escalation import Owner


class Clock(StrEnum):
    """ACKNOWLEDGE: the customer hears something. DECIDE: a claim, or what is said against its payment, is decided."""

    ACKNOWLEDGE = "acknowledge"
    DECIDE = "decide"


@dataclass(frozen=True)
class Overdue:
    """``key``: a claim's id, or a submission's, as `makegood show` takes it. ``since``: when the clock ran out."""

    key: str
    process: str
    clock: Clock
    owner: str
    step: str
    since: datetime

    def days(self, now: datetime) -> int:
        return (now - self.since).days


async def overdue(look: Database, now: datetime, clock: Clock | None = None) -> list[Overdue]:
    """All of it, the longest overdue first."""
    found: list[Overdue] = []
    for service in catalogue.NAMES:
        rows = await look.rows(service, "select process, key, late_at, body from state where late_at <= $1", now)
        found += [_overdue(row["process"], row["key"], row["late_at"], json.loads(row["body"])) for row in rows]
    return longest_first(one for one in found if clock in (None, one.clock))


def longest_first(found: Iterable[Overdue]) -> list[Overdue]:
    return sorted(found, key=lambda one: (one.since, one.process, one.key))


def _overdue(process: str, key: str, since: datetime, state: Mapping[str, Any]) -> Overdue:
    clock = Clock.ACKNOWLEDGE if process == "intake" else Clock.DECIDE
    return Overdue(key, process, clock, *whose_step(process, state), since)


def whose_step(process: str, state: Mapping[str, Any]) -> tuple[str, str]:
    """Who must act, and how far the claim is with him, in the words of the process that knows."""
    if process == "escalation":
        return str(state.get("owner") or Owner.MAKEGOOD), str(state.get("status") or "")
    if process == "recovery":
        dispute: Mapping[str, Any] = state.get("dispute") or {}
        return Owner.ADJUSTER, f"dispute: {dispute.get('ground')}"
    return Owner.MAKEGOOD, str(state.get("stage") or process)


def write(console: Console, found: Iterable[Overdue], now: datetime) -> None:
    """A sheet, or a word that there is nothing."""
    sheet = Sheet("Overdue", "Since", "Days", "Clock", "Whose step", "Where it stands", "Claim", right=["Days"])
    for one in found:
        sheet.add(moment(one.since), str(one.days(now)), one.clock, one.owner, one.step, one.key)
    sheet.write(console)
    if not sheet:
        console.out("Nothing is overdue.", highlight=False)


def as_json(found: Iterable[Overdue], now: datetime) -> str:
    plain = [asdict(one) | {"days": one.days(now)} for one in found]
    return json.dumps({"overdue": plain}, default=lambda value: value.isoformat(), indent=2)
