"""Certificates of insurance: judged once the account's name is known, with every defect in one reply."""

from datetime import timedelta

from services.insurance_accelerator import cover
from services.insurance_accelerator.quotes import received
from services.insurance_accelerator.state import MAX_WAITING, At, Period, Seller, Waiting, terms_of
from services.insurance_accelerator.terms import defects_of
from shared.events.base import Event
from shared.events.insurance_accelerator import CertificateAccepted, CertificateRejected
from shared.events.seller_portal import CertificateSubmitted
from shared.runtime import Decision

Said = tuple[Event, ...]


def certificate_submitted(seller: Seller, event: CertificateSubmitted, at: At) -> Decision[Seller]:
    """A cancellation cuts cover whatever else the paper says; the same content again changes nothing."""
    noted, certificate = _cancellation_noted(seller, event)
    if noted.has_on_record(certificate):
        return cover.told(seller, noted, (), at)
    if noted.account_name is None:
        waiting, replies = _await_name(noted, certificate, at)
        return cover.told(seller, waiting, replies, at)
    judged, reply = _judge(noted, _uploaded(certificate, at), at)
    return cover.told(seller, judged, (reply,), at)


def judge_waiting(seller: Seller, ready: tuple[Waiting, ...], at: At) -> tuple[Seller, Said]:
    """Reply to certificates that have waited for the account's name, or long enough."""
    still_waiting = tuple(waiting for waiting in seller.waiting if waiting not in ready)
    seller = seller.but(waiting=still_waiting)
    replies: list[Event] = []
    for waiting in ready:
        seller, certificate = _cancellation_noted(seller, waiting.certificate)
        seller, reply = _judge(seller, waiting.model_copy(update={"certificate": certificate}), at)
        replies.append(reply)
    return seller, tuple(replies)


def _cancellation_noted(seller: Seller, event: CertificateSubmitted) -> tuple[Seller, CertificateSubmitted]:
    """The earliest cancellation heard counts, also for a copy without it that comes later: no order is relied on."""
    if event.cancelled_on is not None:
        seller = seller.with_cancellation(event.certificate_id, event.cancelled_on)
    cancelled_on = seller.cancelled_on(event.certificate_id)
    return seller, event.model_copy(update={"cancelled_on": cancelled_on})


def _await_name(seller: Seller, certificate: CertificateSubmitted, at: At) -> tuple[Seller, Said]:
    """Keep the certificate as long as a seller has to insure: a reply without the name could not list every defect.

    Of one paper the content said last is kept, in whatever order they are heard.
    """
    uploaded = _uploaded(certificate, at)
    policy = at.policies.in_force(certificate.marketplace, uploaded.uploaded_on)
    if policy is None:
        judged, reply = _judge(seller, uploaded, at)
        return judged, (reply,)
    same = tuple(waiting for waiting in seller.waiting if _paper(waiting.certificate) == _paper(certificate))
    if any(w.certificate == certificate or w.uploaded_at > uploaded.uploaded_at for w in same):
        return seller, ()
    others = tuple(waiting for waiting in seller.waiting if waiting not in same)
    until = at.now + timedelta(days=policy.insurance.duty_days)
    waiting = (*others, uploaded.model_copy(update={"until": until}))
    kept = seller.but(waiting=waiting)
    return judge_waiting(kept, waiting[:-MAX_WAITING], at)


def _uploaded(certificate: CertificateSubmitted, at: At) -> Waiting:
    """It has come, and has not waited yet. The days that it has left count from its upload, however late we hear it."""
    uploaded_at = received(at)
    uploaded_on = cover.day_on(certificate.marketplace, uploaded_at, at)
    return Waiting(certificate=certificate, uploaded_on=uploaded_on, uploaded_at=uploaded_at, until=at.now)


def _judge(seller: Seller, uploaded: Waiting, at: At) -> tuple[Seller, Event]:
    """The one reply to a certificate. A rejected one leaves cover that was accepted before as it is.

    The cover is known since the upload: whether a seller proved it in time is his doing, how long we judged is not.
    """
    certificate, uploaded_on = uploaded.certificate, uploaded.uploaded_on
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
        known_since=uploaded.uploaded_at,
        issued_on=certificate.issued_on,
        terms=terms_of(certificate),
    )
    today = cover.today_on(certificate.marketplace, at)
    return seller.with_certificate(period, today), CertificateAccepted(**paper)


def _paper(certificate: CertificateSubmitted) -> tuple[str, str]:
    return certificate.certificate_id, certificate.marketplace
