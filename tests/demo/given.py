"""Builders for what the outside world hears, and a look at what it answers."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from enum import Enum
from random import Random
from typing import Any, TypeVar
from uuid import UUID

from ops.demo.luck import Fate
from ops.demo.outside.party import Party, Saying
from shared.events.adjusters import ReviewKind
from shared.events.base import Envelope, Event, claim_id_of, derived_id
from shared.events.claim import DocumentKind, InjuryClass, Item, ItemFinding, LossKind, Reason
from shared.events.escalation import (
    ApprovalRequested,
    NextStep,
    Outcome,
    Owner,
    PayoutAuthorized,
    PayoutRecalled,
    ReleaseRequested,
    ReviewOpened,
    Route,
    Status,
    StatusChanged,
)
from shared.events.insurance_accelerator import (
    BindRequested,
    CertificateAccepted,
    CertificateRejected,
    CoverLapsed,
    Defect,
    InsuranceRequired,
    QuoteOffered,
    QuotesRequested,
)
from shared.events.intake import ClaimAccepted, InformationRequested, MissingPaper
from shared.events.recovery import (
    DebitNoticed,
    Ground,
    InsurerDemanded,
    ProofRequested,
    RecoveryDisputed,
    SellerDebitRequested,
)
from shared.events.seller_notifier import (
    ExtensionGranted,
    InsurerNotified,
    NoticeHandedOver,
    NoticeKind,
    SellerNotified,
)
from shared.events.seller_portal import InsurerRating
from shared.events.upstream import Claimant, ClaimSubmitted, Loss
from shared.money import Currency
from tests.deciding import day

E = TypeVar("E", bound=Event)
SEED = 7
FATE = Fate(SEED)
TODAY = date(2025, 6, 2)
NOW = day(0)


def heard(event: Event, at: datetime = NOW, number: int = 1) -> Envelope:
    """The envelope of a service's event; the same event and number have the same id."""
    event_id = derived_id(event.type_name(), event.model_dump_json(), number)
    return Envelope(str(event_id), event.type_name(), "service", at, event.key)


def answers(party: Party, event: Event, at: datetime = NOW, number: int = 1) -> list[Saying]:
    return party.hear(event, heard(event, at, number))


def fated(who: object, *choices: Enum) -> Fate:
    """The fate of one claim or seller, which will choose so."""
    return Fate(SEED, {str(who): choices})


def events(sayings: Iterable[Saying]) -> list[Event]:
    return [saying.event for saying in sayings]


def only(kind: type[E], sayings: Iterable[Saying]) -> list[E]:
    return [saying.event for saying in sayings if isinstance(saying.event, kind)]


def submission_ids(count: int = 400) -> Iterator[str]:
    return (f"sub-{number}" for number in range(count))


def claim_ids(count: int = 400) -> Iterator[UUID]:
    return map(claim_id_of, submission_ids(count))


def submitted(submission_id: str, *kinds: LossKind) -> ClaimSubmitted:
    losses = tuple(Loss(kind=kind, amount_minor=9_000) for kind in kinds or (LossKind.PURCHASE_PRICE,))
    return ClaimSubmitted(
        submission_id=submission_id,
        marketplace="US",
        currency=Currency.USD,
        order_id=f"order-{submission_id}",
        seller_id="seller-1",
        product="Kettle",
        purchased_on=date(2025, 3, 1),
        incident_on=date(2025, 5, 20),
        reported_on=date(2025, 5, 30),
        claimant=Claimant(id="cust-1"),
        losses=losses,
    )


def information_requested(submission_id: str) -> InformationRequested:
    return InformationRequested(
        claim_id=claim_id_of(submission_id),
        submission_id=submission_id,
        marketplace="US",
        currency=Currency.USD,
        missing=(
            MissingPaper(item=1, any_of=(DocumentKind.RECEIPT,)),
            MissingPaper(item=2, any_of=(DocumentKind.BILL, DocumentKind.MEDICAL_RECORD)),
        ),
        respond_by=day(30),
    )


def accepted(submission_id: str, admitted_minor: int = 50_000) -> ClaimAccepted:
    items = (Item(item=1, kind=LossKind.MEDICAL, claimed_minor=admitted_minor, admitted_minor=admitted_minor),)
    return ClaimAccepted(
        claim_id=claim_id_of(submission_id),
        submission_id=submission_id,
        policy="US-1",
        marketplace="US",
        currency=Currency.USD,
        seller_id="seller-1",
        order_id=f"order-{submission_id}",
        product="Kettle",
        payee_ref="payee-1",
        purchased_on=date(2025, 3, 1),
        incident_on=date(2025, 5, 20),
        reported_on=date(2025, 5, 30),
        injury=InjuryClass.NONE,
        minor_claimant=False,
        items=items,
        admitted_minor=admitted_minor,
        incident_total_minor=admitted_minor,
        small=True,
    )


