"""Escalation: waits for who must act, steps in where the seller stays silent or a rejected claim is valid, pays.

Hears  ClaimAccepted · InformationRequested · ClaimDenied · DuplicateFound · ClaimWithdrawalRecorded ·
       AmendmentRecorded · SuspicionRaised · ReopeningRecorded · ReopeningRefused · PayeeRecorded · LienRecorded ·
       ReleaseRecorded · BeneficiaryRecorded · SettlementReplyRecorded · SellerNotified · NoticeBounced ·
       NoticeUndeliverable · ExtensionGranted · SellerAnswerRecorded · SellerCommentRecorded · SettlementReported ·
       InsurerNotified · InsurerSettled · InsurerRejected · ReviewDecided · PayoutApproved · PayoutRefused ·
       DuplicateEstablished · PayoutPaid · PayoutFailed · PayoutReturned
Says   RouteChosen · ClaimEscalated · ReviewOpened · ReleaseRequested · ApprovalRequested · ClaimDecided ·
       ClaimClosed · ClaimReopened · PayoutAuthorized · PayoutRecalled · PaymentContested · MedicareReportDue ·
       StatusChanged
Waits  for whoever the status says must act, until the moment it says; and to tell the customer of a delay
Knows  the seller's cover (SellerCoverChanged)
"""

from pathlib import Path

from services.escalation import (
    amendments,
    beginning,
    duplicates,
    finance,
    investigation,
    medicare,
    payee,
    payout,
    release,
    reopening,
    seller,
    settlement,
    verdict,
)
from services.escalation.clocks import Waiting, Waits
from services.escalation.orders import PayoutOrder
from services.escalation.state import Case
from services.escalation.status import Hears, begun, telling
from shared.events.adjusters import DuplicateEstablished, PayoutApproved, PayoutRefused, ReviewDecided
from shared.events.base import Event
from shared.events.escalation import Status
from shared.events.finance import PayoutFailed, PayoutPaid, PayoutReturned
from shared.events.insurance_accelerator import SellerCoverChanged
from shared.events.insurers import InsurerRejected, InsurerSettled
from shared.events.intake import (
    AmendmentRecorded,
    BeneficiaryRecorded,
    ClaimAccepted,
    ClaimDenied,
    ClaimWithdrawalRecorded,
    DuplicateFound,
    InformationRequested,
    LienRecorded,
    PayeeRecorded,
    ReleaseRecorded,
    ReopeningRecorded,
    ReopeningRefused,
    SettlementReplyRecorded,
    SuspicionRaised,
)
from shared.events.mail_gateway import BOUNCES
from shared.events.seller_notifier import (
    ExtensionGranted,
    InsurerNotified,
    NoticeBounced,
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
    ClaimAccepted: beginning.claim_accepted,
    InformationRequested: beginning.information_requested,
    ClaimDenied: beginning.claim_denied,
    DuplicateFound: beginning.duplicate_found,
    ClaimWithdrawalRecorded: beginning.claim_withdrawn,
}
"""Any of these may be the first we hear of a claim."""

HEARS: dict[type[Event], Hears] = FROM_INTAKE | {
    AmendmentRecorded: amendments.amendment_recorded,
    SuspicionRaised: investigation.suspicion_raised,
    ReopeningRecorded: reopening.reopening_recorded,
    ReopeningRefused: reopening.reopening_refused,
    PayeeRecorded: payee.payee_recorded,
    LienRecorded: payee.lien_recorded,
    ReleaseRecorded: release.release_recorded,
    BeneficiaryRecorded: medicare.beneficiary_recorded,
    SettlementReplyRecorded: settlement.customer_replied,
    SellerNotified: seller.seller_notified,
    NoticeBounced: seller.notice_bounced,
    NoticeUndeliverable: seller.notice_undeliverable,
    ExtensionGranted: seller.extension_granted,
    SellerAnswerRecorded: seller.seller_answered,
    SellerCommentRecorded: seller.seller_commented,
    SettlementReported: settlement.settlement_reported,
    InsurerNotified: settlement.insurer_notified,
    InsurerSettled: settlement.insurer_settled,
    InsurerRejected: settlement.insurer_rejected,
    ReviewDecided: verdict.review_decided,
    PayoutApproved: payout.payout_approved,
    PayoutRefused: verdict.payout_refused,
    DuplicateEstablished: duplicates.duplicate_established,
    PayoutPaid: finance.payout_paid,
    PayoutFailed: finance.payout_failed,
    PayoutReturned: finance.payout_returned,
}

WAITS: dict[Status, Waits] = {
    Status.NEEDS_INFORMATION: beginning.intake_overdue,
    Status.DIRECT_PAY: seller.direct_pay_overdue,
    Status.WITH_SELLER: seller.seller_overdue,
    Status.SELLER_RESOLVING: settlement.settlement_overdue,
    Status.WITH_INSURER: settlement.insurer_overdue,
    Status.UNDER_REVIEW: verdict.review_overdue,
    Status.AWAITING_RELEASE: release.release_overdue,
    Status.AWAITING_APPROVAL: payout.approval_overdue,
    Status.PAYOUT_PENDING: finance.payout_overdue,
}

escalation = Process(
    name="escalation",
    state=Case,
    begins={event: begun(decide) for event, decide in FROM_INTAKE.items()},
    hears={event: telling(decide) for event, decide in HEARS.items()},
    waits=Waiting(WAITS),
    reference=Reference(SellerCoverChanged),
    passed_on={"intake": (SUBMISSIONS,), "seller_notifier": (ANSWERS, BOUNCES)},
)

service = Service(
    name="escalation",
    processes=(escalation,),
    effects=(PayoutOrder,),
    schema=(Path(__file__).parent / "schema.sql").read_text(encoding="utf-8"),
)
