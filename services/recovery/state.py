"""What recovery knows of one claim: what was paid, what came back, and how far the pursuit of the seller is."""

from datetime import date, datetime
from enum import StrEnum
from typing import Self, TypeAlias
from uuid import UUID

from shared.events.base import Fact, derived_id
from shared.events.escalation import PayoutAuthorized
from shared.events.insurance_accelerator import SellerCoverChanged
from shared.events.recovery import Ground, RefundReason, WaiverReason
from shared.money import Currency
from shared.policy import Policy
from shared.runtime import Moment, State

At: TypeAlias = Moment[SellerCoverChanged]


class Stage(StrEnum):
    """How far the pursuit is. Order: proof, the insurer, the debit notice and its time, the debit."""

    AUTHORIZED = "authorized"  # nothing is paid yet
    CHECKING = "checking"  # about to be pursued; whether cover is on record is not known yet
    PROVING = "proving"  # small; the seller may prove cover
    DEMANDING = "demanding"  # the insurer has our demand
    NOTICING = "noticing"  # the debit notice is with seller_notifier
    NOTICED = "noticed"  # it was handed over, or tried on every contact: its time runs
    DEBITING = "debiting"  # finance has our debit, or must end the one before
    PAUSED = "paused"  # finance could not collect; the next debit follows a pause
    CLOSED = "closed"


SELLERS_TURN = frozenset({Stage.NOTICING, Stage.NOTICED, Stage.DEBITING, Stage.PAUSED})
"""Proof and insurer are behind: what is outstanding is the seller's to pay."""


class Booking(Fact):
    """One result of finance that is in the books: its name, derived from what finance calls it, and its amount."""

    id: str
    amount_minor: int

    @classmethod
    def of(cls, idempotency_key: UUID, finance_reference: str, amount_minor: int, *, back: bool = False) -> Self:
        """``back``: money of a payout that came back; finance may call it what it called the payment."""
        what = "booking back" if back else "booking"
        name = derived_id(what, idempotency_key, finance_reference).hex[:16]
        return cls(id=name, amount_minor=amount_minor)


class Payout(Fact):
    """One decision round's payout: what was ordered, and what finance has paid under it less what came back.

    ``net_minor`` may lie outside of what was ordered: finance paid twice, or more came back than had been paid.
    What is within is borne by the marketplace; what is outside is in question, whatever the order of the reports.
    ``last_order_minor``: what it comes to by its last attempt (``attempt``); None: as at first. ``owed_minor``: what
    was left of it when a later round was ordered, which pays the rest in its place; None: all.
    """

    id: UUID
    authorized_minor: int
    small: bool
    covered: bool
    net_minor: int = 0
    attempt: int = 1
    last_order_minor: int | None = None
    owed_minor: int | None = None

    def owing(self, minor: int) -> Self:
        """Of which no more is owed, now that a later round was ordered."""
        least = minor if self.owed_minor is None else min(minor, self.owed_minor)
        return self.model_copy(update={"owed_minor": least}).holding(self.net_minor)

    def holding(self, net_minor: int) -> Self:
        """With so much paid less returned; what is paid in its place is not borne again once it is heard to be back."""
        held = self.model_copy(update={"net_minor": net_minor})
        if self.owed_minor is None:
            return held
        limit = min(self.authorized_minor, max(self.owed_minor, held.borne_minor))
        return held.model_copy(update={"authorized_minor": limit})

    @property
    def expected_minor(self) -> int:
        """What finance should have paid in the end."""
        last = self.authorized_minor if self.last_order_minor is None else self.last_order_minor
        return min(last, self.authorized_minor)

    @property
    def borne_minor(self) -> int:
        return min(max(self.net_minor, 0), self.authorized_minor)

    @property
    def in_question_minor(self) -> int:
        """Above zero: paid and never ordered. Below: came back and had never been paid."""
        return self.net_minor - self.borne_minor


class Unplaced(Fact):
    """A result about a payout that is not known yet: finance may be heard before the order that it answers."""

    payout_id: UUID
    returned: bool
    currency: Currency
    amount_minor: int
    finance_reference: str


class Debit(Fact):
    """The debit that finance has not ended yet. There is one at most. ``notice``: the number of its own."""

    number: int
    amount_minor: int
    collected_minor: int = 0
    stopped: bool = False
    notice: int | None = None

    @property
    def rest_minor(self) -> int:
        return self.amount_minor - self.collected_minor


class Dispute(Fact):
    """While one is open the pursuit stands still. ``late_at``: when an adjuster should have decided at first.

    ``added_at``: when the seller said last what is to be decided; None: when it was opened.
    """

    ground: Ground
    opened_at: datetime
    decide_by: datetime
    late_at: datetime
    added_at: datetime | None = None

    def is_answered(self, at: At) -> bool:
        """Whether a decision said then is about all that is asked: who decided before the appeal has not seen it."""
        return at.said_at >= (self.added_at or self.opened_at)


class Refund(Fact):
    """What we asked finance to pay back to the seller, and how much is done. ``reason``: None in old records."""

    amount_minor: int
    paid_minor: int = 0
    reason: RefundReason | None = None


