"""The duty to insure, certificates, and cover on record. Quotes and binding are decided in ``quotes``."""

from datetime import date
from typing import Any, Final

from services.insurance_accelerator import quotes
from services.insurance_accelerator.state import MAX_WAITING, ONE_DAY, Period, Proceeds, Seller, Waiting, terms_of
from services.insurance_accelerator.terms import defects_of
from shared.events.base import Event
from shared.events.carriers import PolicyIssued
from shared.events.insurance_accelerator import (
    CertificateAccepted,
    CertificateRejected,
    CoverBound,
    CoverLapsed,
    InsuranceRequired,
    SellerCoverChanged,
)
from shared.events.marketplace import SellerProceedsReported
from shared.events.seller_portal import CertificateSubmitted
from shared.runtime import Decision, Moment, unchanged

Said = tuple[Event, ...]
INSURER_LENGTH: Final = 120
"""Characters of an insurer's name on a period of cover; a carrier's id may be longer."""


def proceeds_reported(seller: Seller, event: SellerProceedsReported, at: Moment[Any]) -> Decision[Seller]:
    """The account's name is known, so certificates need wait no longer; proceeds may bring the duty to insure."""
    named = seller.model_copy(update={"account_name": event.account_name})
    obliged, duty = _duty(named, event, at)
    judged, replies = _judge_waiting(obliged, obliged.waiting, at)
    return _cover_told(seller, judged, duty + replies, at)


def certificate_submitted(seller: Seller, event: CertificateSubmitted, at: Moment[Any]) -> Decision[Seller]:
    """A cancellation cuts cover whatever else the paper says; the same content again changes nothing."""
    noted, certificate = _cancellation_noted(seller, event)
    if noted.has_on_record(certificate):
        return _cover_told(seller, noted, (), at)
    if noted.account_name is None:
        waiting, replies = _await_name(noted, certificate, at)
        return _cover_told(seller, waiting, replies, at)
    judged, reply = _judge(noted, certificate, at.now.date(), at)
    return _cover_told(seller, judged, (reply,), at)


def policy_issued(seller: Seller, event: PolicyIssued, at: Moment[Any]) -> Decision[Seller]:
    """Cover bound through the Accelerator needs no certificate: the policy is on record by itself."""
    quote = quotes.issued_on(seller, event)
    if quote is None:
        return unchanged(seller)
    bound = CoverBound(**event.model_dump())
    period = Period(
        marketplace=quote.marketplace,
        valid_from=event.valid_from,
        valid_to=event.valid_to,
        insurer=event.carrier[:INSURER_LENGTH],
        certificate_id=event.policy_number,
        known_since=at.now,
        terms=terms_of(event),
    )
    covered = quotes.with_ended(seller, quote).with_period(period, at.now.date())
    return _cover_told(seller, covered, (bound,), at)


def deadline_passed(seller: Seller, at: Moment[Any]) -> Decision[Seller]:
    """All that has come to its end by now: waiting for a name, for quotes, for a choice, for a carrier; cover."""
    overdue = tuple(waiting for waiting in seller.waiting if waiting.until <= at.now)
    judged, replies = _judge_waiting(seller, overdue, at)
    moved, says = quotes.overdue(judged, at.now)
    told = _cover_told(seller, moved, replies + says, at)
    lapsed, lapses = _lapses(told.state, at.now.date())
    return Decision(lapsed, told.says + lapses)


def _duty(seller: Seller, event: SellerProceedsReported, at: Moment[Any]) -> tuple[Seller, Said]:
    """The duty begins once per marketplace, with any month over the line; a later month is not lowered by an older."""
    today = at.now.date()
    policy = at.policies.in_force(event.marketplace, today)
    if policy is None or policy.currency != event.currency:
        return seller, ()
    reported = Proceeds(marketplace=event.marketplace, month=event.month, amount_minor=event.amount_minor)
    known = seller.proceeds_on(event.marketplace) or reported
    latest = reported if event.month >= known.month else known
    if known.insure_by is not None or event.amount_minor <= policy.insurance.duty_proceeds_minor:
        return seller.with_proceeds(latest.model_copy(update={"insure_by": known.insure_by})), ()
    insure_by = today + policy.days(policy.insurance.duty_days)
    required = InsuranceRequired(seller_id=seller.seller_id, marketplace=event.marketplace, insure_by=insure_by)
    return seller.with_proceeds(latest.model_copy(update={"insure_by": insure_by})), (required,)


