"""Routes of what looks like fraud, of claims that turn out to be one, and of products that hurt again and again."""

from ops.demo.routes.story import Story, route
from shared.events.adjusters import DuplicateEstablished, ReviewDecided, ReviewKind
from shared.events.claim import Reason
from shared.events.escalation import ClaimClosed, PayoutRecalled, ReviewOpened
from shared.events.finance import PayoutPaid
from shared.events.intake import SuspicionRaised


@route
def investigated_and_denied(story: Story) -> bool:
    """Investigated before anything else, and found to be fraud."""
    denied = any(Reason.FRAUD in closed.reasons for closed in story.all(ClaimClosed))
    return denied and story.has(ReviewOpened, review=ReviewKind.INVESTIGATION)


@route
def investigated_and_cleared(story: Story) -> bool:
    """Investigated, nothing found, and handled like any other."""
    return story.has(ReviewDecided, review=ReviewKind.INVESTIGATION, valid=True)


@route
def suspicion_afterwards(story: Story) -> bool:
    """It began to look like fraud when it had been accepted: another claim had something in common with it."""
    return story.has(SuspicionRaised)


@route
def duplicate_before_payout(story: Story) -> bool:
    """Found to be somebody else's claim as well, before it was paid."""
    return story.has(DuplicateEstablished) and not story.has(PayoutPaid)


@route
def duplicate_after_payout(story: Story) -> bool:
    """Found to be somebody else's claim as well, when it had been paid: the money is called back."""
    return story.has(DuplicateEstablished) and story.has(PayoutRecalled)


@route
def product_hazard(story: Story) -> bool:
    """One of the claims for which its product was flagged as a hazard."""
    return story.hazardous
