"""Seller notifier: tells the seller, reminds, takes the answer, and keeps every delivery on record.

Hears  ClaimAccepted · AmendmentRecorded · RouteChosen · ClaimReopened · ClaimClosed
       RecoveryOpened · ProofRequested · DebitNoticed · RecoveryReversed · RecoveryResumed · ReimbursementWaived ·
       RecoveryClosed
       SellerAnswered · ExtensionRequested · SellerCommented · SellerReportsSettled · SellerAppealed
       InsurerSettled · InsurerRejected (whom to remind no more)
       LetterBounced
       LetterSent (its own: what became of a letter)
Says   SellerNotified · NoticeHandedOver · NoticeRefused · NoticeBounced · NoticeUndeliverable · InsurerNotified
       SellerAnswerRecorded · SellerCommentRecorded · SettlementReported · SellerAppealRecorded · ExtensionGranted
Waits  for the next reminder, to the seller or his insurer, for the seller's contacts while they are not known, and
       for the route while it may change with the claim
Knows  the seller's contacts, language and standing (SellerRegistered)
Does   letters, by SMTP
"""

from services.seller_notifier import answers, decide, deliveries, extension, insurer, reimbursement, sender
from services.seller_notifier.letter import Letter, LetterSent, gave_up
from services.seller_notifier.state import Correspondence
from shared.events.base import Event
from shared.events.escalation import ClaimClosed, ClaimReopened, RouteChosen
from shared.events.insurers import InsurerRejected, InsurerSettled
from shared.events.intake import AmendmentRecorded, ClaimAccepted
from shared.events.mail_gateway import LetterBounced
from shared.events.marketplace import SellerRegistered
from shared.events.recovery import (
    DebitNoticed,
    ProofRequested,
    RecoveryClosed,
    RecoveryOpened,
    RecoveryResumed,
    RecoveryReversed,
    ReimbursementWaived,
)
from shared.events.seller_portal import (
    ExtensionRequested,
    SellerAnswered,
    SellerAppealed,
    SellerCommented,
    SellerReportsSettled,
)
from shared.runtime import Process, Reference, Service


def concerns_a_seller(event: Event) -> bool:
    """Claims that end before they are accepted never begin here, and before a letter was written none is replied to."""
    if isinstance(event, LetterBounced | InsurerSettled | InsurerRejected):
        return False
    return not (isinstance(event, ClaimClosed) and event.seller_id is None)


seller_notifier = Process(
    name="seller_notifier",
    state=Correspondence,
    begins={ClaimAccepted: decide.claim_accepted},
    hears={
        RouteChosen: decide.route_chosen,
        AmendmentRecorded: decide.amendment_recorded,
        ClaimClosed: decide.claim_closed,
        ClaimReopened: decide.claim_reopened,
        RecoveryOpened: reimbursement.recovery_opened,
        ProofRequested: reimbursement.proof_requested,
        DebitNoticed: reimbursement.debit_noticed,
        RecoveryReversed: reimbursement.recovery_reversed,
        RecoveryResumed: reimbursement.recovery_resumed,
        ReimbursementWaived: reimbursement.reimbursement_waived,
        RecoveryClosed: reimbursement.recovery_closed,
        SellerAnswered: answers.seller_answered,
        ExtensionRequested: extension.extension_requested,
        SellerCommented: answers.seller_commented,
        SellerReportsSettled: answers.seller_reports_settled,
        SellerAppealed: answers.seller_appealed,
        InsurerSettled: insurer.insurer_replied,
        InsurerRejected: insurer.insurer_replied,
        LetterBounced: deliveries.letter_bounced,
        LetterSent: deliveries.letter_sent,
    },
    waits=decide.deadline_passed,
    reference=Reference(SellerRegistered),
    keeps_early=concerns_a_seller,
    linger=0.25,
)

service = Service(
    name="seller_notifier",
    processes=(seller_notifier,),
    effects=(Letter,),
    performer=sender.performer,
    gave_up=gave_up,
)
