"""Builders: what the others say about one claim, and a claim that has heard some of it."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import zip_longest
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

from services.escalation.app import escalation
from services.escalation.state import Case
from shared.events.adjusters import (
    DuplicateEstablished,
    PayoutApproved,
    PayoutRefused,
    ReviewDecided,
    ReviewKind,
)
from shared.events.base import Event, claim_id_of, derived_id
from shared.events.claim import InjuryClass, Item, ItemFinding, Lien, LossKind, Reason, ReopeningReason, Signal
from shared.events.escalation import ApprovalRequested, ReviewOpened, StatusChanged
from shared.events.finance import PayoutFailed, PayoutPaid, PayoutReturned
from shared.events.insurance_accelerator import CoverPeriod, SellerCoverChanged
from shared.events.insurers import InsurerRejected, InsurerSettled
from shared.events.intake import (
    AmendmentRecorded,
    BeneficiaryRecorded,
    ClaimAccepted,
    ClaimDenied,
    ClaimWithdrawalRecorded,
    DuplicateFound,
    InformationRequested,
    LienRecorded,
    MissingPaper,
    PayeeRecorded,
    ReleaseRecorded,
    ReopeningRecorded,
    ReopeningRefused,
    SettlementReplyRecorded,
    SuspicionRaised,
)
from shared.events.marketplace import Standing
from shared.events.seller_notifier import (
    ExtensionGranted,
    InsurerNotified,
    NoticeBounced,
    NoticeKind,
    NoticeUndeliverable,
    SellerAnswerRecorded,
    SellerCommentRecorded,
    SellerNotified,
    SettlementReported,
)
from shared.events.seller_portal import AnswerChoice
from shared.money import Currency
from shared.policy import Policies, load
from tests.deciding import START, day
from tests.interpreter import Interpreter

Claim: TypeAlias = Interpreter[Case]

CLAIM = claim_id_of("sub-1")
SELLER = "seller-1"
PAYOUT = derived_id("payout", CLAIM, 1)
SECOND_PAYOUT = derived_id("payout", CLAIM, 2)
SMALL, LARGE, HUGE = 200_00, 5_000_00, 20_000_00
"""Below the small-claim line; above it; above the authority limit."""

ANSWER_BY, EXTENDED_BY, PAPERS_BY, INSURER_BY = day(7), day(14), day(30), day(31)


def policies(**handling: Any) -> Policies:
    """As shipped, with other lines, limits or timers; a release is asked for where a test says so."""
    handling = {"release_above_line": False} | handling
    shipped = [load().version(name) for name in ("US-1", "GB-1")]
    return Policies([p.model_copy(update={"handling": p.handling.model_copy(update=handling)}) for p in shipped])


def accepted(
    *admitted: int,
    small: bool | None = None,
    injury: InjuryClass = InjuryClass.MINOR,
    minor_claimant: bool = False,
    signals: tuple[Signal, ...] = (),
    beneficiary: bool | None = False,
    others_minor: int = 0,
    liens: tuple[Lien, ...] = (),
    kinds: tuple[LossKind, ...] = (),
) -> ClaimAccepted:
    """``signals``: enough of them for an investigation."""
    amounts = admitted or (SMALL,)
    return ClaimAccepted(
        claim_id=CLAIM,
        submission_id="sub-1",
        policy="US-1",
        marketplace="US",
        currency=Currency.USD,
        seller_id=SELLER,
        order_id="order-1",
        product="kettle",
        payee_ref="payee-1",
        purchased_on=date(2025, 4, 1),
        incident_on=date(2025, 5, 20),
        reported_on=date(2025, 6, 1),
        injury=injury,
        minor_claimant=minor_claimant,
        items=items(*amounts, kinds=kinds),
        admitted_minor=sum(amounts),
        incident_total_minor=sum(amounts) + others_minor,
        small=sum(amounts) < 1_000_00 if small is None else small,
        liens=liens,
        signals=signals,
        score=100 * len(signals),
        investigate=bool(signals),
        beneficiary=beneficiary,
    )


def items(*admitted: int, reasons: tuple[Reason, ...] = (), kinds: tuple[LossKind, ...] = ()) -> tuple[Item, ...]:
    """Of these kinds, and medical where no more are named."""
    return tuple(
        Item(item=number, kind=kind or LossKind.MEDICAL, claimed_minor=amount, admitted_minor=amount, reasons=reasons)
        for number, (amount, kind) in enumerate(zip_longest(admitted, kinds[: len(admitted)]), start=1)
        if amount is not None
    )


def amended(
    *admitted: int,
    small: bool | None = None,
    others_minor: int = 0,
    amendment_id: str = "a-1",
    injury: InjuryClass | None = None,
    kinds: tuple[LossKind, ...] = (),
) -> Event:
    return AmendmentRecorded(
        claim_id=CLAIM,
        submission_id="sub-1",
        amendment_id=amendment_id,
        seller_id=SELLER,
        currency=Currency.USD,
        items=items(*admitted, kinds=kinds),
        admitted_minor=sum(admitted),
        incident_total_minor=sum(admitted) + others_minor,
        small=sum(admitted) + others_minor < 1_000_00 if small is None else small,
        injury=injury,
    )


def suspected(*signals: Signal) -> SuspicionRaised:
    return SuspicionRaised(claim_id=CLAIM, submission_id="sub-1", signals=signals, score=100 * len(signals))


def reopening(reason: ReopeningReason = ReopeningReason.CUSTOMER_APPEAL) -> ReopeningRecorded:
    return ReopeningRecorded(claim_id=CLAIM, submission_id="sub-1", reason=reason)


def reopening_refused(*reasons: Reason) -> ReopeningRefused:
    return ReopeningRefused(claim_id=CLAIM, submission_id="sub-1", reasons=reasons)


def new_payee(payee_ref: str = "payee-2") -> PayeeRecorded:
    return PayeeRecorded(claim_id=CLAIM, submission_id="sub-1", payee_ref=payee_ref)


def lien(amount_minor: int, holder_ref: str = "holder-1") -> Lien:
    return Lien(holder_ref=holder_ref, amount_minor=amount_minor)


def lien_recorded(*liens: Lien) -> LienRecorded:
    return LienRecorded(claim_id=CLAIM, submission_id="sub-1", liens=liens)


def released(release: str = "signature-1", release_id: UUID | None = None) -> ReleaseRecorded:
    return ReleaseRecorded(claim_id=CLAIM, submission_id="sub-1", release=release, release_id=release_id)


def beneficiary_recorded(*, beneficiary: bool = True) -> BeneficiaryRecorded:
    return BeneficiaryRecorded(claim_id=CLAIM, submission_id="sub-1", beneficiary=beneficiary)


def is_duplicate(of: UUID | None = None) -> DuplicateEstablished:
    return DuplicateEstablished(claim_id=CLAIM, duplicate_of=of or claim_id_of("sub-0"), adjuster="cyd")


def information_requested(
    respond_by: datetime = PAPERS_BY, *missing: MissingPaper, asks_beneficiary: bool = False
) -> InformationRequested:
    return InformationRequested(
        claim_id=CLAIM,
        submission_id="sub-1",
        marketplace="US",
        currency=Currency.USD,
        missing=missing,
        respond_by=respond_by,
        asks_beneficiary=asks_beneficiary,
    )


def denied(*reasons: Reason) -> ClaimDenied:
    return ClaimDenied(
        claim_id=CLAIM,
        submission_id="sub-1",
        marketplace="US",
        currency=Currency.USD,
        reasons=reasons,
        items=items(SMALL, reasons=reasons),
    )


def duplicate_found() -> DuplicateFound:
    return DuplicateFound(claim_id=CLAIM, submission_id="sub-1", duplicate_of=claim_id_of("sub-0"))


def withdrawn(*, before_acceptance: bool = False) -> ClaimWithdrawalRecorded:
    return ClaimWithdrawalRecorded(claim_id=CLAIM, submission_id="sub-1", before_acceptance=before_acceptance)


def cover(
    from_: date = date(2025, 1, 1),
    to: date = date(2025, 12, 31),
    marketplace: str = "US",
    known_since: datetime = START,
) -> SellerCoverChanged:
    period = CoverPeriod(
        marketplace=marketplace,
        valid_from=from_,
        valid_to=to,
        insurer="Acme",
        certificate_id="certificate-1",
        known_since=known_since,
    )
    return SellerCoverChanged(seller_id=SELLER, version=1, periods=(period,))


def notified(
    respond_by: datetime = ANSWER_BY, *, direct_pay: bool = False, standing: Standing = Standing.ACTIVE
) -> SellerNotified:
    return SellerNotified(
        claim_id=CLAIM,
        seller_id=SELLER,
        direct_pay=direct_pay,
        handed_over_at=START,
        respond_by=respond_by,
        standing=standing,
    )


def bounced(kind: NoticeKind = NoticeKind.CLAIM) -> NoticeBounced:
    return NoticeBounced(claim_id=CLAIM, seller_id=SELLER, kind=kind, contact=0)


def undeliverable(kind: NoticeKind = NoticeKind.CLAIM, attempted_at: datetime = START) -> NoticeUndeliverable:
    return NoticeUndeliverable(claim_id=CLAIM, seller_id=SELLER, kind=kind, attempted_at=attempted_at)


def extended(respond_by: datetime = EXTENDED_BY) -> ExtensionGranted:
    return ExtensionGranted(claim_id=CLAIM, seller_id=SELLER, respond_by=respond_by)


def answered(choice: AnswerChoice, received_at: datetime = START, *contested_items: int) -> SellerAnswerRecorded:
    return SellerAnswerRecorded(
        claim_id=CLAIM,
        seller_id=SELLER,
        answer_id="answer-1",
        choice=choice,
        contested_items=contested_items,
        received_at=received_at,
    )


def commented(*, contrary: bool, received_at: datetime = START) -> SellerCommentRecorded:
    return SellerCommentRecorded(claim_id=CLAIM, seller_id=SELLER, contrary=contrary, received_at=received_at)


def settlement_reported(received_at: datetime = START, amount: int | None = None) -> SettlementReported:
    """``amount``: of a part; None: all."""
    return SettlementReported(
        claim_id=CLAIM, seller_id=SELLER, proof="transfer-1", received_at=received_at, amount_minor=amount
    )


def customer_says(*, confirmed: bool) -> SettlementReplyRecorded:
    return SettlementReplyRecorded(claim_id=CLAIM, submission_id="sub-1", confirmed=confirmed)


def insurer_notified(respond_by: datetime = INSURER_BY) -> InsurerNotified:
    return InsurerNotified(claim_id=CLAIM, seller_id=SELLER, handed_over_at=START, respond_by=respond_by)


def insurer_settled(amount: int, proof: str = "cheque-1", currency: Currency = Currency.USD) -> InsurerSettled:
    return InsurerSettled(claim_id=CLAIM, currency=currency, amount_minor=amount, proof=proof)


def insurer_rejected() -> InsurerRejected:
    return InsurerRejected(claim_id=CLAIM)


def reviewed(
    kind: ReviewKind,
    *findings: ItemFinding,
    valid: bool = True,
    reasons: tuple[Reason, ...] = (),
    round_: int | None = None,
    adjuster: str = "ada",
    question_id: UUID | None = None,
) -> ReviewDecided:
    return ReviewDecided(
        claim_id=CLAIM,
        review=kind,
        adjuster=adjuster,
        valid=valid,
        findings=findings,
        reasons=reasons,
        round=round_,
        question_id=question_id,
    )


def finding(item: int, allowed_minor: int, *reasons: Reason) -> ItemFinding:
    return ItemFinding(item=item, allowed_minor=allowed_minor, reasons=reasons)


def approved(approver: str, payout_id: UUID = PAYOUT, *, question_id: UUID | None = None) -> PayoutApproved:
    return PayoutApproved(claim_id=CLAIM, payout_id=payout_id, approver=approver, question_id=question_id)


def approval_refused(payout_id: UUID = PAYOUT, *, question_id: UUID | None = None) -> PayoutRefused:
    return PayoutRefused(claim_id=CLAIM, payout_id=payout_id, approver="zoe", question_id=question_id)


def paid(amount: int = SMALL, payout_id: UUID = PAYOUT, reference: str = "transfer-9") -> PayoutPaid:
    return PayoutPaid(
        claim_id=CLAIM,
        payout_id=payout_id,
        currency=Currency.USD,
        amount_minor=amount,
        finance_reference=reference,
    )


def returned(amount: int = SMALL, payout_id: UUID = PAYOUT, reference: str = "return-9") -> PayoutReturned:
    return PayoutReturned(
        claim_id=CLAIM,
        payout_id=payout_id,
        currency=Currency.USD,
        amount_minor=amount,
        finance_reference=reference,
    )


def failed(*, final: bool = False, payout_id: UUID = PAYOUT, attempt: int | None = None) -> PayoutFailed:
    return PayoutFailed(claim_id=CLAIM, payout_id=payout_id, final=final, attempt=attempt)


def claim(*heard: Event, covered: bool = False, known: bool = True, **handling: Any) -> Claim:
    """A claim that has heard these at the start of the story; ``handling``: other figures of the policy."""
    story = Interpreter(escalation, policies=policies(**handling))
    story.known = known
    if covered:
        story.learn(cover())
    for event in heard:
        story.hear(event)
    return story


def case(story: Claim) -> Case:
    return story.states[str(CLAIM)]


def facts(said: Iterable[Event]) -> list[type[Event]]:
    """What was said, by type, without what the customer is told of it."""
    return [type(event) for event in said if not isinstance(event, StatusChanged)]


E = TypeVar("E", bound=Event)


def the(kind: type[E], said: Iterable[Event]) -> E:
    """The only one of this type."""
    (only,) = (event for event in said if isinstance(event, kind))
    return only


def question(story: Claim, which: int = -1) -> UUID:
    """The name of what a person was asked last, or before."""
    asked = [event for event in story.said if isinstance(event, ReviewOpened | ApprovalRequested)][which].question_id
    assert asked is not None
    return asked


def told(story: Claim) -> StatusChanged:
    """What the customer was told last."""
    return [event for event in story.said if isinstance(event, StatusChanged)][-1]


def hours(count: float) -> timedelta:
    return timedelta(hours=count)
