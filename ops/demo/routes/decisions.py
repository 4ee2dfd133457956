"""Routes of what people decide: reviews, amendments, second looks, releases and approvals."""

from ops.demo.routes.story import Story, route
from shared.events.adjusters import PayoutApproved, PayoutRefused, ReviewDecided, ReviewKind, person_of
from shared.events.claim import Reason, ReopeningReason
from shared.events.escalation import (
    ApprovalRequested,
    ClaimClosed,
    ClaimReopened,
    Notice,
    PayoutAuthorized,
    ReleaseRequested,
    ReviewOpened,
    RouteChosen,
    StatusChanged,
)
from shared.events.finance import PayoutPaid
from shared.events.intake import AmendmentRecorded, ClaimAccepted, ReleaseRecorded, ReopeningRefused
from shared.events.upstream import ReopeningRequested


@route
def serious_injury(story: Story) -> bool:
    """A serious injury, or a child's: a person looked before anything was paid."""
    return story.has(ReviewOpened, review=ReviewKind.SERIOUS_INJURY)


@route
def amount_reviewed(story: Story) -> bool:
    """Silence settled who answers, never how much: above the line a person looked at the amount."""
    return story.has(ReviewOpened, review=ReviewKind.AMOUNT, round=1)


@route
def customer_told_of_delay(story: Story) -> bool:
    """Nothing was decided for so long that the customer was told of the delay."""
    return story.has(StatusChanged, notice=Notice.DELAYED)


@route
def amended_over_the_line(story: Story) -> bool:
    """An amendment before payment crossed the small-claim line: another route, once."""
    return story.has(AmendmentRecorded) and len({chosen.direct_pay for chosen in story.all(RouteChosen)}) > 1


@route
def amended_over_the_cap(story: Story) -> bool:
    """An amendment before payment came to more than the cap."""
    return _over_cap(story, before_payment=True)


@route
def amended_over_the_cap_after_payment(story: Story) -> bool:
    """An amendment after payment came to more than the cap: both payments together stay within it."""
    return _over_cap(story, before_payment=False)


@route
def amended_after_payment(story: Story) -> bool:
    """An amendment after payment opened a round for the difference."""
    return story.has(ClaimReopened, reason=ReopeningReason.AMENDED)


@route
def amended_over_the_line_after_payment(story: Story) -> bool:
    """Paid as a small claim, and amended over the line: the difference is looked at as one above it."""
    paid, first = story.began(PayoutPaid), story.first(PayoutAuthorized)
    grown = [at for amended, at in story.told(AmendmentRecorded) if not amended.small]
    small = first is not None and first.small
    return small and paid is not None and any(at > paid for at in grown) and amended_after_payment.taken(story)


@route
def reopened_with_evidence(story: Story) -> bool:
    """Reopened because the customer had new evidence."""
    return story.has(ClaimReopened, reason=ReopeningReason.NEW_EVIDENCE)


@route
def customers_appeal_granted(story: Story) -> bool:
    """The customer appealed, and was right."""
    return _appealed(story) and story.has(ReviewDecided, review=ReviewKind.REOPENED, valid=True)


@route
def customers_appeal_refused(story: Story) -> bool:
    """The customer appealed, and the decision stands."""
    return _appealed(story) and story.has(ReviewDecided, review=ReviewKind.REOPENED, valid=False)


@route
def reopened_when_papers_were_found(story: Story) -> bool:
    """The papers had not come, the claim had ended, and went on when they were found."""
    asked, accepted = story.began(ReopeningRequested), story.began(ClaimAccepted)
    found = story.has(ReopeningRequested, reason=ReopeningReason.PAPERS_FOUND)
    return found and asked is not None and accepted is not None and asked <= accepted


@route
def not_reopened(story: Story) -> bool:
    """The customer asked for another look, and the rules allow none."""
    return story.has(ReopeningRefused)


@route
def release_signed(story: Story) -> bool:
    """Above the line the customer signed the release first."""
    return story.has(ReleaseRecorded) and story.has(PayoutAuthorized)


@route
def release_signed_when_reminded(story: Story) -> bool:
    """The customer was asked for the release twice, and signed it."""
    return len(story.all(ReleaseRequested)) > 1 and story.has(ReleaseRecorded)


@route
def release_not_signed(story: Story) -> bool:
    """The customer did not sign the release: nothing was paid."""
    return any(Reason.RELEASE_NOT_SIGNED in closed.reasons for closed in story.all(ClaimClosed))


@route
def approved_by_two(story: Story) -> bool:
    """Above the authority limit: two different people said yes."""
    return len({person_of(yes.approver) for yes in story.all(PayoutApproved)}) > 1 and story.has(PayoutAuthorized)


@route
def approved_twice_by_one(story: Story) -> bool:
    """The same person said yes twice, which is once."""
    said = {(each.payout_id, person_of(each.approver), at) for each, at in story.told(PayoutApproved)}
    return len(said) > len({(payout_id, person) for payout_id, person, _ in said})


@route
def approved_by_who_decided(story: Story) -> bool:
    """The adjuster who had decided said yes as well, which does not count."""
    adjusters = {person_of(decided.adjuster) for decided in story.all(ReviewDecided)}
    return any(person_of(yes.approver) in adjusters for yes in story.all(PayoutApproved))


@route
def approval_refused(story: Story) -> bool:
    """An approver said no: an adjuster looked at the amount again."""
    return story.has(PayoutRefused)


@route
def approval_not_given(story: Story) -> bool:
    """Nobody approved in time: it was asked for once more."""
    return len({asked.decide_by for asked in story.all(ApprovalRequested)}) > 1 and not story.has(PayoutRefused)


def _appealed(story: Story) -> bool:
    return story.has(ClaimReopened, reason=ReopeningReason.CUSTOMER_APPEAL)


def _over_cap(story: Story, *, before_payment: bool) -> bool:
    paid = story.began(PayoutPaid)
    return any(
        any(Reason.OVER_CAP in item.reasons for item in amended.items) and before_payment == (paid is None or at < paid)
        for amended, at in story.told(AmendmentRecorded)
    )
