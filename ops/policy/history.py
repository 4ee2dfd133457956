"""What the outside said, as the journals have it, and how the claims it was about really ended."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import ValidationError

from ops import catalogue
from ops.policy.recorded import recorded_policies
from ops.reach import Database, ReachError
from services.seller_notifier.letter import LetterSent
from shared.events.base import Event, claim_id_of, type_registry
from shared.events.escalation import PayoutAuthorized, Status
from shared.events.intake import InformationRequested
from shared.events.seller_notifier import InsurerNotified, SellerNotified, SettlementReported
from shared.events.upstream import ClaimSubmitted
from shared.policy import Policies
from shared.runtime.process import reference_name

ASKS: Final = (SellerNotified, InsurerNotified, InformationRequested, SettlementReported, PayoutAuthorized)
"""What our services said and others of ours heard: from its moment on somebody outside could answer."""

OPEN: Final = "open:"
"""How the standing of a claim begins that has not ended."""


@dataclass(frozen=True)
class Saying:
    """One event of an outside party, with the moment it gives for itself. ``id``: as its party has it."""

    event: Event
    at: datetime
    id: str


@dataclass(frozen=True)
class Ending:
    """How a claim stands. In minor units of ``currency``: paid = recovered + waived + written off + outstanding."""

    outcome: str
    currency: str = ""
    paid: int = 0
    recovered: int = 0
    waived: int = 0
    written_off: int = 0
    outstanding: int = 0

    @property
    def borne(self) -> int:
        """What is the marketplace's own cost, as things stand."""
        return self.paid - self.recovered


@dataclass(frozen=True)
class History:
    """``sayings`` in the order of their moments. ``asked``: (event, claim) → when it was said first.

    ``authorised``: what each payout was ordered for, the last time. ``letters``: what became of each. ``really``: how
    each claim stands. ``unsigned``: claims that ended because a release was not signed.
    """

    policies: Policies
    sayings: tuple[Saying, ...]
    asked: Mapping[tuple[str, UUID], datetime] = field(default_factory=dict[tuple[str, UUID], datetime])
    notified_directly: Mapping[UUID, bool] = field(default_factory=dict[UUID, bool])
    authorised: Mapping[UUID, int] = field(default_factory=dict[UUID, int])
    letters: Mapping[UUID, tuple[datetime, LetterSent]] = field(default_factory=dict[UUID, tuple[datetime, LetterSent]])
    really: Mapping[UUID, Ending] = field(default_factory=dict[UUID, Ending])
    unsigned: frozenset[UUID] = frozenset()

    def submissions(self) -> dict[UUID, ClaimSubmitted]:
        """Each claim as it was first submitted."""
        found: dict[UUID, ClaimSubmitted] = {}
        for saying in self.sayings:
            if isinstance(saying.event, ClaimSubmitted):
                found.setdefault(claim_id_of(saying.event.submission_id), saying.event)
        return found


def claim_of(event: Event) -> UUID | None:
    """The claim that an event is about; None: it is about a seller."""
    submission_id = getattr(event, "submission_id", None)
    claim_id: UUID | None = getattr(event, "claim_id", None)
    return claim_id_of(submission_id) if claim_id is None and submission_id is not None else claim_id


