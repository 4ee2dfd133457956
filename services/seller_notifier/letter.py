"""The letter as an effect: the facts it is rendered from, never its text; and what became of it.

Days are of the policy's kind: calendar or business days, and stay so on their way through the database.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.events.base import Event, Fact, Id, PersonalLine, derived_id
from shared.events.claim import DocumentKind, InjuryClass, LossKind, ReopeningReason
from shared.events.recovery import WaiverReason
from shared.events.seller_notifier import NoticeKind
from shared.events.seller_portal import InsurerRating
from shared.money import Currency, Minor
from shared.policy.model import Days, Wait, WaiverCover
from shared.runtime import Effect

Language = Annotated[str, Field(pattern=r"^[a-z]{2}$")]


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
    resolving_days: Wait
    confirmation_days: Wait
    insurer_days: Wait
    review_days: Wait
    notice_days: Wait
    proof_days: Wait
    appeal_days: Wait | None = None


class DirectPayNotice(Fact):
    """We pay the customer; the seller may comment until ``comment_by`` (None: there is no comment window)."""

    template: Literal["direct_pay"] = "direct_pay"
    account: Account
    comment_by: datetime | None
    proof_days: Wait
    notice_days: Wait
    appeal_days: Wait | None = None


class Reminder(Fact):
    """``extended_to``: what the extension would give; None when it is used, or there is none."""

    template: Literal["reminder"] = "reminder"
    admitted_minor: Minor
    respond_by: datetime
    extended_to: datetime | None


class AmendedNotice(Fact):
    """The claim comes to something else now. ``respond_by``: unchanged, and None when nothing is waited for."""

    template: Literal["amended"] = "amended"
    account: Account
    before_minor: Minor
    small: bool
    was_small: bool
    direct_pay: bool
    respond_by: datetime | None
    proof_days: Wait


class ReopenedNotice(Fact):
    """A claim that had ended is looked at again; an adjuster decides within ``review_days``."""

    template: Literal["reopened"] = "reopened"
    account: Account
    reason: ReopeningReason
    review_days: Wait
    notice_days: Wait
    appeal_days: Wait | None = None


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
    cancellation_notice_days: Days
    min_days_left: Days
    notice_days: Wait
    appeal_by: datetime | None = None


class DebitReason(StrEnum):
    """Why the seller owes, as far as the correspondence tells."""

    DIRECT_PAY = "direct_pay"
    ACCEPTED = "accepted"
    UNANSWERED = "unanswered"
    DECIDED = "decided"


class DebitNotice(Fact):
    """Nothing is withheld before ``not_before``; an appeal received until ``appeal_by`` stops it until decided.

    ``appeal_is_over``: the seller has appealed already, or his time to appeal is over.
    """

    template: Literal["debit"] = "debit"
    account: Account
    amount_minor: Minor
    reason: DebitReason
    not_before: datetime
    notice_days: Wait
    appeal_by: datetime | None = None
    appeal_is_over: bool = False


class AppealOutcome(Fact):
    """What became of the seller's appeal, or of his answer that was heard too late.

    ``reversed_for``: why he owes nothing any more; None: he owes ``amount_minor`` as before, and may appeal until
    ``appeal_by``, if he still may.
    """

    template: Literal["appeal"] = "appeal"
    reversed_for: WaiverReason | None
    amount_minor: Minor
    notice_days: Wait
    appeal_by: datetime | None


class InsurerNotice(Fact):
    """To the seller's insurer."""

    template: Literal["insurer"] = "insurer"
    account: Account
    respond_by: datetime
    insurer_days: Wait


class InsurerReminder(Fact):
    """To the seller's insurer, which has had the notice since ``notified_at``."""

    template: Literal["insurer_reminder"] = "insurer_reminder"
    admitted_minor: Minor
    incident_on: date
    notified_at: datetime
    respond_by: datetime


Contents = Annotated[
    ClaimNotice
    | DirectPayNotice
    | Reminder
    | AmendedNotice
    | ReopenedNotice
    | ProofRequest
    | DebitNotice
    | AppealOutcome
    | InsurerNotice
    | InsurerReminder,
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
    """One letter to one contact. ``name`` is the seller's business; ``written_at`` becomes the Date header.

    ``fallback``: the marketplace's language, for a seller in whose own there are no letters.
    """

    claim_id: UUID
    letter_id: UUID
    kind: NoticeKind
    contact: int
    to: PersonalLine
    name: str
    language: Language
    fallback: Language = "en"
    marketplace: str
    currency: Currency
    order_id: Id
    product: str
    written_at: datetime
    contents: Contents

    @property
    def identity(self) -> str:
        """After a restore another decision may write it: at once, and not after a wait for contacts."""
        return str(self.letter_id)

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
