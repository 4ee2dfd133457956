"""Routes through intake: what was filed, what was asked for, what the rules refuse, and who took it back."""

from datetime import datetime

from ops.demo.routes.story import Story, route
from shared.events.claim import DocumentKind, Item, Reason
from shared.events.escalation import ClaimClosed, Outcome, PayoutAuthorized
from shared.events.finance import PayoutPaid
from shared.events.intake import (
    ClaimAccepted,
    ClaimDenied,
    ClaimWithdrawalRecorded,
    DuplicateFound,
    InformationRequested,
    SubmissionRefused,
)
from shared.events.upstream import BeneficiaryStatusGiven, ClaimAmended, DocumentsSubmitted
from shared.policy import load


@route
def not_understood(story: Story) -> bool:
    """The submission could not be understood."""
    return story.has(SubmissionRefused, contradicts=False)


@route
def filed_twice(story: Story) -> bool:
    """The same claimant had claimed this order and incident already."""
    return story.has(DuplicateFound)


@route
def papers_in_time(story: Story) -> bool:
    """Papers were missing, and all came in time."""
    asked, accepted = story.first(InformationRequested), story.first(ClaimAccepted)
    complete = accepted is not None and not any(Reason.PAPERS_MISSING in item.reasons for item in accepted.items)
    return asked is not None and complete and _accepted_by(story, asked.respond_by)


@route
def papers_only_some(story: Story) -> bool:
    """Only some of the papers came: the claim went on with what they prove."""
    return any(Reason.PAPERS_MISSING in i.reasons for accepted in story.all(ClaimAccepted) for i in accepted.items)


@route
def papers_late(story: Story) -> bool:
    """Papers came when the time for them was over."""
    asked = story.first(InformationRequested)
    return asked is not None and any(at > asked.respond_by for _, at in story.told(DocumentsSubmitted))


@route
def papers_never(story: Story) -> bool:
    """The papers that were asked for did not come, and the claim ended."""
    return any(Reason.NO_RESPONSE in denied.reasons for denied in story.all(ClaimDenied))


@route
def guardian_acts(story: Story) -> bool:
    """Somebody showed that he acts for an injured child."""
    return _showed(story, DocumentKind.GUARDIAN_AUTHORITY)


@route
def estate_acts(story: Story) -> bool:
    """Somebody showed that he acts for the estate of who has died."""
    return _showed(story, DocumentKind.ESTATE_AUTHORITY)


@route
def beneficiary_answered(story: Story) -> bool:
    """Asked whether the injured person is a beneficiary of Medicare, the customer answered."""
    return _asked_beneficiary(story) and story.has(BeneficiaryStatusGiven)


@route
def beneficiary_unanswered(story: Story) -> bool:
    """Asked whether the injured person is a beneficiary of Medicare, the customer said nothing."""
    return _asked_beneficiary(story) and not story.has(BeneficiaryStatusGiven)


@route
def incident_before_purchase(story: Story) -> bool:
    """Denied: it happened before the thing was bought."""
    return _denied(story, Reason.INCIDENT_BEFORE_PURCHASE)


@route
def purchase_before_policy(story: Story) -> bool:
    """Bought before the policy was in force, and accepted: the day of the incident counts."""
    found = story.first(ClaimAccepted)
    return found is not None and found.purchased_on < load().version(found.policy).effective_from


@route
def reported_too_late(story: Story) -> bool:
    """Denied: reported too long after the incident."""
    return _denied(story, Reason.REPORTED_TOO_LATE)


@route
def too_long_after_purchase(story: Story) -> bool:
    """Denied: it happened too long after the purchase."""
    return _denied(story, Reason.TOO_LONG_AFTER_PURCHASE)


@route
def other_currency(story: Story) -> bool:
    """Denied: the amounts are in another currency than the marketplace's."""
    return _denied(story, Reason.WRONG_CURRENCY)


@route
def excluded_product(story: Story) -> bool:
    """Denied: claims about such products are excluded."""
    return _denied(story, Reason.EXCLUDED_PRODUCT)


@route
def excluded_loss(story: Story) -> bool:
    """A loss of a kind that is never covered was refused by name."""
    return any(Reason.EXCLUDED_LOSS in item.reasons for item in _items(story))


@route
def paid_already(story: Story) -> bool:
    """What had been refunded, or paid by a health insurer, was not paid again."""
    return any(Reason.ALREADY_PAID in item.reasons for item in _items(story))


@route
def minors_earnings(story: Story) -> bool:
    """A child's own lost earnings were refused."""
    return any(Reason.MINORS_EARNINGS in item.reasons for item in _items(story))


@route
def amended_before_acceptance(story: Story) -> bool:
    """The customer changed the losses before the claim was accepted."""
    amended, accepted = story.began(ClaimAmended), story.began(ClaimAccepted)
    return amended is not None and accepted is not None and amended < accepted


@route
def withdrawn_before_acceptance(story: Story) -> bool:
    """Withdrawn before it was accepted."""
    return story.has(ClaimWithdrawalRecorded, before_acceptance=True)


@route
def withdrawn_before_decision(story: Story) -> bool:
    """Withdrawn when it had been accepted, before it was decided."""
    recorded = story.has(ClaimWithdrawalRecorded, before_acceptance=False)
    return recorded and story.has(ClaimClosed, outcome=Outcome.WITHDRAWN)


@route
def withdrawn_during_payout(story: Story) -> bool:
    """Withdrawn while the money was on its way: it is paid all the same."""
    at, paid = _withdrawn_at(story), story.began(PayoutPaid)
    ordered = story.began(PayoutAuthorized)
    return at is not None and ordered is not None and ordered <= at and (paid is None or at <= paid)


@route
def withdrawn_after_the_end(story: Story) -> bool:
    """Withdrawn when it had ended: nothing changes."""
    at, closed = _withdrawn_at(story), story.began(ClaimClosed)
    return at is not None and closed is not None and closed < at


def _withdrawn_at(story: Story) -> datetime | None:
    """When a withdrawal after the acceptance was recorded."""
    if not story.has(ClaimWithdrawalRecorded, before_acceptance=False):
        return None
    return story.began(ClaimWithdrawalRecorded)


def _accepted_by(story: Story, moment: datetime) -> bool:
    accepted = story.began(ClaimAccepted)
    return accepted is not None and accepted < moment


def _showed(story: Story, kind: DocumentKind) -> bool:
    return any(paper.kind is kind for sent in story.all(DocumentsSubmitted) for paper in sent.documents)


def _asked_beneficiary(story: Story) -> bool:
    return story.has(InformationRequested, asks_beneficiary=True)


def _denied(story: Story, reason: Reason) -> bool:
    return any(reason in denied.reasons for denied in story.all(ClaimDenied))


def _items(story: Story) -> list[Item]:
    """The losses as intake judged them."""
    return [item for found in (*story.all(ClaimAccepted), *story.all(ClaimDenied)) for item in found.items]
