"""What recovery says: how the seller is pursued after the marketplace has paid, and finance's debit orders."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from shared.events.base import Event, Id, Topic
from shared.money import Currency, Minor

RECOVERY = Topic("claims.recovery.v1", key="claim_id", party="recovery")
SELLER_DEBITS = Topic("finance.seller-debits.v1", key="claim_id", party="recovery")


class WaiverReason(StrEnum):
    SMALL_INSURED = "small_insured"
    APPEAL_WON = "appeal_won"
    GOODWILL = "goodwill"


class WriteOffReason(StrEnum):
    UNCOLLECTABLE = "uncollectable"
    NO_NOTICE_POSSIBLE = "no_notice_possible"


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


class RecoveryWrittenOff(Event):
    topic: ClassVar = RECOVERY
    claim_id: UUID
    seller_id: Id
    currency: Currency
    amount_minor: Minor
    reason: WriteOffReason


class RecoveryClosed(Event):
    """recovered + waived + written off = what was paid out."""

    topic: ClassVar = RECOVERY
    claim_id: UUID
    seller_id: Id
    currency: Currency
    recovered_minor: Minor
    waived_minor: Minor
    written_off_minor: Minor


class SellerDebitRequested(Event):
    """Withhold ``amount_minor`` from the seller's disbursements, once per ``debit_id`` (the idempotency key)."""

    topic: ClassVar = SELLER_DEBITS
    claim_id: UUID
    debit_id: UUID
    seller_id: Id
    currency: Currency
    amount_minor: Minor
