"""Builders for what the outside says: a loss, a claim with its papers, a certificate without a defect."""

from datetime import date
from typing import Any, Final

from shared.events.claim import Document, DocumentKind, LossKind
from shared.events.seller_portal import CertificateSubmitted, InsurerRating
from shared.events.upstream import Claimant, ClaimSubmitted, Injury, Loss
from shared.money import Currency

PURCHASED, INCIDENT, REPORTED = date(2025, 4, 20), date(2025, 5, 20), date(2025, 6, 1)
BILLED: Final = date(2025, 5, 21)

LONGER: Final = {"comment_window_hours": 240, "quotes_within_days": 12}
"""Figures of the US policy that are longer in these journeys."""

PAPER: Final = {
    LossKind.PURCHASE_PRICE: DocumentKind.RECEIPT,
    LossKind.MEDICAL: DocumentKind.BILL,
    LossKind.LOST_EARNINGS: DocumentKind.PAYSLIP,
    LossKind.PROPERTY_DAMAGE: DocumentKind.ESTIMATE,
}

KETTLE: Final = Loss(kind=LossKind.PURCHASE_PRICE, amount_minor=39_99)
BURN: Final = Loss(kind=LossKind.MEDICAL, amount_minor=99_50)
KITCHEN: Final = Loss(kind=LossKind.PROPERTY_DAMAGE, amount_minor=2_400_00)
HOUSE: Final = Loss(kind=LossKind.PROPERTY_DAMAGE, amount_minor=18_000_00)
DISTRESS: Final = Loss(kind=LossKind.NON_ECONOMIC, amount_minor=500_00)

SMALL: Final = (KETTLE, BURN)
"""139.49 in all: below the small-claim line."""
LARGE: Final = (KETTLE, KITCHEN)
"""2,439.99 in all: above the line, below the authority limit."""
HUGE: Final = (KETTLE, HOUSE)
"""18,039.99 in all: above the authority limit."""

SCALD: Final = Injury(diagnosis="burn, scald", body_part="hand", disposition="treated and released")
ADMITTED: Final = Injury(diagnosis="burn, scald", body_part="trunk", disposition="treated and admitted")


def total(losses: tuple[Loss, ...]) -> int:
    return sum(loss.amount_minor for loss in losses)


def claim(
    submission_id: str, seller_id: str, claimant_id: str, losses: tuple[Loss, ...], **other: Any
) -> ClaimSubmitted:
    """A kettle of this seller has scalded an adult; ``other`` fields replace what is usual."""
    usual: dict[str, Any] = {
        "submission_id": submission_id,
        "marketplace": "US",
        "currency": Currency.USD,
        "order_id": f"order-{claimant_id}",
        "seller_id": seller_id,
        "product": "Electric Kettle",
        "purchased_on": PURCHASED,
        "incident_on": INCIDENT,
        "reported_on": REPORTED,
        "claimant": Claimant(id=claimant_id, age=41, sex="female", beneficiary=False),
        "injury": SCALD,
        "narrative": "The lid came off while pouring and hot water ran over the hand.",
        "losses": losses,
    }
    return ClaimSubmitted(**usual | other)


def papers(losses: tuple[Loss, ...], *items: int) -> tuple[Document, ...]:
    """One paper that proves each of these items (of all, when none is named), where a paper can."""
    wanted = items or range(1, len(losses) + 1)
    return tuple(
        Document(kind=PAPER[losses[item - 1].kind], item=item, dated_on=BILLED)
        for item in wanted
        if losses[item - 1].kind in PAPER
    )


def certificate(seller_id: str, name: str, **other: Any) -> CertificateSubmitted:
    """Meets every term; ``other`` fields replace what is usual."""
    usual: dict[str, Any] = {
        "seller_id": seller_id,
        "certificate_id": f"coi-{seller_id}",
        "marketplace": "US",
        "insured_name": name,
        "insurer": "Harbour Mutual",
        "insurer_rating": InsurerRating.A_OR_BETTER,
        "occurrence_basis": True,
        "currency": Currency.USD,
        "per_occurrence_minor": 200_000_000,
        "aggregate_minor": 200_000_000,
        "deductible_minor": 500_000,
        "additional_insured": True,
        "global_claims_handling": True,
        "cancellation_notice_days": 30,
        "valid_from": date(2025, 1, 1),
        "valid_to": date(2026, 6, 30),
    }
    return CertificateSubmitted(**usual | other)
