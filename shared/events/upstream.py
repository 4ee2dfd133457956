"""What customer service and partners say: submissions, papers, withdrawals, and whether a settlement arrived."""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from shared.events.base import PERSONAL, Event, Fact, Id, PersonalLine, PersonalText, Topic
from shared.events.claim import Document, LossKind
from shared.money import Currency, Minor

SUBMISSIONS = Topic("claims.submissions.v1", key="submission_id", party="upstream")


class Claimant(Fact):
    """Who claims. ``age`` in years (a fraction for infants); the name stays with upstream."""

    id: Id
    age: Annotated[float, Field(ge=0, le=130), PERSONAL] | None = None
    sex: Annotated[str, Field(max_length=16), PERSONAL] | None = None


class Injury(Fact):
    """As the emergency room coded it. Health data: stays inside intake."""

    diagnosis: PersonalLine
    body_part: PersonalLine | None = None
    disposition: PersonalLine


class Loss(Fact):
    """``already_paid_minor``: refunded, or paid by a health insurer, and so not paid again."""

    kind: LossKind
    amount_minor: Minor
    already_paid_minor: Minor = 0


class ClaimSubmitted(Event):
    """First notice of loss. Amounts in minor units of ``currency``; losses are numbered from 1 in their order."""

    topic: ClassVar = SUBMISSIONS
    submission_id: Id
    marketplace: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    currency: Currency
    order_id: Id
    seller_id: Id
    product: Annotated[str, Field(min_length=1, max_length=200)]
    purchased_on: date
    incident_on: date
    reported_on: date
    claimant: Claimant
    injury: Injury | None = None
    narrative: PersonalText = ""
    losses: Annotated[tuple[Loss, ...], Field(max_length=50)]


class DocumentsSubmitted(Event):
    """Papers for some items; may come before or after the request for them, in several parts."""

    topic: ClassVar = SUBMISSIONS
    submission_id: Id
    documents: Annotated[tuple[Document, ...], Field(min_length=1, max_length=50)]


class ClaimWithdrawn(Event):
    """The customer takes the claim back: ends it until a payout is authorised."""

    topic: ClassVar = SUBMISSIONS
    submission_id: Id


class SettlementConfirmed(Event):
    """The customer says that the seller's (or the insurer's) own settlement arrived."""

    topic: ClassVar = SUBMISSIONS
    submission_id: Id


class SettlementDisputed(Event):
    """The customer says that it did not."""

    topic: ClassVar = SUBMISSIONS
    submission_id: Id
