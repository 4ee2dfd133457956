"""What recovery says: how the seller is pursued after the marketplace has paid, and finance's debit orders."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from shared.events.base import Event, Id, Reference, Topic
from shared.money import Currency, Minor

RECOVERY = Topic("claims.recovery.v1", key="claim_id", party="recovery", numbered=True)
SELLER_DEBITS = Topic("finance.seller-debits.v1", key="claim_id", party="recovery", numbered=True)


class WaiverReason(StrEnum):
    SMALL_INSURED = "small_insured"
    APPEAL_WON = "appeal_won"
    DUPLICATE = "duplicate"
    GOODWILL = "goodwill"


class WriteOffReason(StrEnum):
    UNCOLLECTABLE = "uncollectable"
    NO_NOTICE_POSSIBLE = "no_notice_possible"
    TOO_SMALL = "too_small"
    INSOLVENT = "insolvent"


class Ground(StrEnum):
    """What a dispute stands on: an appeal with new information, or an answer in time that was heard too late."""

    APPEAL = "appeal"
    ANSWER = "answer"


class RefundReason(StrEnum):
    """Why we owe the seller money that he has paid."""

    OVER_COLLECTED = "over_collected"
    APPEAL_WON = "appeal_won"
    PAYOUT_RETURNED = "payout_returned"


class ResultProblem(StrEnum):
    """What does not fit in a result of finance."""

    UNKNOWN_PAYOUT = "unknown_payout"
    UNKNOWN_DEBIT = "unknown_debit"
    UNKNOWN_DEMAND = "unknown_demand"
    UNKNOWN_REFUND = "unknown_refund"
    WRONG_CURRENCY = "wrong_currency"
    WRONG_AMOUNT = "wrong_amount"
    PAID_TWICE = "paid_twice"
    OVER_COLLECTED = "over_collected"
    TOO_MANY_RESULTS = "too_many_results"


class RecoveryOpened(Event):
    """The marketplace has borne the cost and now pursues the seller."""

    topic: ClassVar = RECOVERY
    claim_id: UUID
    seller_id: Id
    currency: Currency
    amount_minor: Minor


class ProofRequested(Event):
    """A small claim: proof of insurance until ``prove_by`` waives the reimbursement."""

    topic: ClassVar = RECOVERY
    claim_id: UUID
    seller_id: Id
    currency: Currency
    amount_minor: Minor
    prove_by: datetime


class ReimbursementWaived(Event):
    """The seller need not reimburse ``amount_minor``: the marketplace bears it, for the reason given."""

    topic: ClassVar = RECOVERY
    claim_id: UUID
    seller_id: Id
    currency: Currency
    amount_minor: Minor
    reason: WaiverReason


class DebitNoticed(Event):
    """Asks for the debit notice to the seller. No debit before it was handed over and its time has passed."""

    topic: ClassVar = RECOVERY
    claim_id: UUID
    seller_id: Id
    currency: Currency
    amount_minor: Minor
    notice_days: int
    number: int | None = None
    """Counts this claim's debit notices; what becomes of the letter names it."""


class InsurerDemanded(Event):
    """Asks the seller's insurer, whose cover was in force on the day of the incident, to pay until ``pay_by``."""

    topic: ClassVar = RECOVERY
    claim_id: UUID
    demand_id: UUID
    seller_id: Id
    insurer: Annotated[str, Field(max_length=120)]
    certificate_id: str
    currency: Currency
    amount_minor: Minor
    pay_by: datetime


class RecoveryDisputed(Event):
    """An adjuster decides (AppealDecided) by ``decide_by``; until then nothing is debited."""

    topic: ClassVar = RECOVERY
    claim_id: UUID
    seller_id: Id
    ground: Ground
    currency: Currency
    amount_minor: Minor
    evidence: tuple[Reference, ...] = ()
    decide_by: datetime


class RecoveryReversed(Event):
    """The seller was right: he owes nothing, and gets back what he has paid. The customer's payment is untouched."""

    topic: ClassVar = RECOVERY
    claim_id: UUID
    seller_id: Id
    currency: Currency
    amount_minor: Minor
    reason: WaiverReason


class RecoveryResumed(Event):
    """The dispute was decided against the seller: he owes ``amount_minor`` as before."""

    topic: ClassVar = RECOVERY
    claim_id: UUID
    seller_id: Id
    currency: Currency
    amount_minor: Minor


class RecoveryWrittenOff(Event):
    """``amount_minor`` is no longer pursued: the marketplace bears it."""

    topic: ClassVar = RECOVERY
    claim_id: UUID
    seller_id: Id
    currency: Currency
    amount_minor: Minor
    reason: WriteOffReason


class RecoveryClosed(Event):
    """recovered + waived + written off = what was paid out. Said again when money comes in after a write-off."""

    topic: ClassVar = RECOVERY
    claim_id: UUID
    seller_id: Id
    currency: Currency
    recovered_minor: Minor
    waived_minor: Minor
    written_off_minor: Minor


class FinanceResultQuestioned(Event):
    """A result of finance that does not fit: what is right of it is booked, ``amount_minor`` is what is in question.

    ``idempotency_key`` is the payout or debit it names. Money collected beyond the demand is owed to the seller.
    """

    topic: ClassVar = RECOVERY
    claim_id: UUID
    idempotency_key: UUID
    problem: ResultProblem
    currency: Currency | None = None
    amount_minor: Minor = 0
    finance_reference: Reference | None = None


class SellerDebitRequested(Event):
    """Withhold ``amount_minor`` from the seller's disbursements, once per ``debit_id`` (the idempotency key)."""

    topic: ClassVar = SELLER_DEBITS
    claim_id: UUID
    debit_id: UUID
    seller_id: Id
    currency: Currency
    amount_minor: Minor


class SellerDebitStopped(Event):
    """Collect no more under this debit. Finance answers SellerDebitFailed (stopped), after what it had collected."""

    topic: ClassVar = SELLER_DEBITS
    claim_id: UUID
    debit_id: UUID
    seller_id: Id


class SellerRefundRequested(Event):
    """Pay ``amount_minor`` back to the seller, once per ``refund_id`` (the idempotency key)."""

    topic: ClassVar = SELLER_DEBITS
    claim_id: UUID
    refund_id: UUID
    seller_id: Id
    currency: Currency
    amount_minor: Minor
    reason: RefundReason
