"""Routes of the money's way back: waived, demanded, debited, disputed, written off; and which cover answers for it."""

from datetime import date, datetime

from ops.demo.routes.story import Story, route
from shared.events.base import Event
from shared.events.finance import (
    DebitFailure,
    InsurerPaymentReceived,
    SellerDebitCollected,
    SellerDebitFailed,
    SellerPaymentReceived,
    SellerRefundPaid,
)
from shared.events.insurance_accelerator import CoverPeriod
from shared.events.intake import ClaimAccepted
from shared.events.recovery import (
    DebitNoticed,
    InsurerDemanded,
    ProofRequested,
    RecoveryOpened,
    RecoveryResumed,
    RecoveryReversed,
    RecoveryWrittenOff,
    ReimbursementWaived,
    SellerDebitRequested,
    SellerDebitStopped,
    WaiverReason,
    WriteOffReason,
)
from shared.events.seller_notifier import NoticeBounced, NoticeKind, NoticeUndeliverable


@route
def waived_small_and_insured(story: Story) -> bool:
    """Small, and the seller proved his insurance in time: he reimburses nothing."""
    return story.has(ReimbursementWaived, reason=WaiverReason.SMALL_INSURED)


@route
def proof_not_in_time(story: Story) -> bool:
    """Small, and no proof of insurance in time: the seller reimburses."""
    return story.has(ProofRequested) and story.has(DebitNoticed)


@route
def insurer_pays_demand(story: Story) -> bool:
    """The insurer whose cover was in force on the day of the incident paid all that was demanded."""
    return _demanded(story) > 0 and _by_insurer(story) >= _demanded(story)


@route
def insurer_pays_part(story: Story) -> bool:
    """The insurer paid a part of what was demanded; the rest went to the seller."""
    return 0 < _by_insurer(story) < _demanded(story)


@route
def insurer_pays_nothing(story: Story) -> bool:
    """The insurer paid nothing in time; then the seller was asked."""
    return _demanded(story) > 0 and not story.has(InsurerPaymentReceived)


@route
def cover_shown_later(story: Story) -> bool:
    """Cover on the day of the incident became known only when the claim had been accepted, and answers for it."""
    accepted = story.began(ClaimAccepted)
    late = any(accepted is not None and period.known_since > accepted for period in _periods(story))
    return late and story.has(InsurerDemanded)


@route
def cover_back_dated(story: Story) -> bool:
    """Cover for the day of the incident was issued after it, and does not count."""
    day = _incident_on(story)
    return any(day and p.issued_on and p.issued_on > day and _left_out(story, p) for p in _periods(story))


@route
def cover_cancelled(story: Story) -> bool:
    """Cover that was on record for the day of the incident turned out to have ended before."""
    now = {period.certificate_id for change in story.cover[-1:] for period in _of(story, change.periods)}
    return any(p.certificate_id not in now and _left_out(story, p) for p in _periods(story))


@route
def debited_in_full(story: Story) -> bool:
    """What the seller owed was withheld from his disbursements at once."""
    return _collections(story) == 1 and not story.has(SellerDebitFailed)


@route
def debited_in_parts(story: Story) -> bool:
    """What the seller owed was withheld in several parts."""
    return _collections(story) > 1


@route
def debit_failed_then_collected(story: Story) -> bool:
    """Nothing more was to be had at first; a later debit collected it."""
    return story.has(SellerDebitFailed, reason=DebitFailure.NO_FUNDS) and len(story.all(SellerDebitRequested)) > 1


@route
def debited_after_attempts(story: Story) -> bool:
    """No contact took the debit notice: the attempts are on record, and the time after them is the same."""
    return story.has(NoticeUndeliverable, kind=NoticeKind.DEBIT) and story.has(SellerDebitRequested)


@route
def bounce_after_debit(story: Story) -> bool:
    """The debit notice came back when the debit had been asked for: it was stopped, and noticed anew."""
    return story.has(NoticeBounced, kind=NoticeKind.DEBIT) and story.has(SellerDebitStopped)


@route
def seller_pays_himself(story: Story) -> bool:
    """The seller paid of his own accord."""
    return story.has(SellerPaymentReceived)


@route
def sellers_appeal_won(story: Story) -> bool:
    """The seller appealed and was right: he owes nothing, the customer keeps what he has."""
    return story.has(RecoveryReversed, reason=WaiverReason.APPEAL_WON)


@route
def sellers_appeal_lost(story: Story) -> bool:
    """The seller appealed and was wrong: he owes it as before."""
    return story.has(RecoveryResumed)


@route
def refunded_to_seller(story: Story) -> bool:
    """The seller had paid what he did not owe, and got it back."""
    return story.has(SellerRefundPaid)


@route
def written_off_uncollectable(story: Story) -> bool:
    """Nothing was to be had from the seller for so long that it was written off."""
    return story.has(RecoveryWrittenOff, reason=WriteOffReason.UNCOLLECTABLE)


@route
def written_off_insolvent(story: Story) -> bool:
    """The seller is insolvent: written off at once."""
    return story.has(RecoveryWrittenOff, reason=WriteOffReason.INSOLVENT)


@route
def written_off_too_small(story: Story) -> bool:
    """Not worth pursuing."""
    return story.has(RecoveryWrittenOff, reason=WriteOffReason.TOO_SMALL)


@route
def paid_after_write_off(story: Story) -> bool:
    """Money came in when it was no longer pursued."""
    written_off, paid = story.began(RecoveryWrittenOff), _last_payment(story)
    return written_off is not None and paid is not None and paid > written_off


def _last_payment(story: Story) -> datetime | None:
    kinds: tuple[type[Event], ...] = (SellerDebitCollected, SellerPaymentReceived, InsurerPaymentReceived)
    return max((at for kind in kinds for _, at in story.told(kind)), default=None)


def _demanded(story: Story) -> int:
    return max((demand.amount_minor for demand in story.all(InsurerDemanded)), default=0)


def _by_insurer(story: Story) -> int:
    paid = {payment.finance_reference: payment.amount_minor for payment in story.all(InsurerPaymentReceived)}
    return sum(paid.values())


def _collections(story: Story) -> int:
    return len({collected.finance_reference for collected in story.all(SellerDebitCollected)})


def _left_out(story: Story, period: CoverPeriod) -> bool:
    """Whether it came to the question which cover answers, and this one was not asked."""
    return story.has(RecoveryOpened) and not story.has(InsurerDemanded, certificate_id=period.certificate_id)


def _incident_on(story: Story) -> date | None:
    accepted = story.first(ClaimAccepted)
    return accepted.incident_on if accepted else None


def _periods(story: Story) -> list[CoverPeriod]:
    """Cover ever on record for the day of the incident."""
    return [period for change in story.cover for period in _of(story, change.periods)]


def _of(story: Story, periods: tuple[CoverPeriod, ...]) -> list[CoverPeriod]:
    accepted = story.first(ClaimAccepted)
    if accepted is None:
        return []
    return [
        period
        for period in periods
        if period.marketplace == accepted.marketplace and period.valid_from <= accepted.incident_on <= period.valid_to
    ]