def notified(claim_id: UUID, *, direct_pay: bool = False) -> SellerNotified:
    respond_by = day(2 if direct_pay else 7)
    return SellerNotified(
        claim_id=claim_id, seller_id="seller-1", direct_pay=direct_pay, handed_over_at=day(0), respond_by=respond_by,
        letter_id=derived_id("letter", claim_id, direct_pay),
    )  # fmt: skip


def extension_granted(claim_id: UUID) -> ExtensionGranted:
    return ExtensionGranted(claim_id=claim_id, seller_id="seller-1", respond_by=day(14))


def insurer_notified(claim_id: UUID) -> InsurerNotified:
    return InsurerNotified(
        claim_id=claim_id, seller_id="seller-1", handed_over_at=day(0), respond_by=day(30), currency=Currency.USD,
        admitted_minor=50_000,
    )  # fmt: skip


def review_opened(claim_id: UUID, review: ReviewKind = ReviewKind.CONTESTED, decide_by: float = 40) -> ReviewOpened:
    items = (ItemFinding(item=1, allowed_minor=9_000), ItemFinding(item=2, allowed_minor=40_000))
    return ReviewOpened(
        claim_id=claim_id, review=review, currency=Currency.USD, items=items, decide_by=day(decide_by)
    )  # fmt: skip


def notice_handed_over(claim_id: UUID, kind: NoticeKind = NoticeKind.DEBIT) -> NoticeHandedOver:
    return NoticeHandedOver(
        claim_id=claim_id, seller_id="seller-1", kind=kind, handed_over_at=day(0),
        letter_id=derived_id("letter", claim_id, kind),
    )  # fmt: skip


def status(submission_id: str, now: Status, outcome: Outcome | None = None, **changes: Any) -> StatusChanged:
    told: dict[str, Any] = {
        "claim_id": claim_id_of(submission_id), "submission_id": submission_id, "revision": 2, "status": now,
        "owner": Owner.SELLER, "by": day(7), "outcome": outcome,
    }  # fmt: skip
    return StatusChanged.model_validate(told | changes)


def release_requested(submission_id: str) -> ReleaseRequested:
    return ReleaseRequested(
        claim_id=claim_id_of(submission_id), submission_id=submission_id, currency=Currency.USD, amount_minor=250_000,
        items=(2,), sign_by=day(30),
    )  # fmt: skip


def approval_requested(claim_id: UUID) -> ApprovalRequested:
    return ApprovalRequested(
        claim_id=claim_id,
        payout_id=derived_id("payout", claim_id, 1),
        currency=Currency.USD,
        amount_minor=2_000_000,
        decide_by=day(10),
    )


def payout_authorized(claim_id: UUID, attempt: int = 1, amount_minor: int = 49_000) -> PayoutAuthorized:
    return PayoutAuthorized(
        claim_id=claim_id,
        payout_id=derived_id("payout", claim_id, 1),
        round=1,
        payee_ref="payee-1",
        currency=Currency.USD,
        amount_minor=amount_minor,
        seller_id="seller-1",
        marketplace="US",
        policy="US-1",
        route=Route.SELLER_SILENT,
        small=True,
        covered=False,
        attempt=attempt,
    )


def payout_recalled(claim_id: UUID) -> PayoutRecalled:
    return PayoutRecalled(
        claim_id=claim_id, payout_id=derived_id("payout", claim_id, 1), currency=Currency.USD, amount_minor=49_000,
        reason=Reason.DUPLICATE,
    )  # fmt: skip


def disputed(claim_id: UUID) -> RecoveryDisputed:
    return RecoveryDisputed(
        claim_id=claim_id, seller_id="seller-1", ground=Ground.APPEAL, currency=Currency.USD, amount_minor=49_000,
        decide_by=day(30),
    )  # fmt: skip


def debit_noticed(claim_id: UUID) -> DebitNoticed:
    return DebitNoticed(
        claim_id=claim_id, seller_id="seller-1", currency=Currency.USD, amount_minor=49_000, notice_days=7
    )  # fmt: skip


def insurer_demanded(claim_id: UUID) -> InsurerDemanded:
    return InsurerDemanded(
        claim_id=claim_id, demand_id=derived_id("demand", claim_id), seller_id="seller-1", insurer="Harbour & Vale",
        certificate_id="coi-1", currency=Currency.USD, amount_minor=49_000, pay_by=day(30),
    )  # fmt: skip


