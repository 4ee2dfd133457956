"""Routes of the payout: tries, failures, other payees, mistakes, returns, and who is paid first."""

from ops.demo.routes.story import Story, route
from shared.events.escalation import ClaimClosed, MedicareReportDue, Outcome, PayoutAuthorized
from shared.events.finance import PayoutFailed, PayoutPaid, PayoutReturned
from shared.events.intake import PayeeRecorded
from shared.events.recovery import FinanceResultQuestioned, ResultProblem


@route
def liens_paid_first(story: Story) -> bool:
    """Somebody else (a health insurer) had to be paid out of the money first."""
    return any(order.liens for order in story.all(PayoutAuthorized))


@route
def payee_changed_before_payment(story: Story) -> bool:
    """The customer named another payee before anything was ordered."""
    named, ordered = story.began(PayeeRecorded), story.began(PayoutAuthorized)
    return named is not None and (ordered is None or named < ordered)


@route
def payout_retried(story: Story) -> bool:
    """The payout failed for now, and was paid when it was tried again."""
    return story.has(PayoutFailed, final=False) and story.has(PayoutPaid) and _tries(story) > 1


@route
def payout_order_lost(story: Story) -> bool:
    """Finance said nothing about the payout, and paid when it was ordered again."""
    twice = len(story.all(PayoutAuthorized, attempt=1, round=1)) > 1
    return twice and story.has(PayoutPaid) and not story.has(PayoutFailed)


@route
def payout_failed_for_good(story: Story) -> bool:
    """The payout failed for good: the claim ended unpaid."""
    return story.has(ClaimClosed, outcome=Outcome.PAYOUT_FAILED)


@route
def paid_after_all(story: Story) -> bool:
    """Finance had said that it would not pay, and then had paid: what is reported last counts."""
    given_up, paid = story.has(PayoutFailed, final=True), story.has(PayoutPaid)
    return given_up and paid and len({order.payee_ref for order in story.all(PayoutAuthorized)}) == 1


@route
def paid_to_another_payee(story: Story) -> bool:
    """Where the first payee could not be paid, another was: a new attempt of the same round."""
    first = [order for order in story.all(PayoutAuthorized) if order.round == 1]
    return len({order.payee_ref for order in first}) > 1 and story.has(PayoutPaid)


@route
def paid_twice_and_returned(story: Story) -> bool:
    """Finance paid twice by mistake: questioned, got back, and nobody's debt."""
    return story.has(FinanceResultQuestioned, problem=ResultProblem.PAID_TWICE) and story.has(PayoutReturned)


@route
def returned_by_the_bank(story: Story) -> bool:
    """The bank sent the whole payment back: the claim is unpaid until another payee is named."""
    returned = story.has(PayoutReturned)
    return returned and story.has(ClaimClosed, outcome=Outcome.PAYOUT_FAILED) and not story.has(PayoutFailed)


@route
def medicare_report(story: Story) -> bool:
    """Payments to a beneficiary of Medicare passed the threshold: they must be reported."""
    return story.has(MedicareReportDue)


def _tries(story: Story) -> int:
    return max((order.attempt for order in story.all(PayoutAuthorized)), default=0)
