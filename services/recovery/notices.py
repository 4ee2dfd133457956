"""What becomes of our letters to the seller: his time runs from the hand-over, and not while a letter is on its way."""

from services.recovery.debits import debit_notice_out, notice_bounced
from services.recovery.state import At, Recovery
from services.recovery.waiver import proof_letter_bounced, proof_letter_out
from shared.events.seller_notifier import NoticeBounced, NoticeHandedOver, NoticeKind, NoticeUndeliverable
from shared.runtime import Decision, unchanged


def letter_out(recovery: Recovery, event: NoticeHandedOver | NoticeUndeliverable, at: At) -> Decision[Recovery]:
    """The time to prove, or of the debit notice, runs from the letter's hand-over, or the last attempt at it."""
    match event.kind:
        case NoticeKind.PROOF:
            return proof_letter_out(recovery, event, at)
        case NoticeKind.DEBIT:
            return debit_notice_out(recovery, event, at)
        case _:
            return unchanged(recovery)


def letter_bounced(recovery: Recovery, event: NoticeBounced, at: At) -> Decision[Recovery]:
    """A letter that came back was none: a debit on its notice is stopped, and its time begins anew with the next."""
    match event.kind:
        case NoticeKind.PROOF:
            return proof_letter_bounced(recovery)
        case NoticeKind.DEBIT:
            return notice_bounced(recovery, event)
        case _:
            return unchanged(recovery)
