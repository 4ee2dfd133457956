"""How one claim stands, by what the events tell of it: its course, its end, and where its money is."""

from dataclasses import dataclass, field
from typing import Final

from shared.events.escalation import Outcome
from shared.events.recovery import RecoveryClosed

REFUSED: Final = "SUBMISSION_REFUSED"
"""Reason code of a submission that could not be understood."""
SCREENING: Final = "screening"
"""Where a claim stands while no status has been said of it."""


@dataclass(frozen=True, slots=True)
class Money:
    """Minor units of one currency. paid_out = recovered + waived + written_off + outstanding, or something is wrong.

    ``paid_out`` is net of what came back.
    """

    paid_out: int = 0
    recovered: int = 0
    waived: int = 0
    written_off: int = 0
    outstanding: int = 0

    def plus(self, other: "Money") -> "Money":
        return Money(
            self.paid_out + other.paid_out,
            self.recovered + other.recovered,
            self.waived + other.waived,
            self.written_off + other.written_off,
            self.outstanding + other.outstanding,
        )

    @property
    def adds_up(self) -> bool:
        return self.paid_out == self.recovered + self.waived + self.written_off + self.outstanding


@dataclass(slots=True)
class Payout:
    """What was ordered under one payout id, and what finance says it paid and got back: its reference → amount."""

    currency: str = ""
    authorised_minor: int = 0
    paid: dict[str, int] = field(default_factory=dict[str, int])
    returned: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def net_minor(self) -> int:
        return sum(self.paid.values()) - sum(self.returned.values())

    @property
    def borne_minor(self) -> int:
        """What the marketplace has paid as ordered, and has not got back."""
        return min(max(self.net_minor, 0), self.authorised_minor)


@dataclass(slots=True)
class Recovery:
    """What is told of the pursuit of one claim's seller and his insurer, in minor units."""

    stage: str = ""
    """What it said last of its course: a type of event."""
    disputed: bool = False
    recalled: bool = False
    """The payout was called back: whatever was disputed is settled with that."""
    waived: int = 0
    written_off: int = 0
    received: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    """(debit, demand or claim; finance's reference) → amount that came in."""
    refunds: dict[str, int] = field(default_factory=dict[str, int])
    """What we asked finance to pay back to the seller: refund → amount."""
    refunded: dict[str, int] = field(default_factory=dict[str, int])
    demands: set[str] = field(default_factory=set[str])
    of_insurers: int = 0
    """What insurers have paid and we do not keep."""

    @property
    def kept(self) -> int:
        """What came in and is not owed to anybody."""
        return sum(self.received.values()) - sum(self.refunds.values()) - self.of_insurers

    @property
    def owed_to_seller(self) -> int:
        return sum(self.refunds.values()) - sum(self.refunded.values())


@dataclass(slots=True)
class Claim:
    """What the log tells of one claim. Moments are milliseconds of real time, 0: has not happened."""

    claim_id: str
    submission_id: str = ""
    submitted_at: int = 0
    decided_at: int = 0
    """First word to the customer: accepted, denied, or asked for papers."""
    refused: bool = False
    status: str = SCREENING
    owner: str = ""
    by: str | None = None
    outcome: Outcome | None = None
    """As the customer was told it last; None also while a claim that had ended runs again."""
    closed: Outcome | None = None
    """As it was said last that the claim has ended."""
    reasons: tuple[str, ...] = ()
    item_reasons: tuple[str, ...] = ()
    delayed: bool = False
    investigated: bool = False
    decided: dict[int, int] = field(default_factory=dict[int, int])
    """Round → what was decided to be paid."""
    payouts: dict[str, Payout] = field(default_factory=dict[str, Payout])
    recovery: Recovery = field(default_factory=Recovery)

    @property
    def ended(self) -> bool:
        return self.outcome is not None or self.refused

    @property
    def paid(self) -> bool:
        return any(payout.paid for payout in self.payouts.values())

    @property
    def in_recovery(self) -> bool:
        """Paid by us, and not every cent has found its place, or somebody disputes where it is."""
        disputed = self.recovery.disputed and not self.recovery.recalled
        return self.paid and (self.recovery.stage != RecoveryClosed.__name__ or disputed)

    @property
    def currency(self) -> str:
        return next((payout.currency for payout in self.payouts.values()), "")

    def named_outcome(self) -> Outcome:
        """Its place in the closed list. A refused submission is denied, if no better copy of it came."""
        return self.outcome or (Outcome.DENIED if self.refused else Outcome.WAITING)

    def all_reasons(self) -> list[str]:
        """Of the claim and of its items, each once."""
        if self.refused and self.outcome is None:
            return [REFUSED]
        return list(dict.fromkeys((*self.reasons, *self.item_reasons)))

    def money(self) -> Money:
        """Reckoned from what finance reports and recovery says, without the ledger.

        Money that comes in meets what was written off before what was waived; a payout that comes back lessens what
        is outstanding first, then what was written off, and last what was waived.
        """
        paid = sum(payout.borne_minor for payout in self.payouts.values())
        recovered = min(max(self.recovery.kept, 0), paid)
        waived = min(self.recovery.waived, paid - recovered)
        written_off = min(self.recovery.written_off, paid - recovered - waived)
        return Money(paid, recovered, waived, written_off, paid - recovered - waived - written_off)
