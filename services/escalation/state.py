"""What escalation knows of one claim."""

from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple, TypeAlias
from uuid import UUID

from shared.events.adjusters import ReviewKind
from shared.events.base import Fact, derived_id
from shared.events.claim import Reason
from shared.events.escalation import Outcome, Owner, Route, Status
from shared.events.insurance_accelerator import SellerCoverChanged
from shared.events.seller_portal import AnswerChoice
from shared.money import Currency, Minor
from shared.policy import Policy
from shared.runtime import Moment, State

At: TypeAlias = Moment[SellerCoverChanged]

SOON: Final = timedelta(minutes=5)
"""The shortest wait: a policy of 0 days still leaves the others time to speak."""


class Line(NamedTuple):
    """An amount for one item and the reasons why it is not more: compact, because a claim may have fifty."""

    item: int
    minor: Minor
    reasons: tuple[Reason, ...] = ()


class Terms(Fact):
    """What was accepted, frozen: a later policy never moves a running claim."""

    policy: str
    marketplace: str
    currency: Currency
    seller_id: str
    payee_ref: str
    incident_on: date
    small: bool
    serious: bool


class Case(State):
    """One claim. ``status``, ``owner`` and ``by`` are what the customer is told, and what it waits for."""

    claim_id: UUID
    submission_id: str
    status: Status = Status.NEEDS_INFORMATION
    owner: Owner = Owner.MAKEGOOD
    by: datetime | None = None
    asks_at: datetime | None = None
    """When it asks itself, where that is another moment than the ``by`` that was told."""
    overdue: int = 0
    """How often the present deadline was moved because somebody owes us a word."""
    revision: int = 0
    outcome: Outcome | None = None
    reasons: tuple[Reason, ...] = ()

    accepted: Terms | None = None
    items: tuple[Line, ...] = ()
    """What is owed at most: as admitted, less what the insurer has settled."""
    direct_pay: bool | None = None
    """None: the route is not chosen yet."""
    covered: bool = False
    respond_by: datetime | None = None
    """The seller's frozen deadline (direct pay: the end of his comment window); None before the notice."""
    answer: AnswerChoice | None = None
    """The first answer received in time; later ones are evidence."""
    insurer_replied: bool = False
    proofs: tuple[str, ...] = ()
    """Of the insurer's part settlements counted so far."""

    review: ReviewKind | None = None
    reviewed: bool = False
    findings: tuple[Line, ...] = ()
    """What the adjuster allowed, for the items he named."""

    route: Route | None = None
    approvers: tuple[str, ...] = ()
    round: int = 1
    attempt: int = 0
    """0: no payout is authorised."""
    amount_minor: Minor = 0

    @property
    def due(self) -> datetime | None:
        return self.asks_at or self.by

    @property
    def seller_id(self) -> str | None:
        """Whose cover is the reference."""
        return self.accepted.seller_id if self.accepted else None

    @property
    def terms(self) -> Terms:
        """The terms of a claim that was accepted; only asked for where it was."""
        assert self.accepted is not None, "not accepted yet"
        return self.accepted

    @property
    def undecided(self) -> bool:
        """Accepted, not ended, and no payout authorised: what anybody says still counts."""
        return self.accepted is not None and self.status is not Status.CLOSED and self.attempt == 0

    @property
    def payout_id(self) -> UUID:
        """One per claim and round, whatever happens."""
        return derived_id("payout", self.claim_id, self.round)

    def in_time(self, received_at: datetime) -> bool:
        """What the seller says at the last moment is in time; before the notice it always is."""
        return self.respond_by is None or received_at <= self.respond_by

    def policy(self, at: At) -> Policy:
        return at.policies.version(self.terms.policy)

    def but(self, **changes: Any) -> "Case":
        return self.model_copy(update=changes)

    def moved(self, status: Status, owner: Owner, by: datetime | None, **changes: Any) -> "Case":
        """Now stands so, waiting until ``by``; what belonged to the former wait is forgotten."""
        fresh: dict[str, Any] = {"asks_at": None, "overdue": 0, "review": None}
        return self.but(**fresh | {"status": status, "owner": owner, "by": by} | changes)

    def still_waiting(self, at: At, span: timedelta) -> "Case":
        """Waits on for a word that is owed to us, asking less and less often."""
        by = later(at, span * 2 ** min(self.overdue, 5))
        return self.but(by=by, asks_at=None, overdue=self.overdue + 1)


def later(at: At, span: timedelta) -> datetime:
    """That long from now, and always after now."""
    return at.now + max(span, SOON)
