"""Recovery: pursues insurer and seller for what the marketplace has paid, and books every move of money.

Hears  PayoutAuthorized · PayoutRecalled · PaymentContested · PayoutPaid · PayoutReturned · SellerDebitCollected
       SellerDebitFailed · SellerPaymentReceived · InsurerPaymentReceived · SellerRefundPaid · NoticeHandedOver
       NoticeUndeliverable · NoticeBounced · SellerAppealRecorded · AppealDecided
Says   RecoveryOpened · ProofRequested · ReimbursementWaived · InsurerDemanded · DebitNoticed · SellerDebitRequested
       SellerDebitStopped · RecoveryDisputed · RecoveryReversed · RecoveryResumed · SellerRefundRequested
       RecoveryWrittenOff · RecoveryClosed · FinanceResultQuestioned
Waits  for proof of insurance, the insurer, the debit notice's time, the next debit, an adjuster, the write-off
Knows  every seller's cover on record (SellerCoverChanged)
"""

from pathlib import Path

from services.recovery import deadlines, debits, decide, disputes, finance, insurer, notices, payouts, refunds
from services.recovery.ledger import LedgerEntry
from services.recovery.state import Recovery
from shared.events.adjusters import DECISIONS, AppealDecided
from shared.events.base import Event
from shared.events.carriers import QUOTES
from shared.events.escalation import PaymentContested, PayoutAuthorized, PayoutRecalled
from shared.events.finance import (
    InsurerPaymentReceived,
    PayoutPaid,
    PayoutReturned,
    SellerDebitCollected,
    SellerDebitFailed,
    SellerPaymentReceived,
    SellerRefundPaid,
)
from shared.events.insurance_accelerator import SellerCoverChanged
from shared.events.mail_gateway import BOUNCES
from shared.events.seller_notifier import (
    NoticeBounced,
    NoticeHandedOver,
    NoticeKind,
    NoticeUndeliverable,
    SellerAppealRecorded,
)
from shared.events.seller_portal import ANSWERS, CERTIFICATES
from shared.runtime import Process, Reference, Service


def concerns_money(event: Event) -> bool:
    """Most claims are never paid by us: of notices only those about money are worth keeping for a recovery to come."""
    notice = isinstance(event, NoticeHandedOver | NoticeUndeliverable | NoticeBounced)
    return not isinstance(event, AppealDecided) and (not notice or event.kind in (NoticeKind.PROOF, NoticeKind.DEBIT))


recovery = Process(
    name="recovery",
    state=Recovery,
    begins={PayoutAuthorized: decide.payout_authorized},
    hears={
        PayoutAuthorized: payouts.next_round,
        PayoutPaid: payouts.payout_paid,
        PayoutReturned: payouts.payout_returned,
        PayoutRecalled: disputes.recalled,
        NoticeHandedOver: notices.letter_out,
        NoticeUndeliverable: notices.letter_out,
        NoticeBounced: notices.letter_bounced,
        SellerDebitCollected: finance.debit_collected,
        SellerDebitFailed: debits.debit_failed,
        SellerPaymentReceived: finance.payment_received,
        InsurerPaymentReceived: insurer.insurer_paid,
        SellerRefundPaid: refunds.refund_paid,
        PaymentContested: disputes.payment_contested,
        SellerAppealRecorded: disputes.appealed,
        AppealDecided: disputes.appeal_decided,
    },
    waits=deadlines.deadline_passed,
    reference=Reference(SellerCoverChanged),
    passed_on={
        "insurance_accelerator": (CERTIFICATES, QUOTES),
        "seller_notifier": (ANSWERS, BOUNCES),
        "escalation": (DECISIONS,),
    },
    keeps_early=concerns_money,
    linger=0.5,
)

service = Service(
    name="recovery",
    processes=(recovery,),
    effects=(LedgerEntry,),
    schema=(Path(__file__).parent / "schema.sql").read_text(encoding="utf-8"),
)