class Gathering:
    """A history in the making: told the journals' rows, in any order."""

    def __init__(self) -> None:
        self._sayings: dict[tuple[str, str, datetime], Saying] = {}
        self._asked: dict[tuple[str, UUID], datetime] = {}
        self._directly: dict[UUID, bool] = {}
        self._authorised: dict[UUID, tuple[datetime, int]] = {}
        self._letters: dict[UUID, tuple[datetime, LetterSent]] = {}

    def add(self, event: Event, said_at: datetime, cause: str) -> None:
        """One event that some process heard. What was said twice at one moment was said once."""
        claim = claim_of(event)
        if isinstance(event, LetterSent):
            self._letters[event.letter_id] = (said_at, event)
        elif isinstance(event, ASKS) and claim is not None:
            name = type(event).__name__
            self._asked[name, claim] = min(said_at, self._asked.get((name, claim), said_at))
            if isinstance(event, SellerNotified):
                self._directly[claim] = event.direct_pay
            elif isinstance(event, PayoutAuthorized):
                before = self._authorised.get(event.payout_id, (said_at, 0))
                self._authorised[event.payout_id] = max(before, (said_at, event.amount_minor))
        elif event.topic is not None and not event.topic.numbered:
            place = (type(event).__name__, event.model_dump_json(), said_at)
            self._sayings.setdefault(place, Saying(event, said_at, cause))

    def history(
        self, policies: Policies, really: Mapping[UUID, Ending] | None = None, unsigned: Iterable[UUID] = ()
    ) -> History:
        sayings = sorted(self._sayings.values(), key=lambda saying: saying.at)
        authorised = {payout_id: amount for payout_id, (_, amount) in self._authorised.items()}
        return History(
            policies, tuple(sayings), self._asked, self._directly, authorised, self._letters, really or {},
            frozenset(unsigned),
        )  # fmt: skip


_HEARD = (
    "select type, cause, said_at, body from journal where process = any($1) and type = any($2) "
    "order by at, n, result not like '.%'"
)
_LAST = (
    "select key from journal where process = 'intake' and type = 'ClaimSubmitted' "
    "group by key order by min(said_at) desc limit $1"
)
_STANDS = (
    "select key, body->>'outcome' as outcome, body->>'status' as status, "
    "body::jsonb->'reasons' ? 'RELEASE_NOT_SIGNED' as unsigned from state "
    "where process = 'escalation' and ($1::text[] is null or key = any($1))"
)
_MONEY = (
    "select claim_id, currency, paid_out as paid, recovered, waived, written_off, outstanding from claim_money "
    "where $1::text[] is null or claim_id::text = any($1)"
)
"""A view of recovery's."""


async def history(look: Database, shipped: Policies, claims: int | None = None) -> History:
    """From the journals and the states of all services. Raises ReachError when no claim was ever submitted.

    ``claims``: the last so many alone, and all that was said of sellers; nothing of others is kept in memory.
    """
    kept = None if claims is None else {claim_id_of(row["key"]) for row in await look.rows("intake", _LAST, claims)}
    keys = None if kept is None else [str(claim) for claim in kept]
    gathering = Gathering()
    for service in catalogue.all_services():
        processes = [process.name for process in service.processes]
        processes += [reference_name(process) for process in service.processes if process.reference is not None]
        async for row in look.each(service.name, _HEARD, processes, sorted(_wanted())):
            try:
                event = type_registry[row["type"]].model_validate_json(row["body"])
            except ValidationError:
                continue  # of a version that is not ours: nobody here could hear it
            if kept is None or (claim := claim_of(event)) is None or claim in kept:
                gathering.add(event, row["said_at"], row["cause"])
    money = {row["claim_id"]: dict(row) for row in await look.rows("recovery", _MONEY, keys)}
    really: dict[UUID, Ending] = {}
    unsigned: list[UUID] = []
    for row in await look.rows("escalation", _STANDS, keys):
        claim = UUID(row["key"])
        sums = {name: value for name, value in money.get(claim, {}).items() if name != "claim_id"}
        really[claim] = Ending(standing(row["outcome"], row["status"]), **sums)
        if row["unsigned"]:
            unsigned.append(claim)
    policies = (await recorded_policies(look, "intake", shipped)).all()
    found = gathering.history(policies, really, unsigned)
    if not found.submissions():
        raise ReachError("no claim is on record here: submit some (`makegood file`), or run `makegood demo` first")
    return found


def standing(outcome: str | None, status: str) -> str:
    """The outcome of what has ended, or where it stands."""
    return str(outcome) if status == Status.CLOSED and outcome else f"{OPEN} {status}"


def _wanted() -> set[str]:
    outside = {name for name, kind in type_registry.items() if kind.topic is not None and not kind.topic.numbered}
    return outside | {kind.__name__ for kind in (*ASKS, LetterSent)}
