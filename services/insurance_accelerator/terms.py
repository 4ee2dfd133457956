"""The terms that a marketplace's policy sets: of a seller's certificate, and of a quote worth offering."""

from datetime import date
from unicodedata import normalize

from shared.events.carriers import CarrierQuoted
from shared.events.insurance_accelerator import Defect
from shared.events.seller_portal import CertificateSubmitted
from shared.policy import Policy


def defects_of(
    certificate: CertificateSubmitted, policy: Policy | None, account_name: str | None, uploaded_on: date
) -> tuple[Defect, ...]:
    """Every defect at once, each judged by itself, on the day of the upload. No policy: no such marketplace.

    An account name that never became known counts as another name. Amounts are compared in the policy's currency only.
    """
    if policy is None:
        return (Defect.UNKNOWN_MARKETPLACE,)
    terms = policy.insurance
    comparable = certificate.currency == policy.currency
    deductible = certificate.deductible_minor
    cancelled_on = certificate.cancelled_on
    last_day = min(certificate.valid_to, cancelled_on or certificate.valid_to)
    found = {
        Defect.NAME_DIFFERS: account_name is None or not same_name(certificate.insured_name, account_name),
        Defect.WRONG_KIND: certificate.kind not in terms.kinds,
        Defect.NOT_OCCURRENCE_BASIS: not certificate.occurrence_basis,
        Defect.OCCURRENCE_LIMIT_TOO_LOW: comparable
        and certificate.per_occurrence_minor < terms.min_per_occurrence_minor,
        Defect.AGGREGATE_LIMIT_TOO_LOW: comparable and certificate.aggregate_minor < terms.min_aggregate_minor,
        Defect.DEDUCTIBLE_TOO_HIGH: comparable and deductible is not None and deductible > terms.max_deductible_minor,
        Defect.DEDUCTIBLE_NOT_SHOWN: deductible is None,
        Defect.NOT_ADDITIONAL_INSURED: not certificate.additional_insured,
        Defect.RATING_TOO_LOW: certificate.insurer_rating not in terms.ratings,
        Defect.NO_GLOBAL_CLAIMS_HANDLING: not certificate.global_claims_handling,
        Defect.CANCELLATION_NOTICE_TOO_SHORT: certificate.cancellation_notice_days < terms.min_cancellation_notice_days,
        Defect.TOO_FEW_DAYS_LEFT: (last_day - uploaded_on).days < terms.min_days_left,
        Defect.ALREADY_LAPSED: certificate.valid_to < uploaded_on,
        Defect.CANCELLED: cancelled_on is not None and cancelled_on <= uploaded_on,
        Defect.WRONG_CURRENCY: not comparable,
        Defect.PERIOD_INVALID: certificate.valid_to < certificate.valid_from,
    }
    return tuple(defect for defect, present in found.items() if present)


def same_name(one: str, other: str) -> bool:
    """Whether two names differ in case, spaces or the way their accents are encoded at most."""
    return _bare(one) == _bare(other)


def _bare(name: str) -> str:
    return "".join(normalize("NFKC", name).casefold().split())


def would_do(quote: CarrierQuoted, policy: Policy) -> bool:
    """Whether cover bound on this quote would meet the marketplace's terms; no other cover is offered to a seller."""
    terms = policy.insurance
    return (
        quote.currency == policy.currency
        and quote.per_occurrence_minor >= terms.min_per_occurrence_minor
        and quote.deductible_minor <= terms.max_deductible_minor
        and quote.rating in terms.ratings
    )
