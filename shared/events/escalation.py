"""What escalation says: the route, the decision, the payout (alone on its topic) and the claim's status."""

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from shared.events.adjusters import ReviewKind
from shared.events.base import Event, Fact, Id, Topic
from shared.events.claim import ItemFinding, Lien, Reason, ReopeningReason, Signal
from shared.money import Currency, Minor

ESCALATION = Topic("claims.escalation.v1", key="claim_id", party="escalation", numbered=True)
STATUS = Topic("claims.status.v1", key="claim_id", party="escalation", numbered=True)
PAYOUTS = Topic("finance.payouts.v1", key="claim_id", party="escalation", numbered=True)


class Route(StrEnum):
    """Why the marketplace pays: what recovery needs to know of the way a claim went."""

    DIRECT_PAY = "direct_pay"
    SELLER_ACCEPTED = "seller_accepted"
    SELLER_SILENT = "seller_silent"
    SELLER_REJECTED = "seller_rejected"


class Outcome(StrEnum):
    """How a claim ended: the closed list of every report."""

    DENIED = "denied"
    NO_RESPONSE = "no_response"
    WITHDRAWN = "withdrawn"
    DUPLICATE = "duplicate"
    RESOLVED_BY_SELLER = "resolved_by_seller"
    RESOLVED_BY_INSURER = "resolved_by_insurer"
    DIRECT_PAID = "direct_paid"
    STEPPED_IN_SILENT = "stepped_in_silent"
    STEPPED_IN_REJECTED = "stepped_in_rejected"
    PAYOUT_FAILED = "payout_failed"
    WAITING = "waiting"


class RouteChosen(Event):
    """How an accepted claim is handled; seller_notifier writes the claim notice when it hears this.

    Said a second time, with another route, when the claim has crossed the small-claim line before payment.

    ``direct_pay``: small, and covered (or the policy pays all small claims): the customer is paid at the end of
    the seller's comment window, which starts with the notice. Otherwise the seller has his time to answer.
    """

    topic: ClassVar = ESCALATION
    claim_id: UUID
    seller_id: Id
    direct_pay: bool


class ClaimEscalated(Event):
    """The marketplace steps in."""

    topic: ClassVar = ESCALATION
    claim_id: UUID
    seller_id: Id
    route: Route


class ReviewOpened(Event):
    """A person must decide by ``decide_by``; ``items`` with what intake admitted for each.

    ``contested``: the items that the seller contests, where he accepts the others; ``signals``: for an investigation.
    ``question_id``: another one when anything of this has changed; the same when it is only asked once more. The answer
    names it.
    """

    topic: ClassVar = ESCALATION
    claim_id: UUID
    review: ReviewKind
    currency: Currency
    items: tuple[ItemFinding, ...]
    decide_by: datetime
    round: int = 1
    contested: tuple[int, ...] = ()
    signals: tuple[Signal, ...] = ()
    question_id: UUID | None = None


class ApprovalRequested(Event):
    """The payout is above the authority limit, all rounds together: it waits for two different approvers.

    ``question_id``: another one when another amount, or another payee, is to be approved; the answers name it.
    """

    topic: ClassVar = ESCALATION
    claim_id: UUID
    payout_id: UUID
    currency: Currency
    amount_minor: Minor
    decide_by: datetime
    question_id: UUID | None = None


class ClaimDecided(Event):
    """The itemised decision: what is paid for each item, and the reason for what is not."""

    topic: ClassVar = ESCALATION
    claim_id: UUID
    round: int
    currency: Currency
    allowed_minor: Minor
    findings: tuple[ItemFinding, ...]


class ReleaseRequested(Event):
    """Before a claim above the line is paid the customer signs a release of these items, by ``sign_by``.

    Never of an injury where only the purchase price is paid.
    """

    topic: ClassVar = ESCALATION
    claim_id: UUID
    submission_id: Id
    currency: Currency
    amount_minor: Minor
    items: tuple[int, ...]
    sign_by: datetime
    release_id: UUID | None = None
    """Names what is to be signed: another amount, or other items, is another release."""


class ClaimReopened(Event):
    """A claim that had ended is looked at again, in a new round, for this reason."""

    topic: ClassVar = ESCALATION
    claim_id: UUID
    seller_id: Id
    round: int
    reason: ReopeningReason


class PaymentContested(Event):
    """An answer of the seller's that came in time was heard only after a payout had been authorised: a dispute.

    Recovery debits nothing until it is decided.
    """

    topic: ClassVar = ESCALATION
    claim_id: UUID
    seller_id: Id
    received_at: datetime


class MedicareReportDue(Event):
    """Payments for one incident to a beneficiary have passed the threshold in force: they must be reported."""

    topic: ClassVar = ESCALATION
    claim_id: UUID
    submission_id: Id
    currency: Currency
    paid_minor: Minor
    threshold_minor: Minor


