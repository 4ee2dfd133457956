"""What customer service and partners say: submissions, papers, withdrawals, and whether a settlement arrived."""

from datetime import date
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from shared.events.base import PERSONAL, Event, Fact, Id, PersonalLine, PersonalText, Reference, Topic
from shared.events.claim import Document, Lien, LossKind, ReopeningReason
from shared.money import Currency, Minor

SUBMISSIONS = Topic("claims.submissions.v1", key="submission_id", party="upstream")


class Claimant(Fact):
    """Who claims. ``age`` in years (a fraction for infants); the name stays with upstream.

    ``beneficiary``: of Medicare, as asked; None: not asked yet. It is never inferred from an age.
    """

    id: Id
    age: Annotated[float, Field(ge=0, le=130), PERSONAL] | None = None
    sex: Annotated[str, Field(max_length=16), PERSONAL] | None = None
    beneficiary: Annotated[bool, PERSONAL] | None = None


class Injured(Fact):
    """Who was hurt, where that is not the claimant: a child whose guardian claims, somebody who has died."""

    age: Annotated[float, Field(ge=0, le=130), PERSONAL] | None = None
    sex: Annotated[str, Field(max_length=16), PERSONAL] | None = None


class Injury(Fact):
    """As the emergency room coded it. Health data: stays inside intake."""

    diagnosis: PersonalLine
    body_part: PersonalLine | None = None
    disposition: PersonalLine


class Loss(Fact):
    """``already_paid_minor``: refunded, or paid by a health insurer, and so not paid again.

    ``guardians``: lost earnings of the guardian who stayed with a child; the child's own are no loss.
    """

    kind: LossKind
    amount_minor: Minor
    already_paid_minor: Minor = 0
    guardians: bool = False


class ClaimSubmitted(Event):
    """First notice of loss, once per id. Amounts in minor units of ``currency``; losses are numbered from 1 in order.

    Claimant, injured person and payee are three roles: without ``injured`` the claimant was hurt, without ``payee``
    he is paid. ``delivered_on`` and ``returned_on``: when he had the item. Said again it changes nothing: a
    repetition is harmless, and with other content it is refused (SubmissionRefused).
    """

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
    injured: Injured | None = None
    payee: Id | None = None
    delivered_on: date | None = None
    returned_on: date | None = None
    liens: Annotated[tuple[Lien, ...], Field(max_length=5)] = ()


class ClaimAmended(Event):
    """The losses as they are now, all of them: more, fewer, other amounts. ``amendment_id``: said twice, done once."""

    topic: ClassVar = SUBMISSIONS
    submission_id: Id
    amendment_id: Id
    losses: Annotated[tuple[Loss, ...], Field(min_length=1, max_length=50)]


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


class ReopeningRequested(Event):
    """The customer wants a claim that has ended looked at again, and says why. ``request_id``: twice is once."""

    topic: ClassVar = SUBMISSIONS
    submission_id: Id
    request_id: Id
    reason: ReopeningReason


class PayeeChanged(Event):
    """Pay somebody else, or another account of the same: the last one said before a payout counts."""

    topic: ClassVar = SUBMISSIONS
    submission_id: Id
    payee: Id


class ReleaseSigned(Event):
    """The release that was asked for is signed; ``release`` points to it.

    ``release_id``: of the ReleaseRequested that was signed; None: the one asked for last.
    """

    topic: ClassVar = SUBMISSIONS
    submission_id: Id
    release: Reference
    release_id: UUID | None = None


class LienAsserted(Event):
    """Somebody else has a claim on the money; recorded before the payment, taken out of it by finance."""

    topic: ClassVar = SUBMISSIONS
    submission_id: Id
    lien: Lien


class BeneficiaryStatusGiven(Event):
    """The answer to the question whether the injured person is a beneficiary of Medicare."""

    topic: ClassVar = SUBMISSIONS
    submission_id: Id
    beneficiary: Annotated[bool, PERSONAL]
