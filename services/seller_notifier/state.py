"""What seller_notifier knows of one claim: the facts its letters need, letters under way, and what the seller said."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, Self
from uuid import UUID

from services.seller_notifier.letter import AdmittedItem, letter_id
from shared.events.base import Fact, Id, PersonalLine, derived_id
from shared.events.claim import InjuryClass
from shared.events.escalation import Outcome
from shared.events.intake import ClaimAccepted
from shared.events.seller_notifier import NoticeKind
from shared.events.seller_portal import AnswerChoice
from shared.money import Currency, Minor
from shared.runtime import State

REMEMBERED: Final = 20
"""How many of the seller's words are remembered, to know one that is said twice; bounds the state."""


class Wanted(Fact):
    """A letter not yet handed over. ``written`` to ``contact`` (from 0), or still waiting for contacts to be known."""

    kind: NoticeKind
    ordinal: int
    contact: int = 0
    written: bool = False
    to: PersonalLine = ""
    """The insurer's address; letters to the seller go to the contacts on record."""
    amount_minor: Minor = 0
    prove_by: datetime | None = None
    notice_days: int = 0


class Extension(StrEnum):
    """The one a seller may have. WANTED: asked for before the notice's hand-over was heard of."""

    UNUSED = "unused"
    WANTED = "wanted"
    GRANTED = "granted"


class Correspondence(State):
    """``respond_by`` is None until the claim notice was handed over. ``choice``: the first answer received in time."""

    claim_id: UUID
    seller_id: Id
    policy: str
    marketplace: str
    currency: Currency
    order_id: Id
    product: str
    purchased_on: date
    incident_on: date
    reported_on: date
    injury: InjuryClass
    items: tuple[AdmittedItem, ...]
    admitted_minor: Minor
    small: bool
    direct_pay: bool | None = None
    respond_by: datetime | None = None
    reminders: tuple[datetime, ...] = ()
    extension: Extension = Extension.UNUSED
    choice: AnswerChoice | None = None
    closed: Outcome | None = None
    wanted: tuple[Wanted, ...] = ()
    wanted_so_far: int = 0
    heard: tuple[str, ...] = ()
    ask_again_at: datetime | None = None

    @property
    def due(self) -> datetime | None:
        """The next reminder, or another look for contacts that are not known yet."""
        return min((*self.reminders, *filter(None, (self.ask_again_at,))), default=None)

    @property
    def watches(self) -> str | None:
        return self.seller_id if self.ask_again_at else None

    @classmethod
    def about(cls, claim: ClaimAccepted) -> Self:
        """Nothing written yet. Items of which nothing was admitted are no business of the seller's."""
        return cls(
            claim_id=claim.claim_id,
            seller_id=claim.seller_id,
            policy=claim.policy,
            marketplace=claim.marketplace,
            currency=claim.currency,
            order_id=claim.order_id,
            product=claim.product,
            purchased_on=claim.purchased_on,
            incident_on=claim.incident_on,
            reported_on=claim.reported_on,
            injury=claim.injury,
            items=tuple(
                AdmittedItem(item=i.item, kind=i.kind, admitted_minor=i.admitted_minor)
                for i in claim.items
                if i.admitted_minor
            ),
            admitted_minor=claim.admitted_minor,
            small=claim.small,
        )

    def but(self, **changes: Any) -> Self:
        """The same, but for these fields."""
        return self.model_copy(update=changes)

    def wanting(self, kind: NoticeKind, **facts: Any) -> Self:
        """With one more letter to write."""
        letter = Wanted(kind=kind, ordinal=self.wanted_so_far, **facts)
        return self.but(wanted=(*self.wanted, letter), wanted_so_far=self.wanted_so_far + 1)

    def under_way(self, sent: UUID) -> Wanted | None:
        """The written letter with this id; None when its outcome is known already."""
        return next((w for w in self.wanted if w.written and self.id_of(w) == sent), None)

    def id_of(self, letter: Wanted) -> UUID:
        return letter_id(self.claim_id, letter.kind, letter.contact, letter.ordinal)

    def without(self, letter: Wanted) -> Self:
        return self.but(wanted=tuple(w for w in self.wanted if w is not letter))

    def trying_next_contact(self, letter: Wanted) -> Self:
        turned = letter.model_copy(update={"contact": letter.contact + 1, "written": False})
        return self.but(wanted=tuple(turned if w is letter else w for w in self.wanted))

    def still_wants(self, letter: Wanted, now: datetime) -> bool:
        """Whether writing it would still tell the seller something true and useful."""
        match letter.kind:
            case NoticeKind.CLAIM:
                return self.closed in (None, Outcome.DIRECT_PAID)
            case NoticeKind.REMINDER:
                awaited = self.choice is None and self.closed is None
                return awaited and self.respond_by is not None and now < self.respond_by
            case NoticeKind.INSURER:
                return self.closed is None
            case NoticeKind.PROOF | NoticeKind.DEBIT:
                return True

    def hearing(self, *words: object) -> Self | None:
        """Remembering that the seller said this; None when he said it before."""
        mark = derived_id(*words).hex[:16]
        return None if mark in self.heard else self.but(heard=(*self.heard, mark)[-REMEMBERED:])