class ClaimClosed(Event):
    """The claim has ended. Said again only if finance corrects what it had reported; the last one counts."""

    topic: ClassVar = ESCALATION
    claim_id: UUID
    seller_id: Id | None
    outcome: Outcome
    reasons: tuple[Reason, ...] = ()


class EarlierPayout(Fact):
    """What the payout of a round before comes to: what it was ordered for, less what is paid in its place since."""

    payout_id: UUID
    amount_minor: Minor


class PayoutAuthorized(Event):
    """Pay ``amount_minor`` to the payee, once per ``payout_id`` (the idempotency key, one per claim and round).

    The rest is what recovery needs to pursue the seller: it hears of a claim here first.
    """

    topic: ClassVar = PAYOUTS
    claim_id: UUID
    payout_id: UUID
    round: int
    payee_ref: Id
    currency: Currency
    amount_minor: Minor
    seller_id: Id
    marketplace: str
    policy: str
    route: Route
    small: bool
    covered: bool
    attempt: int = 1
    incident_on: date | None = None
    liens: tuple[Lien, ...] = ()
    """Out of ``amount_minor`` these are paid first, to their holders; the payee gets the rest."""
    kept_minor: Minor = 0
    """What holders of liens keep of an earlier attempt, of which the payee's share alone came back: not paid again."""
    earlier: tuple[EarlierPayout, ...] = ()
    """Of the rounds before. What has come back of them, or never came, may be paid here: then it is not owed there."""


class PayoutRecalled(Event):
    """Get the money of a payout back if it can be had: the claim was a duplicate. Finance answers PayoutReturned."""

    topic: ClassVar = PAYOUTS
    claim_id: UUID
    payout_id: UUID
    currency: Currency
    amount_minor: Minor
    reason: Reason


class Status(StrEnum):
    """Where a claim stands, for the customer."""

    NEEDS_INFORMATION = "needs_information"
    DIRECT_PAY = "direct_pay"
    WITH_SELLER = "with_seller"
    SELLER_RESOLVING = "seller_resolving"
    WITH_INSURER = "with_insurer"
    UNDER_REVIEW = "under_review"
    AWAITING_RELEASE = "awaiting_release"
    AWAITING_APPROVAL = "awaiting_approval"
    PAYOUT_PENDING = "payout_pending"
    CLOSED = "closed"


class Owner(StrEnum):
    """Who must act now."""

    CUSTOMER = "customer"
    SELLER = "seller"
    INSURER = "insurer"
    ADJUSTER = "adjuster"
    APPROVER = "approver"
    FINANCE = "finance"
    MAKEGOOD = "makegood"
    NOBODY = "nobody"


class NextStep(StrEnum):
    """What happens next, by ``by``; ``owner`` says whose step it is."""

    SEND_PAPERS = "send_papers"
    GIVE_BENEFICIARY_STATUS = "give_beneficiary_status"
    NOTIFY_SELLER = "notify_seller"
    SELLER_ANSWERS = "seller_answers"
    COMMENT_WINDOW_ENDS = "comment_window_ends"
    SELLER_SETTLES = "seller_settles"
    CONFIRM_SETTLEMENT = "confirm_settlement"
    NOTIFY_INSURER = "notify_insurer"
    INSURER_REPLIES = "insurer_replies"
    REVIEW = "review"
    INVESTIGATE = "investigate"
    SIGN_RELEASE = "sign_release"
    APPROVE = "approve"
    PAY = "pay"
    RETRY_PAYOUT = "retry_payout"
    DECIDE = "decide"
    NOTHING = "nothing"


class Notice(StrEnum):
    """What the customer is told with a status."""

    ACKNOWLEDGED = "acknowledged"
    PAPERS_WANTED = "papers_wanted"
    BENEFICIARY_STATUS_WANTED = "beneficiary_status_wanted"
    PROGRESS = "progress"
    DELAYED = "delayed"
    DECIDED = "decided"
    PAID = "paid"
    REOPENED = "reopened"
    NOT_REOPENED = "not_reopened"
    CLOSED = "closed"


class ItemResult(StrEnum):
    FULL = "full"
    PART = "part"
    NOTHING = "nothing"


class StatusItem(Fact):
    """One item as the customer is told it: ``reasons`` name the rules behind all that is not paid in full."""

    item: int
    allowed_minor: Minor
    reasons: tuple[Reason, ...] = ()
    claimed_minor: Minor | None = None
    result: ItemResult | None = None


class StatusChanged(Event):
    """What upstream tells the customer. ``revision`` grows by one per claim; ``by`` is when the next step is due."""

    topic: ClassVar = STATUS
    claim_id: UUID
    submission_id: Id
    revision: int
    status: Status
    owner: Owner
    by: datetime | None
    outcome: Outcome | None = None
    reasons: tuple[Reason, ...] = ()
    items: tuple[StatusItem, ...] = ()
    notice: Notice = Notice.PROGRESS
    next_step: NextStep | None = None
    round: int = 1
