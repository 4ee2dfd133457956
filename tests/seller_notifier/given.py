"""The claim, its seller and its letters, as the tests of seller_notifier tell them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.seller_notifier import answers, decide, deliveries
from services.seller_notifier.letter import Letter, LetterOutcome, LetterSent
from services.seller_notifier.state import Correspondence
from shared.events.base import Event, claim_id_of
from shared.events.claim import InjuryClass, Item, LossKind, Reason, ReopeningReason
from shared.events.escalation import ClaimClosed, ClaimReopened, Outcome, RouteChosen
from shared.events.insurers import InsurerRejected, InsurerSettled
from shared.events.intake import AmendmentRecorded, ClaimAccepted
from shared.events.mail_gateway import LetterBounced
from shared.events.marketplace import SellerRegistered
from shared.events.recovery import (
    DebitNoticed,
    ProofRequested,
    RecoveryClosed,
    RecoveryOpened,
    RecoveryResumed,
    RecoveryReversed,
    ReimbursementWaived,
    WaiverReason,
)
from shared.events.seller_portal import (
    AnswerChoice,
    ExtensionRequested,
    SellerAnswered,
    SellerAppealed,
    SellerCommented,
    SellerReportsSettled,
)
from shared.money import Currency
from shared.runtime import Decision
from tests.deciding import at, day

CLAIM: UUID = claim_id_of("fnol-1")
SELLER = "seller-7"
FIRST, SECOND = "claims@shop.example", "owner@shop.example"


def seller(**changes: Any) -> SellerRegistered:
    facts: dict[str, Any] = {"seller_id": SELLER, "name": "Shop Ltd", "language": "en", "contacts": (FIRST, SECOND)}
    return SellerRegistered(**facts | changes)


def accepted(**changes: Any) -> ClaimAccepted:
    """$22.15 for the item and $267.90 for treatment; lost earnings were not admitted."""
    facts: dict[str, Any] = {
        "claim_id": CLAIM,
        "submission_id": "fnol-1",
        "policy": "US-1",
        "marketplace": "US",
        "currency": Currency.USD,
        "seller_id": SELLER,
        "order_id": "731-9765440",
        "product": "Folding step stool",
        "payee_ref": "payee-1",
        "purchased_on": date(2025, 4, 1),
        "incident_on": date(2025, 5, 20),
        "reported_on": date(2025, 5, 30),
        "injury": InjuryClass.MINOR,
        "minor_claimant": True,
        "items": (
            Item(item=1, kind=LossKind.PURCHASE_PRICE, claimed_minor=2_215, admitted_minor=2_215),
            Item(item=2, kind=LossKind.MEDICAL, claimed_minor=26_790, admitted_minor=26_790),
            Item(
                item=3,
                kind=LossKind.LOST_EARNINGS,
                claimed_minor=6_698,
                admitted_minor=0,
                reasons=(Reason.MINORS_EARNINGS,),
            ),
        ),
        "admitted_minor": 29_005,
        "incident_total_minor": 29_005,
        "small": True,
    }
    return ClaimAccepted(**facts | changes)


def route(*, direct_pay: bool = False) -> RouteChosen:
    return RouteChosen(claim_id=CLAIM, seller_id=SELLER, direct_pay=direct_pay)


def answer(
    choice: AnswerChoice = AnswerChoice.PAY_THROUGH_US, *, answer_id: str = "answer-1", **changes: Any
) -> SellerAnswered:
    facts: dict[str, Any] = {"claim_id": CLAIM, "seller_id": SELLER, "answer_id": answer_id, "choice": choice}
    return SellerAnswered(**facts | changes)


def referral(insurer: str | None = "claims@insurer.example", *, answer_id: str = "answer-1") -> SellerAnswered:
    return answer(AnswerChoice.REFER_TO_INSURER, answer_id=answer_id, insurer_contact=insurer)


def extension(*, by: str = SELLER) -> ExtensionRequested:
    return ExtensionRequested(claim_id=CLAIM, seller_id=by)


def comment(*, contrary: bool = True, by: str = SELLER, evidence: tuple[str, ...] = ("doc-1",)) -> SellerCommented:
    return SellerCommented(claim_id=CLAIM, seller_id=by, contrary=contrary, evidence=evidence)


def settled(*, by: str = SELLER, proof: str = "proof-1", amount_minor: int | None = None) -> SellerReportsSettled:
    return SellerReportsSettled(claim_id=CLAIM, seller_id=by, proof=proof, amount_minor=amount_minor)


def proof_requested(prove_by: datetime) -> ProofRequested:
    return ProofRequested(
        claim_id=CLAIM, seller_id=SELLER, currency=Currency.USD, amount_minor=29_005, prove_by=prove_by
    )


def debit_noticed(*, number: int | None = None, notice_days: int = 7) -> DebitNoticed:
    return DebitNoticed(
        claim_id=CLAIM,
        seller_id=SELLER,
        currency=Currency.USD,
        amount_minor=29_005,
        notice_days=notice_days,
        number=number,
    )


def appeal(*, appeal_id: str = "appeal-1", by: str = SELLER) -> SellerAppealed:
    return SellerAppealed(claim_id=CLAIM, seller_id=by, appeal_id=appeal_id, evidence=("new-report",))


def amendment(
    *, treatment_minor: int = 40_000, small: bool = True, amendment_id: str = "amendment-1", by: str = SELLER
) -> AmendmentRecorded:
    """The treatment costs another sum now; the item itself is claimed as before."""
    item, treatment, earnings = accepted().items
    costs = {"claimed_minor": treatment_minor, "admitted_minor": treatment_minor}
    return AmendmentRecorded(
        claim_id=CLAIM,
        submission_id="fnol-1",
        amendment_id=amendment_id,
        seller_id=by,
        currency=Currency.USD,
        items=(item, treatment.model_copy(update=costs), earnings),
        admitted_minor=2_215 + treatment_minor,
        incident_total_minor=2_215 + treatment_minor,
        small=small,
    )


def reopened(number: int = 2, *, reason: ReopeningReason = ReopeningReason.NEW_EVIDENCE) -> ClaimReopened:
    return ClaimReopened(claim_id=CLAIM, seller_id=SELLER, round=number, reason=reason)


def recovery_opened() -> RecoveryOpened:
    return RecoveryOpened(claim_id=CLAIM, seller_id=SELLER, currency=Currency.USD, amount_minor=29_005)


def reversed_(reason: WaiverReason = WaiverReason.APPEAL_WON) -> RecoveryReversed:
    return RecoveryReversed(claim_id=CLAIM, seller_id=SELLER, currency=Currency.USD, amount_minor=29_005, reason=reason)


def resumed() -> RecoveryResumed:
    return RecoveryResumed(claim_id=CLAIM, seller_id=SELLER, currency=Currency.USD, amount_minor=29_005)


def waived(reason: WaiverReason) -> ReimbursementWaived:
    return ReimbursementWaived(
        claim_id=CLAIM, seller_id=SELLER, currency=Currency.USD, amount_minor=29_005, reason=reason
    )


def recovery_closed() -> RecoveryClosed:
    return RecoveryClosed(
        claim_id=CLAIM,
        seller_id=SELLER,
        currency=Currency.USD,
        recovered_minor=29_005,
        waived_minor=0,
        written_off_minor=0,
    )


def insurer_settled() -> InsurerSettled:
    return InsurerSettled(claim_id=CLAIM, currency=Currency.USD, amount_minor=10_000, proof="transfer-1")


def insurer_rejected() -> InsurerRejected:
    return InsurerRejected(claim_id=CLAIM)


def bounce(letter: Letter) -> LetterBounced:
    return LetterBounced(claim_id=CLAIM, letter_id=letter.letter_id)


def closed(outcome: Outcome = Outcome.STEPPED_IN_SILENT) -> ClaimClosed:
    return ClaimClosed(claim_id=CLAIM, seller_id=SELLER, outcome=outcome)


def sent(letter: Letter, outcome: LetterOutcome = LetterOutcome.HANDED_OVER) -> LetterSent:
    return letter.sent(outcome)


def begun(**changes: Any) -> Correspondence:
    """A claim accepted on day 0."""
    return decide.claim_accepted(accepted(**changes), at(day(0), seller())).state


def written(*, direct_pay: bool = False, by: SellerRegistered | None = None) -> tuple[Correspondence, Letter]:
    """The claim notice is written on day 0, and not yet handed over."""
    decision = decide.route_chosen(begun(), route(direct_pay=direct_pay), at(day(0), by or seller()))
    return decision.state, only_letter(decision)


def notified(*, direct_pay: bool = False) -> Correspondence:
    """The claim notice was handed over on day 0: seven days to answer, reminders on days 3 and 6."""
    state, letter = written(direct_pay=direct_pay)
    return deliveries.letter_sent(state, sent(letter), at(day(0), seller())).state


def insurer_notified() -> tuple[Correspondence, Letter]:
    """The claim was referred on day 1, and the insurer told at once: thirty days to reply, a reminder on day 21."""
    decision = answers.seller_answered(notified(), referral(), at(day(1), seller()))
    letter = only_letter(decision)
    return deliveries.letter_sent(decision.state, sent(letter), at(day(1), seller())).state, letter


def letters(decision: Decision[Correspondence]) -> list[Letter]:
    return [effect for effect in decision.does if isinstance(effect, Letter)]


def only_letter(decision: Decision[Correspondence]) -> Letter:
    (letter,) = letters(decision)
    return letter


def names(says: tuple[Event, ...]) -> list[str]:
    return [event.type_name() for event in says]
