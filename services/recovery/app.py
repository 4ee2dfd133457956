"""Recovery: pursues the seller for what the marketplace has paid, and books every move of money.

Hears  PayoutAuthorized · PayoutPaid · NoticeHandedOver · NoticeUndeliverable · SellerDebitCollected · SellerDebitFailed
Says   RecoveryOpened · ProofRequested · ReimbursementWaived · DebitNoticed · SellerDebitRequested · RecoveryWrittenOff
       RecoveryClosed · FinanceResultQuestioned
Waits  for proof of insurance, the debit notice's time, the next debit, the write-off
Knows  every seller's cover on record (SellerCoverChanged)
"""

from pathlib import Path

from services.recovery import decide, finance
from services.recovery.ledger import LedgerEntry
from services.recovery.state import Recovery
from shared.events.base import Event
from shared.events.escalation import PayoutAuthorized
from shared.events.finance import PayoutPaid, SellerDebitCollected, SellerDebitFailed
from shared.events.insurance_accelerator import SellerCoverChanged
from shared.events.seller_notifier import NoticeHandedOver, NoticeKind, NoticeUndeliverable
from shared.events.seller_portal import CERTIFICATES
from shared.runtime import Process, Reference, Service


def concerns_money(event: Event) -> bool:
    """Most claims are never paid by us: of notices only those of a debit are worth keeping for a recovery to come."""
    return not isinstance(event, NoticeHandedOver | NoticeUndeliverable) or event.kind is NoticeKind.DEBIT


recovery = Process(
    name="recovery",
    state=Recovery,
    begins={PayoutAuthorized: decide.payout_authorized},
    hears={
        PayoutPaid: finance.payout_paid,
        NoticeHandedOver: decide.debit_notice_out,
        NoticeUndeliverable: decide.debit_notice_out,
        SellerDebitCollected: finance.debit_collected,
        SellerDebitFailed: finance.debit_failed,
    },
    waits=decide.deadline_passed,
    reference=Reference(SellerCoverChanged),
    passed_on=(("insurance_accelerator", CERTIFICATES),),
    keeps_early=concerns_money,
)

service = Service(
    name="recovery",
    processes=(recovery,),
    effects=(LedgerEntry,),
    schema=(Path(__file__).parent / "schema.sql").read_text(encoding="utf-8"),
)
