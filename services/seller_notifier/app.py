"""Seller notifier: tells the seller, reminds, takes the answer, and keeps every delivery on record.

Hears  ClaimAccepted · RouteChosen · ProofRequested · DebitNoticed · ClaimClosed
       SellerAnswered · ExtensionRequested · SellerCommented · SellerReportsSettled
       LetterSent (its own: what became of a letter)
Says   SellerNotified · NoticeHandedOver · NoticeRefused · NoticeUndeliverable · InsurerNotified
       SellerAnswerRecorded · SellerCommentRecorded · SettlementReported · ExtensionGranted
Waits  for the next reminder, and for the seller's contacts while they are not known
Knows  the seller's contacts and language (SellerRegistered)
Does   letters, by SMTP
"""

from services.seller_notifier import decide, sender
from services.seller_notifier.letter import Letter, LetterSent, gave_up
from services.seller_notifier.state import Correspondence
from shared.events.base import Event
from shared.events.escalation import ClaimClosed, RouteChosen
from shared.events.intake import ClaimAccepted
from shared.events.marketplace import SellerRegistered
from shared.events.recovery import DebitNoticed, ProofRequested
from shared.events.seller_portal import ExtensionRequested, SellerAnswered, SellerCommented, SellerReportsSettled
from shared.runtime import Process, Reference, Service


def concerns_a_seller(event: Event) -> bool:
    """Claims that end before they are accepted never begin here; their closing must not be kept waiting."""
    return not (isinstance(event, ClaimClosed) and event.seller_id is None)


seller_notifier = Process(
    name="seller_notifier",
    state=Correspondence,
    begins={ClaimAccepted: decide.claim_accepted},
    hears={
        RouteChosen: decide.route_chosen,
        ProofRequested: decide.proof_requested,
        DebitNoticed: decide.debit_noticed,
        ClaimClosed: decide.claim_closed,
        SellerAnswered: decide.seller_answered,
        ExtensionRequested: decide.extension_requested,
        SellerCommented: decide.seller_commented,
        SellerReportsSettled: decide.seller_reports_settled,
        LetterSent: decide.letter_sent,
    },
    waits=decide.deadline_passed,
    reference=Reference(SellerRegistered),
    keeps_early=concerns_a_seller,
)

service = Service(
    name="seller_notifier",
    processes=(seller_notifier,),
    effects=(Letter,),
    performer=sender.performer,
    gave_up=gave_up,
)
