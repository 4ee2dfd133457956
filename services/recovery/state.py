"""What recovery knows of one claim: what was paid, what came back, and how far the pursuit of the seller is."""

from datetime import date, datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from shared.events.base import Fact, derived_id
from shared.events.escalation import PayoutAuthorized
from shared.money import Currency
from shared.runtime import State


class Stage(StrEnum):
    """How far the pursuit is. Order: the debit notice follows the proof window, a debit follows the notice's time."""

    AUTHORIZED = "authorized"  # nothing is paid yet
    CHECKING = "checking"  # small; whether cover is on record is not known yet
    PROVING = "proving"  # small; the seller may prove cover
    NOTICING = "noticing"  # the debit notice is with seller_notifier
    NOTICED = "noticed"  # it was handed over, or tried on every contact: its time runs
    DEBITING = "debiting"  # finance has our debit
    PAUSED = "paused"  # finance could not collect; the next debit follows a pause
    CLOSED = "closed"


class Booking(Fact):
    """One result of finance that is in the books: an id derived from what finance calls it, and its amount."""

    id: UUID
    amount_minor: int

    @classmethod
    def of(cls, idempotency_key: UUID, finance_reference: str, amount_minor: int) -> Self:
        return cls(id=derived_id("booking", idempotency_key, finance_reference), amount_minor=amount_minor)


class Recovery(State):
    """Amounts in minor units of ``currency``. ``next_at``: the next step of this stage, None where others act."""

    claim_id: UUID
    seller_id: str
    marketplace: str
    policy: str
    currency: Currency
    small: bool
    covered: bool
    incident_on: date | None
    payout_id: UUID
    authorized_minor: int

    stage: Stage = Stage.AUTHORIZED
    next_at: datetime | None = None
    write_off_at: datetime | None = None
    payment: Booking | None = None
    paid_minor: int = 0
    recovered_minor: int = 0
    waived_minor: int = 0
    written_off_minor: int = 0
    over_collected_minor: int = 0
    debits: int = 0
    """How many debits were requested; the last one is the only one that may be open."""
    collected: tuple[Booking, ...] = ()

    @classmethod
    def begun(cls, event: PayoutAuthorized) -> Self:
        return cls(
            claim_id=event.claim_id,
            seller_id=event.seller_id,
            marketplace=event.marketplace,
            policy=event.policy,
            currency=event.currency,
            small=event.small,
            covered=event.covered,
            incident_on=event.incident_on,
            payout_id=event.payout_id,
            authorized_minor=event.amount_minor,
        )

    @property
    def due(self) -> datetime | None:
        if self.write_off_at is None or self.stage is Stage.CLOSED:
            return None
        return min(self.next_at or self.write_off_at, self.write_off_at)

    @property
    def watches(self) -> str | None:
        return self.seller_id if self.stage in (Stage.CHECKING, Stage.PROVING) else None

    @property
    def outstanding_minor(self) -> int:
        """What the seller still owes."""
        return self.paid_minor - self.recovered_minor - self.waived_minor - self.written_off_minor

    def debit_id(self, number: int) -> UUID:
        """The idempotency key of the debit with this number, counted from 1."""
        return derived_id("debit", self.claim_id, number)

    def requested(self, debit_id: UUID) -> bool:
        """Whether this debit was ever ours."""
        return any(debit_id == self.debit_id(number) for number in range(1, self.debits + 1))
