"""Escalation: waits for who must act, steps in where the seller stays silent or a rejected claim is valid, pays.

Hears  ClaimAccepted · InformationRequested · ClaimDenied · DuplicateFound · ClaimWithdrawalRecorded ·
       SettlementReplyRecorded · SellerNotified · NoticeUndeliverable · ExtensionGranted · SellerAnswerRecorded ·
       SellerCommentRecorded · SettlementReported · InsurerNotified · InsurerSettled · InsurerRejected ·
       ReviewDecided · PayoutApproved · PayoutRefused · PayoutPaid · PayoutFailed
Says   RouteChosen · ClaimEscalated · ReviewOpened · ApprovalRequested · ClaimDecided · ClaimClosed ·
       PayoutAuthorized · StatusChanged
Waits  for whoever the status says must act, until the moment it says
Knows  the seller's cover (SellerCoverChanged)
"""

from services.escalation import payout, review, routing, seller, settlement
from services.escalation.state import Case
from services.escalation.status import Hears, Waits, begun, telling, waiting
from shared.events.adjusters import PayoutApproved, PayoutRefused, ReviewDecided
from shared.events.base import Event
from shared.events.escalation import Status
from shared.events.finance import PayoutFailed, PayoutPaid
from shared.events.insurance_accelerator import SellerCoverChanged
from shared.events.insurers import InsurerRejected, InsurerSettled
from shared.events.intake import (
    ClaimAccepted,
    ClaimDenied,
    ClaimWithdrawalRecorded,
    DuplicateFound,
    InformationRequested,
    SettlementReplyRecorded,
)
from shared.events.seller_notifier import (
    ExtensionGranted,
    InsurerNotified,
    NoticeUndeliverable,
    SellerAnswerRecorded,
    SellerCommentRecorded,
    SellerNotified,
    SettlementReported,
)
from shared.events.seller_portal import ANSWERS
from shared.events.upstream import SUBMISSIONS
from shared.runtime import Process, Reference, Service

FROM_INTAKE: dict[type[Event], Hears] = {
    ClaimAccepted: routing.claim_accepted,
    InformationRequested: routing.information_requested,
    ClaimDenied: routing.claim_denied,
    DuplicateFound: routing.duplicate_found,
    ClaimWithdrawalRecorded: routing.claim_withdrawn,
}
"""Any of these may be the first we hear of a claim."""

HEARS: dict[type[Event], Hears] = FROM_INTAKE | {
    SettlementReplyRecorded: settlement.customer_replied,
    SellerNotified: seller.seller_notified,
    NoticeUndeliverable: seller.notice_undeliverable,
    ExtensionGranted: seller.extension_granted,
    SellerAnswerRecorded: seller.seller_answered,
    SellerCommentRecorded: seller.seller_commented,
    SettlementReported: settlement.settlement_reported,
    InsurerNotified: settlement.insurer_notified,
    InsurerSettled: settlement.insurer_settled,
    InsurerRejected: settlement.insurer_rejected,
    ReviewDecided: review.review_decided,
    PayoutApproved: payout.payout_approved,
    PayoutRefused: review.payout_refused,
    PayoutPaid: payout.payout_paid,
    PayoutFailed: payout.payout_failed,
}

WAITS: dict[Status, Waits] = {
    Status.NEEDS_INFORMATION: routing.intake_overdue,
    Status.DIRECT_PAY: seller.direct_pay_overdue,
    Status.WITH_SELLER: seller.seller_overdue,
    Status.SELLER_RESOLVING: settlement.settlement_overdue,
    Status.WITH_INSURER: settlement.insurer_overdue,
    Status.UNDER_REVIEW: review.review_overdue,
    Status.AWAITING_APPROVAL: payout.approval_overdue,
    Status.PAYOUT_PENDING: payout.payout_overdue,
}

escalation = Process(
    name="escalation",
    state=Case,
    begins={event: begun(decide) for event, decide in FROM_INTAKE.items()},
    hears={event: telling(decide) for event, decide in HEARS.items()},
    waits=waiting(WAITS),
    reference=Reference(SellerCoverChanged),
    passed_on=(("intake", SUBMISSIONS), ("seller_notifier", ANSWERS)),
)

service = Service(name="escalation", processes=(escalation,))