def _cancellation_noted(seller: Seller, event: CertificateSubmitted) -> tuple[Seller, CertificateSubmitted]:
    """The earliest cancellation heard counts, also for a copy without it that comes later: no order is relied on."""
    if event.cancelled_on is not None:
        seller = seller.with_cancellation(event.certificate_id, event.cancelled_on)
    cancelled_on = seller.cancelled_on(event.certificate_id)
    return seller, event.model_copy(update={"cancelled_on": cancelled_on})


def _await_name(seller: Seller, certificate: CertificateSubmitted, at: Moment[Any]) -> tuple[Seller, Said]:
    """Keep the certificate as long as a seller has to insure: a reply without the name could not list every defect."""
    today = at.now.date()
    policy = at.policies.in_force(certificate.marketplace, today)
    if policy is None:
        judged, reply = _judge(seller, certificate, today, at)
        return judged, (reply,)
    if any(waiting.certificate == certificate for waiting in seller.waiting):
        return seller, ()
    others = tuple(waiting for waiting in seller.waiting if _paper(waiting.certificate) != _paper(certificate))
    until = at.now + policy.days(policy.insurance.duty_days)
    waiting = (*others, Waiting(certificate=certificate, uploaded_on=today, until=until))
    kept = seller.model_copy(update={"waiting": waiting})
    return _judge_waiting(kept, waiting[:-MAX_WAITING], at)


def _judge_waiting(seller: Seller, ready: tuple[Waiting, ...], at: Moment[Any]) -> tuple[Seller, Said]:
    still_waiting = tuple(waiting for waiting in seller.waiting if waiting not in ready)
    seller = seller.model_copy(update={"waiting": still_waiting})
    replies: list[Event] = []
    for waiting in ready:
        seller, certificate = _cancellation_noted(seller, waiting.certificate)
        seller, reply = _judge(seller, certificate, waiting.uploaded_on, at)
        replies.append(reply)
    return seller, tuple(replies)


def _judge(
    seller: Seller, certificate: CertificateSubmitted, uploaded_on: date, at: Moment[Any]
) -> tuple[Seller, Event]:
    """The one reply to a certificate. A rejected one leaves cover that was accepted before as it is."""
    policy = at.policies.in_force(certificate.marketplace, uploaded_on)
    defects = defects_of(certificate, policy, seller.account_name, uploaded_on)
    paper = {
        "seller_id": seller.seller_id,
        "certificate_id": certificate.certificate_id,
        "marketplace": certificate.marketplace,
    }
    if defects:
        return seller, CertificateRejected(**paper, defects=defects)
    period = Period(
        marketplace=certificate.marketplace,
        valid_from=certificate.valid_from,
        valid_to=certificate.valid_to,
        insurer=certificate.insurer,
        certificate_id=certificate.certificate_id,
        known_since=at.now,
        terms=terms_of(certificate),
    )
    return seller.with_period(period, at.now.date()), CertificateAccepted(**paper)


def _paper(certificate: CertificateSubmitted) -> tuple[str, str]:
    return certificate.certificate_id, certificate.marketplace


def _cover_told(before: Seller, after: Seller, says: Said, at: Moment[Any]) -> Decision[Seller]:
    """Tell the whole of cover when any of it has changed, and at once where that has ended it."""
    if after.periods == before.periods:
        return Decision(after, says)
    today = at.now.date()
    covered = {p.marketplace for p in after.periods if p.has_days and p.valid_to >= today}
    changed = after.model_copy(
        update={
            "cover_version": after.cover_version + 1,
            "insured_on": tuple(sorted(covered | set(after.insured_on))),
        }
    )
    told = SellerCoverChanged(
        seller_id=changed.seller_id,
        version=changed.cover_version,
        periods=tuple(p.as_told() for p in changed.periods),
    )
    lapsed, lapses = _lapses(changed, today)
    return Decision(lapsed, (*says, told, *lapses))


def _lapses(seller: Seller, today: date) -> tuple[Seller, Said]:
    """Each marketplace where the last day of cover is over is told once; new cover makes it worth telling again."""
    last_days = {m: seller.last_day(m) or today - ONE_DAY for m in seller.insured_on}
    lapses = tuple(
        CoverLapsed(seller_id=seller.seller_id, marketplace=marketplace, lapsed_on=last_day + ONE_DAY)
        for marketplace, last_day in last_days.items()
        if last_day < today
    )
    insured_on = tuple(marketplace for marketplace, last_day in last_days.items() if last_day >= today)
    return seller.model_copy(update={"insured_on": insured_on}), lapses