class Recovery(State):
    """Amounts in minor units of ``currency``. ``next_at``: the next step of this stage, None where others act."""

    claim_id: UUID
    seller_id: str
    marketplace: str
    policy: str
    currency: Currency
    incident_on: date | None
    payouts: tuple[Payout, ...]
    """One per round, the latest last."""
    small: bool
    covered: bool

    stage: Stage = Stage.AUTHORIZED
    asked_minor: int = 0
    """What the present step is about: proof, demand or notice named this amount. No debit exceeds what was noticed."""
    next_at: datetime | None = None
    prove_by: datetime | None = None
    """Until when cover had to be known to waive; while its letter is not out (PROVING, no ``next_at``) no time runs."""
    write_off_at: datetime | None = None
    appeal_by: datetime | None = None
    """None: nothing has been said to the seller yet from which his time would run."""

    paid_minor: int = 0
    """What the marketplace has paid as ordered, less what came back."""
    from_seller_minor: int = 0
    from_insurer_minor: int = 0
    waived_minor: int = 0
    written_off_minor: int = 0
    owed_minor: int = 0
    """Our debt to the seller: what he has paid beyond what he owes, until it is refunded."""
    suspense_minor: int = 0
    """What finance did and nobody asked for: above zero it is to come back to us, below zero to go back."""

    debits: int = 0
    """How many debits were ever requested."""
    debit: Debit | None = None
    notices: int = 0
    """How many debit notices were ever asked for; of one before the last its bounce alone counts, for its own debit."""
    demands: int = 0
    insurers_asked: tuple[str, ...] = ()
    """Those who had a demand for what is pursued now: where several covered that day, one is asked after another."""
    refunds: tuple[Refund, ...] = ()
    refund_by: datetime | None = None
    """When finance is asked again for the refunds it has not paid; None: nothing is owed."""
    refunds_asked: int = 0
    """How often that was since something is owed: each time it is waited longer."""
    dispute: Dispute | None = None
    set_aside: Dispute | None = None
    """Not decided when nothing was left of what it was about; it is taken up when something is paid again."""
    contested: bool = False
    appealed: bool = False
    """Each ground is decided once; what the seller says later is evidence."""
    released: WaiverReason | None = None
    """The seller owes nothing any more: of a duplicate whatever is still paid, else of the payouts known by then."""
    payouts_released: int = 0
    """So many, the first, are released by an appeal that was won, whatever is owed since. 0 with ``released``: all."""
    insolvent: bool = False
    decisions: int = 0
    """How often we booked by a decision of our own: the same waiver can be due twice."""
    booked: tuple[Booking, ...] = ()
    early: tuple[Unplaced, ...] = ()
    early_until: datetime | None = None

    @classmethod
    def begun(cls, event: PayoutAuthorized) -> Self:
        return cls(
            claim_id=event.claim_id,
            seller_id=event.seller_id,
            marketplace=event.marketplace,
            policy=event.policy,
            currency=event.currency,
            incident_on=event.incident_on,
            payouts=(ordered(event),),
            small=event.small,
            covered=event.covered,
        )

    def rules(self, at: At) -> Policy:
        """The policy under which the claim was accepted."""
        return at.policies.version(self.policy)

    @property
    def due(self) -> datetime | None:
        moments = [self.early_until, self.refund_by, self.dispute.decide_by if self.dispute else self._step_due]
        return min((moment for moment in moments if moment is not None), default=None)

    @property
    def _step_due(self) -> datetime | None:
        if self.write_off_at is None or self.stage in (Stage.AUTHORIZED, Stage.CLOSED):
            return None
        return min(self.next_at or self.write_off_at, self.write_off_at)

    @property
    def late_at(self) -> datetime | None:
        if self.dispute is not None:
            return self.dispute.late_at
        return self.refund_by if self.refunds_asked else None

    @property
    def watches(self) -> str | None:
        waits_for_cover = self.stage in (Stage.CHECKING, Stage.PROVING) or self.may_be_proven
        return self.seller_id if waits_for_cover and self.dispute is None else None

    @property
    def may_be_proven(self) -> bool:
        """Whether the time for proof is over, and yet proof that was given in it, and is judged late, would waive."""
        behind = self.stage is Stage.DEMANDING or self.stage in SELLERS_TURN
        return behind and self.prove_by is not None and all(payout.small for payout in self.payouts)

    @property
    def recovered_minor(self) -> int:
        return self.from_seller_minor + self.from_insurer_minor

    @property
    def sellers_side_minor(self) -> int:
        """What he owes, would owe but for the write-off, and has paid."""
        return self.outstanding_minor + self.written_off_minor + self.from_seller_minor

    @property
    def outstanding_minor(self) -> int:
        """What is still to be recovered."""
        return self.paid_minor - self.recovered_minor - self.waived_minor - self.written_off_minor

    def payout(self, payout_id: UUID) -> Payout | None:
        return next((payout for payout in self.payouts if payout.id == payout_id), None)

    def with_payout(self, changed: Payout) -> Self:
        return self.but(payouts=tuple(changed if payout.id == changed.id else payout for payout in self.payouts))

    def debit_id(self, number: int) -> UUID:
        """The idempotency key of the debit with this number, counted from 1."""
        return derived_id("debit", self.claim_id, number)

    @property
    def unpaid_refunds(self) -> tuple[int, ...]:
        """The numbers of those that finance has not paid in full."""
        return tuple(n for n, refund in enumerate(self.refunds, 1) if refund.paid_minor < refund.amount_minor)

    def demand_id(self, number: int) -> UUID:
        """The idempotency key of the demand to an insurer with this number, counted from 1."""
        return derived_id("demand", self.claim_id, number)

    def refund_id(self, number: int) -> UUID:
        """The idempotency key of the refund with this number, counted from 1."""
        return derived_id("refund", self.claim_id, number)


def ordered(event: PayoutAuthorized) -> Payout:
    """A round's payout, of which finance has not paid anything yet."""
    return Payout(
        id=event.payout_id,
        authorized_minor=event.amount_minor + event.kept_minor,
        small=event.small,
        covered=event.covered,
        attempt=event.attempt,
    )
