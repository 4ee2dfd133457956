"""The letter as an effect: the facts it is rendered from, never its text; and what became of it."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.events.base import Event, Fact, Id, PersonalLine, derived_id
from shared.events.claim import DocumentKind, InjuryClass, LossKind
from shared.events.seller_notifier import NoticeKind
from shared.events.seller_portal import InsurerRating
from shared.money import Currency, Minor
from shared.policy.model import WaiverCover
from shared.runtime import Effect


def letter_id(claim_id: UUID, kind: NoticeKind, contact: int, ordinal: int) -> UUID:
    """What the Message-ID is made of: a letter repeated after a crash is recognisably the same letter."""
    return derived_id("letter", claim_id, kind, contact, ordinal)


class AdmittedItem(Fact):
    """One admitted loss, under the number by which the seller contests it."""

    item: int
    kind: LossKind
    admitted_minor: Minor


class ProvenItem(AdmittedItem):
    """``papers``: any one of these proved it to us."""

    papers: tuple[DocumentKind, ...]


class Account(Fact):
    """What the claim says, as far as a seller or his insurer may see it: the class of injury and nothing finer."""

    purchased_on: date
    incident_on: date
    reported_on: date
    injury: InjuryClass
    items: tuple[ProvenItem, ...]
    admitted_minor: Minor


class ClaimNotice(Fact):
    """The seller must answer. Each later moment is the latest one, for an answer on the last day."""

    template: Literal["claim"] = "claim"
    account: Account
    small: bool
    respond_by: datetime
    extended_to: datetime | None
    settle_by: datetime
    insurer_by: datetime
    review_by: datetime
    resolving_days: int
    confirmation_days: int
    insurer_days: int
    review_days: int
    notice_days: int
    proof_days: int


class DirectPayNotice(Fact):
    """We pay the customer; the seller may comment until ``comment_by`` (None: there is no comment window)."""

    template: Literal["direct_pay"] = "direct_pay"
    account: Account
    comment_by: datetime | None
    proof_days: int
    notice_days: int


class Reminder(Fact):
    """``extended_to``: what the extension would give; None when it is used, or there is none."""

    template: Literal["reminder"] = "reminder"
    admitted_minor: Minor
    respond_by: datetime
    extended_to: datetime | None


class ProofRequest(Fact):
    """Every term a certificate is checked on, so that the first one sent can be the right one."""

    template: Literal["proof"] = "proof"
    amount_minor: Minor
    prove_by: datetime
    waiver_cover: WaiverCover
    incident_on: date
    min_per_occurrence_minor: Minor
    min_aggregate_minor: Minor
    max_deductible_minor: Minor
    ratings: tuple[InsurerRating, ...]
    cancellation_notice_days: int
    min_days_left: int
    notice_days: int


class DebitReason(StrEnum):
    """Why the seller owes, as far as the correspondence tells."""

    DIRECT_PAY = "direct_pay"
    ACCEPTED = "accepted"
    UNANSWERED = "unanswered"
    DECIDED = "decided"


class DebitNotice(Fact):
    """Nothing is withheld before ``not_before``."""

    template: Literal["debit"] = "debit"
    account: Account
    amount_minor: Minor
    reason: DebitReason
    not_before: datetime
    notice_days: int


class InsurerNotice(Fact):
    """To the seller's insurer."""

    template: Literal["insurer"] = "insurer"
    account: Account
    respond_by: datetime
    insurer_days: int


Contents = Annotated[
    ClaimNotice | DirectPayNotice | Reminder | ProofRequest | DebitNotice | InsurerNotice,
    Field(discriminator="template"),
]


class LetterOutcome(StrEnum):
    HANDED_OVER = "handed_over"
    REFUSED = "refused"
    GAVE_UP = "gave_up"


class LetterSent(Event):
    """What became of one letter to one contact. ``code``: the mail server's, when it refused."""

    claim_id: UUID
    letter_id: UUID
    kind: NoticeKind
    contact: int
    outcome: LetterOutcome
    code: int | None = None


class Letter(Effect):
    """One letter to one contact. ``name`` is the seller's business; ``written_at`` becomes the Date header."""

    claim_id: UUID
    letter_id: UUID
    kind: NoticeKind
    contact: int
    to: PersonalLine
    name: str
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")]
    marketplace: str
    currency: Currency
    order_id: Id
    product: str
    written_at: datetime
    contents: Contents

    def sent(self, outcome: LetterOutcome, code: int | None = None) -> LetterSent:
        return LetterSent(
            claim_id=self.claim_id,
            letter_id=self.letter_id,
            kind=self.kind,
            contact=self.contact,
            outcome=outcome,
            code=code,
        )


def gave_up(letter: Letter) -> LetterSent:
    """The letter failed for now too often: as good as refused, so the next contact is tried."""
    return letter.sent(LetterOutcome.GAVE_UP)
