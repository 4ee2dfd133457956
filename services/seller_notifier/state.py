"""What seller_notifier knows of one claim: the facts its letters need, letters under way, and what the seller said."""

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, Self
from uuid import UUID

from services.seller_notifier.letter import AdmittedItem
from services.seller_notifier.wanted import Wanted
from shared.events.base import Fact, Id, PersonalLine, derived_id
from shared.events.claim import InjuryClass, Item
from shared.events.escalation import Outcome
from shared.events.intake import AmendmentRecorded, ClaimAccepted
from shared.events.seller_notifier import NoticeKind
from shared.events.seller_portal import AnswerChoice
from shared.money import Currency, Minor
from shared.runtime import State

REMEMBERED: Final = 20
"""How many words of the seller's, and amendments, are remembered, to know one that is said twice; bounds the state."""


class Extension(StrEnum):
    """The one a seller may have. WANTED: asked for before the notice's hand-over was heard of."""

    UNUSED = "unused"
    WANTED = "wanted"
    GRANTED = "granted"


class Insurer(Fact):
    """The seller's insurer, to whom he referred the claim. ``respond_by`` is None until it was handed the notice."""

    to: PersonalLine
    notified_at: datetime | None = None
    respond_by: datetime | None = None
    reminders: tuple[datetime, ...] = ()
    replied: bool = False

    def is_awaited(self, now: datetime) -> bool:
        return not self.replied and self.respond_by is not None and now < self.respond_by


