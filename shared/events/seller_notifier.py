"""What seller_notifier says: which notices reached whom, and what the seller answered."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from shared.events.base import Event, Id, Reference, Topic
from shared.events.marketplace import Standing
from shared.events.seller_portal import AnswerChoice
from shared.money import Currency, Minor

NOTIFIER = Topic("claims.seller-notifier.v1", key="claim_id", party="seller_notifier", numbered=True)


class NoticeKind(StrEnum):
    CLAIM = "claim"
    REMINDER = "reminder"
    PROOF = "proof"
    DEBIT = "debit"
    INSURER = "insurer"
    INSURER_REMINDER = "insurer_reminder"
    AMENDED = "amended"
    APPEAL = "appeal"


class SellerNotified(Event):
    """The claim notice was handed over to the seller's mail system. ``respond_by`` is frozen at this moment.

    Said again, with a later moment, when the letter came back and the next contact took it.
    """

    topic: ClassVar = NOTIFIER
    claim_id: UUID
    seller_id: Id
    direct_pay: bool
    handed_over_at: datetime
    respond_by: datetime
    letter_id: UUID | None = None
    standing: Standing = Standing.ACTIVE


class NoticeHandedOver(Event):
    """Any other letter (reminder, proof, debit, insurer) was accepted by the recipient's mail system."""

    topic: ClassVar = NOTIFIER
    claim_id: UUID
    seller_id: Id
    kind: NoticeKind
    handed_over_at: datetime
    letter_id: UUID | None = None
    number: int | None = None
    """Of the DebitNoticed that the letter was written for."""


class NoticeBounced(Event):
    """A letter that had been handed over came back. The next contact is tried; a debit on its notice must stop."""

    topic: ClassVar = NOTIFIER
    claim_id: UUID
    seller_id: Id
    kind: NoticeKind
    contact: int
    number: int | None = None
    """Of the DebitNoticed that the letter was written for."""


class NoticeRefused(Event):
    """One contact refused one letter; the next contact is tried."""

    topic: ClassVar = NOTIFIER
    claim_id: UUID
    seller_id: Id
    kind: NoticeKind
    contact: int


class NoticeUndeliverable(Event):
    """Every contact on record was tried, or there is none. Silence is not presumed."""

    topic: ClassVar = NOTIFIER
    claim_id: UUID
    seller_id: Id
    kind: NoticeKind
    attempted_at: datetime
    number: int | None = None
    """Of the DebitNoticed that the letter was written for."""


class ExtensionGranted(Event):
    """The one extension a seller may have; ``respond_by`` is the new moment."""

    topic: ClassVar = NOTIFIER
    claim_id: UUID
    seller_id: Id
    respond_by: datetime


class SellerAnswerRecorded(Event):
    """What the right seller answered and when it was received; escalation alone decides whether that was in time."""

    topic: ClassVar = NOTIFIER
    claim_id: UUID
    seller_id: Id
    answer_id: Id
    choice: AnswerChoice
    contested_items: tuple[int, ...] = ()
    evidence: tuple[Reference, ...] = ()
    received_at: datetime


class SellerCommentRecorded(Event):
    """A comment on the direct-pay route, received at ``received_at``."""

    topic: ClassVar = NOTIFIER
    claim_id: UUID
    seller_id: Id
    contrary: bool
    evidence: tuple[Reference, ...] = ()
    received_at: datetime


class SettlementReported(Event):
    """The right seller says that he settled with the customer himself, with proof."""

    topic: ClassVar = NOTIFIER
    claim_id: UUID
    seller_id: Id
    proof: Reference
    received_at: datetime
    amount_minor: Minor | None = None


class InsurerNotified(Event):
    """The seller's insurer has the notice of the claim; it may settle or reject until ``respond_by``."""

    topic: ClassVar = NOTIFIER
    claim_id: UUID
    seller_id: Id
    handed_over_at: datetime
    respond_by: datetime
    currency: Currency | None = None
    admitted_minor: Minor | None = None


class SellerAppealRecorded(Event):
    """The right seller appeals the payment, with new information; recovery decides whether that was in time."""

    topic: ClassVar = NOTIFIER
    claim_id: UUID
    seller_id: Id
    appeal_id: Id
    evidence: tuple[Reference, ...]
    received_at: datetime
