"""What finance reports back. Every result names the idempotency key it answers (payout_id, debit_id)."""

from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from shared.events.base import Event, Reference, Topic
from shared.money import Currency, Minor

RESULTS = Topic("finance.results.v1", key="claim_id", party="finance")


class PayoutPaid(Event):
    """The customer has the money: at this moment the marketplace bears the cost."""

    topic: ClassVar = RESULTS
    claim_id: UUID
    payout_id: UUID
    currency: Currency
    amount_minor: Minor
    finance_reference: Reference


class PayoutFailed(Event):
    """``final``: finance will not try this payout again; otherwise a later PayoutPaid may still come.

    ``attempt``: that of the order which failed, so that a result said twice is counted once; None: the present one,
    unless it was said no later than a failure before that.
    """

    topic: ClassVar = RESULTS
    claim_id: UUID
    payout_id: UUID
    final: bool
    attempt: Annotated[int, Field(ge=1)] | None = None


class SellerDebitCollected(Event):
    """Money withheld from the seller's disbursements; several may answer one debit, in parts."""

    topic: ClassVar = RESULTS
    claim_id: UUID
    debit_id: UUID
    currency: Currency
    amount_minor: Minor
    finance_reference: Reference


class PayoutReturned(Event):
    """Money of a payout came back: the bank sent it back, a second payment was recalled. In parts, if need be."""

    topic: ClassVar = RESULTS
    claim_id: UUID
    payout_id: UUID
    currency: Currency
    amount_minor: Minor
    finance_reference: Reference


class DebitFailure(StrEnum):
    """Why nothing (more) could be collected. STOPPED: we asked for that. INSOLVENT: nothing will ever be."""

    NO_FUNDS = "no_funds"
    SUSPENDED = "suspended"
    INSOLVENT = "insolvent"
    STOPPED = "stopped"


class SellerDebitFailed(Event):
    """Nothing (more) could be collected under this debit."""

    topic: ClassVar = RESULTS
    claim_id: UUID
    debit_id: UUID
    reason: DebitFailure = DebitFailure.NO_FUNDS


class SellerPaymentReceived(Event):
    """The seller paid of his own accord, without a debit."""

    topic: ClassVar = RESULTS
    claim_id: UUID
    currency: Currency
    amount_minor: Minor
    finance_reference: Reference


class InsurerPaymentReceived(Event):
    """The seller's insurer paid, in full or in part, what was demanded."""

    topic: ClassVar = RESULTS
    claim_id: UUID
    demand_id: UUID
    currency: Currency
    amount_minor: Minor
    finance_reference: Reference


class SellerRefundPaid(Event):
    """What we owed the seller has been paid back to him."""

    topic: ClassVar = RESULTS
    claim_id: UUID
    refund_id: UUID
    currency: Currency
    amount_minor: Minor
    finance_reference: Reference