class Correspondence(State):
    """``respond_by`` is None until the claim notice was handed over. ``choice``: the first answer received in time.

    ``handed_over``: the last letter of each kind, which may still come back. ``came_back``: marks of the addresses from
    which one did. ``appeal_by``: None until the seller was asked for money; ``appealed``: he has made his one appeal;
    ``spared``: it was won, so that what is paid from now on may be appealed like the first payment.
    """

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
    rerouted: bool = False
    round: int = 1
    respond_by: datetime | None = None
    reminders: tuple[datetime, ...] = ()
    extension: Extension = Extension.UNUSED
    choice: AnswerChoice | None = None
    insurer: Insurer | None = None
    closed: Outcome | None = None
    wanted: tuple[Wanted, ...] = ()
    wanted_so_far: int = 0
    handed_over: tuple[Wanted, ...] = ()
    came_back: tuple[str, ...] = ()
    appeal_by: datetime | None = None
    appealed: bool = False
    spared: bool = False
    heard: tuple[str, ...] = ()
    ask_again_at: datetime | None = None

    @property
    def due(self) -> datetime | None:
        """The next reminder, the end of a letter's wait, or another look for contacts that are not known yet."""
        insurer = self.insurer.reminders if self.insurer else ()
        waits = (letter.hold_until for letter in self.wanted if not letter.written)
        return min((*self.reminders, *insurer, *filter(None, (self.ask_again_at, *waits))), default=None)

    @property
    def watches(self) -> str | None:
        return self.seller_id if self.ask_again_at else None

    @property
    def awaits_answer(self) -> bool:
        """Whether an answer would still decide how the claim goes on. A claim that is looked at again has had its."""
        return self.choice is None and self.closed is None and self.round == 1

    @property
    def notice_under_way(self) -> bool:
        """Whether the claim notice is on its way (again): its time begins with the hand-over."""
        return any(letter.kind is NoticeKind.CLAIM and not letter.outdated for letter in self.wanted)

    @property
    def is_asked_anew(self) -> bool:
        """Whether the notice of another route is still to reach him: until then he answers the former one."""
        return self.rerouted and not self.direct_pay and self.respond_by is None and self.notice_under_way

    @property
    def tells_of_claim(self) -> bool:
        """Whether a letter that still holds was written about the claim: the seller must hear of what changes."""
        return self.round > 1 or self._tells(NoticeKind.CLAIM)

    @property
    def is_asked_for_money(self) -> bool:
        """Whether a letter that still holds asked the seller for proof of insurance, or gave notice of a debit."""
        return self._tells(NoticeKind.PROOF, NoticeKind.DEBIT)

    def _tells(self, *kinds: NoticeKind) -> bool:
        letters = (*self.handed_over, *(letter for letter in self.wanted if letter.written))
        return any(letter.kind in kinds and not letter.outdated for letter in letters)

    @classmethod
    def about(cls, claim: ClaimAccepted) -> Self:
        """Nothing written yet."""
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
            items=_admitted(claim.items),
            admitted_minor=claim.admitted_minor,
            small=claim.small,
        )

    def amended(self, claim: AmendmentRecorded) -> Self:
        """With what the claim comes to now, and the injury that is known by now."""
        injury = self.injury if claim.injury is None else claim.injury
        return self.but(
            items=_admitted(claim.items), admitted_minor=claim.admitted_minor, small=claim.small, injury=injury
        )

    def hearing(self, *words: object) -> Self | None:
        """Remembering that this was said; None when it was said before."""
        mark = derived_id(*map(repr, words)).hex[:16]  # quoted: some may hold what joins them
        return None if mark in self.heard else self.but(heard=(*self.heard, mark)[-REMEMBERED:])

    def is_over(self, moment: datetime) -> bool:
        """Whether the time to answer is over at a moment; it runs from the hand-over of a notice that holds."""
        return self.respond_by is not None and not self.notice_under_way and moment > self.respond_by

    # Letters.

    def wanting(self, kind: NoticeKind, **facts: Any) -> Self:
        """With one more letter to write."""
        letter = Wanted(kind=kind, ordinal=self.wanted_so_far, **facts)
        return self.but(wanted=(*self.wanted, letter), wanted_so_far=self.wanted_so_far + 1)

    def writing_to_insurer(self) -> Self:
        """As the seller has referred the claim. When the address does not work, a person reviews it instead."""
        return self.wanting(NoticeKind.INSURER, to=self.insurer.to if self.insurer else "")

    def waiting(self, kind: NoticeKind) -> Wanted | None:
        """A letter of this kind that is not written yet."""
        return next((w for w in self.wanted if w.kind is kind and not w.written and not w.outdated), None)

    def under_way(self, sent: UUID) -> Wanted | None:
        """The written letter with this id; None when its outcome is known already."""
        return self._with_id(sent, self.wanted)

    def posted(self, sent: UUID) -> Wanted | None:
        """The letter with this id, handed over lately, or written and not known to be handed over yet."""
        return self._with_id(sent, (*self.handed_over, *self.wanted))

    def _with_id(self, sent: UUID, letters: Iterable[Wanted]) -> Wanted | None:
        return next((w for w in letters if w.written and w.id_on(self.claim_id) == sent), None)

    def handing_over(self, letter: Wanted, **facts: Any) -> Self:
        """It may still come back: the last of its kind is remembered, with what its hand-over has changed."""
        others = (w for w in self.handed_over if w.kind is not letter.kind)
        kept = letter.model_copy(update=facts)
        return self.but(wanted=_without(letter, self.wanted), handed_over=(*others, kept))

    def trying_next_contact(self, letter: Wanted) -> Self:
        turned = letter.to_next_contact()
        return self.but(wanted=tuple(turned if w is letter else w for w in self.wanted))

    def coming_back(self, letter: Wanted) -> Self:
        """To be written to the next contact. What was counted from its hand-over is not counted any more."""
        turned = letter.to_next_contact().model_copy(update={"came_back": True})
        back = self.but(
            wanted=(*_without(letter, self.wanted), turned),
            handed_over=_without(letter, self.handed_over),
            came_back=tuple(dict.fromkeys((*self.came_back, *letter.tried[-1:])))[-REMEMBERED:],
        )
        if letter.kind is NoticeKind.PROOF:
            return back.not_told(letter)
        if letter.outdated:
            return back
        if letter.kind is NoticeKind.CLAIM:
            return back.but(reminders=())
        if letter.kind is NoticeKind.DEBIT and letter in self.handed_over:
            return back.but(appeal_by=None)
        if letter.kind is NoticeKind.INSURER and back.insurer:
            return back.but(insurer=Insurer(to=back.insurer.to, replied=back.insurer.replied))
        return back

    def outdating(self, *kinds: NoticeKind) -> Self:
        """Letters of these kinds hold no longer: what becomes of them is recorded, and none is written again."""

        def outdated(letters: tuple[Wanted, ...]) -> tuple[Wanted, ...]:
            changed = {"outdated": True}
            return tuple(w.model_copy(update=changed) if w.kind in kinds else w for w in letters)

        return self.but(wanted=outdated(self.wanted), handed_over=outdated(self.handed_over))

    def unreached(self, letter: Wanted) -> Self:
        """Nobody got it: nothing is presumed of silence about a claim notice, and no request for proof began a time."""
        match letter.kind:
            case NoticeKind.CLAIM:
                return self.but(respond_by=None, reminders=())
            case NoticeKind.PROOF:
                return self.not_told(letter)
            case _:
                return self

    def not_told(self, proof: Wanted) -> Self:
        """The time to appeal, counted from the request for proof, runs from the debit notice, unless that is out."""
        notice_to_come = not proof.outdated or any(w.kind is NoticeKind.DEBIT and not w.outdated for w in self.wanted)
        return self.but(appeal_by=None) if notice_to_come else self

    def still_wants(self, letter: Wanted, now: datetime) -> bool:
        """Whether writing it would still tell its reader something true and useful."""
        if letter.outdated:
            return False
        match letter.kind:
            case NoticeKind.CLAIM:
                return self.awaits_answer if letter.came_back else self.closed in (None, Outcome.DIRECT_PAID)
            case NoticeKind.REMINDER:
                return self.awaits_answer and self.respond_by is not None and now < self.respond_by
            case NoticeKind.AMENDED:
                return self.closed is None
            case NoticeKind.PROOF:
                return not letter.came_back or letter.prove_by is None or now < letter.prove_by
            case NoticeKind.INSURER:
                return self.closed is None and not (self.insurer and self.insurer.replied)
            case NoticeKind.INSURER_REMINDER:
                return self.closed is None and self.insurer is not None and self.insurer.is_awaited(now)
            case NoticeKind.DEBIT | NoticeKind.APPEAL:
                return True


def _admitted(items: tuple[Item, ...]) -> tuple[AdmittedItem, ...]:
    """Items of which nothing was admitted are no business of the seller's."""
    return tuple(
        AdmittedItem(item=i.item, kind=i.kind, admitted_minor=i.admitted_minor) for i in items if i.admitted_minor
    )


def _without(letter: Wanted, letters: tuple[Wanted, ...]) -> tuple[Wanted, ...]:
    return tuple(w for w in letters if w is not letter)