def debit_requested(claim_id: UUID, seller_id: str = "seller-1", amount_minor: int = 49_000) -> SellerDebitRequested:
    return SellerDebitRequested(
        claim_id=claim_id,
        debit_id=derived_id("debit", claim_id, 1),
        seller_id=seller_id,
        currency=Currency.USD,
        amount_minor=amount_minor,
    )


def proof_requested(claim_id: UUID, seller_id: str) -> ProofRequested:
    return ProofRequested(
        claim_id=claim_id, seller_id=seller_id, currency=Currency.USD, amount_minor=49_000, prove_by=day(7)
    )


def certificate_rejected(seller_id: str, certificate_id: str) -> CertificateRejected:
    return CertificateRejected(
        seller_id=seller_id, certificate_id=certificate_id, marketplace="US", defects=(Defect.NAME_DIFFERS,)
    )


def certificate_accepted(seller_id: str, certificate_id: str) -> CertificateAccepted:
    return CertificateAccepted(seller_id=seller_id, certificate_id=certificate_id, marketplace="US")


def insurance_required(seller_id: str) -> InsuranceRequired:
    return InsuranceRequired(seller_id=seller_id, marketplace="US", insure_by=TODAY + timedelta(days=30))


def cover_lapsed(seller_id: str) -> CoverLapsed:
    return CoverLapsed(seller_id=seller_id, marketplace="US", lapsed_on=TODAY)


def quotes_requested(seller_id: str) -> QuotesRequested:
    return QuotesRequested(
        seller_id=seller_id,
        request_id=f"rq-{seller_id}",
        marketplace="US",
        currency=Currency.USD,
        monthly_proceeds_minor=2_000_000,
        claims_so_far=2,
        reply_by=day(3),
    )


def quote_offered(seller_id: str, carrier: str) -> QuoteOffered:
    return QuoteOffered(
        seller_id=seller_id,
        request_id=f"rq-{seller_id}",
        quote_id=f"quote-{carrier}-{seller_id}",
        carrier=carrier,
        rating=InsurerRating.A_OR_BETTER,
        currency=Currency.USD,
        premium_minor=90_000,
        per_occurrence_minor=100_000_000,
        deductible_minor=0,
        valid_until=day(20),
    )


def bind_requested(seller_id: str, carrier: str) -> BindRequested:
    quote_id = f"quote-{carrier}-{seller_id}"
    return BindRequested(seller_id=seller_id, quote_id=quote_id, bind_id=derived_id(quote_id), carrier=carrier)


def story(submission_id: str) -> list[tuple[Event, Envelope]]:
    """Everything the services could say about one claim, each at a moment of its own."""
    claim_id = claim_id_of(submission_id)
    told = (
        (information_requested(submission_id), 0),
        (accepted(submission_id), 1),
        (status(submission_id, Status.WITH_SELLER), 1),
        (notified(claim_id), 1.1),
        (extension_granted(claim_id), 5),
        (status(submission_id, Status.SELLER_RESOLVING, next_step=NextStep.CONFIRM_SETTLEMENT), 6),
        (insurer_notified(claim_id), 7),
        (review_opened(claim_id), 8),
        (release_requested(submission_id), 8.5),
        (approval_requested(claim_id), 9),
        (payout_authorized(claim_id), 10),
        (payout_authorized(claim_id, attempt=2), 12),
        (status(submission_id, Status.CLOSED, Outcome.DENIED), 12.5),
        (proof_requested(claim_id, "seller-1"), 13),
        (debit_noticed(claim_id), 13.5),
        (notice_handed_over(claim_id), 14),
        (disputed(claim_id), 15),
        (insurer_demanded(claim_id), 16),
        (debit_requested(claim_id), 21),
    )
    return [(event, heard(event, day(moment))) for event, moment in told]


def shuffled_by_topic(stories: Iterable[list[tuple[Event, Envelope]]], order: int) -> list[tuple[Event, Envelope]]:
    """One arrival of all stories: each claim's events of one topic in their order, everything else at random."""
    luck = Random(order)
    streams: dict[tuple[str, str], list[tuple[Event, Envelope]]] = {}
    for told in stories:
        for event, envelope in told:
            assert event.topic is not None
            streams.setdefault((event.topic.name, event.key), []).append((event, envelope))
    arrival: list[tuple[Event, Envelope]] = []
    while streams:
        stream = luck.choice(list(streams))
        arrival.append(streams[stream].pop(0))
        if not streams[stream]:
            del streams[stream]
    return arrival
