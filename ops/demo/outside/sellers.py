"""Sellers and their claims: they accept, contest, settle, refer, keep silent, hesitate, contradict themselves."""

from datetime import datetime, timedelta
from enum import Enum
from random import Random
from typing import ClassVar, Final, TypeAlias
from uuid import UUID

from ops.demo.luck import Fate, after, between
from ops.demo.outside.directory import Stands, stands
from ops.demo.outside.mail import ClaimLetter, claim_letter
from ops.demo.outside.party import Saying
from shared.events.base import Envelope, Event
from shared.events.escalation import RouteChosen
from shared.events.seller_notifier import ExtensionGranted, SellerNotified
from shared.events.seller_portal import (
    AnswerChoice,
    ExtensionRequested,
    SellerAnswered,
    SellerCommented,
    SellerReportsSettled,
)


class Way(Enum):
    """How a seller deals with one notice."""

    ACCEPTS = "pays through us"
    CONTESTS = "contests all items"
    CONTESTS_SOME = "contests one item and accepts the others"
    SETTLES = "settles directly"
    REFERS = "refers to its insurer"
    SILENT = "keeps silent"
    EARLY = "answers before the notice is there"
    LAST_SECOND = "answers one second before the time is over"
    SAME_SECOND = "answers in the second in which the time is over"
    HEARD_LATE = "answers in time, and is heard afterwards"
    TOO_LATE = "answers too late"
    TWICE = "answers twice"
    EXTENDS = "asks for an extension"
    STRANGER = "somebody else answers"


class Comment(Enum):
    """What a seller says of a claim that is paid directly."""

    NONE = "nothing"
    AGREES = "agrees"
    CONTRARY = "objects with evidence"
    LAST_SECOND = "objects at the last second"
    HEARD_LATE = "objects in time, and is heard afterwards"
    LATE = "objects too late"
    ANSWERS = "answers as if it were asked to"


class Promise(Enum):
    """What becomes of a promise to settle directly."""

    KEPT = "with proof"
    KEPT_TWICE = "with proof, twice"
    KEPT_LATE = "long after"
    BROKEN = "never"


class Insurer(Enum):
    """Where the insurer is reached to which a seller refers."""

    REACHED = "claims.insurer"
    BUSY = "busy.insurer"
    REFUSED = "refused.insurer"
    UNKNOWN = ""


class Extension(Enum):
    """How the extension is asked for, and used."""

    USED = "asked for and used"
    TWICE = "asked for twice, though there is only one"
    WASTED = "asked for, and no answer follows"
    LATE = "asked for too late"


WAYS: Final = {
    Way.ACCEPTS: 26,
    Way.CONTESTS: 11,
    Way.CONTESTS_SOME: 6,
    Way.SETTLES: 11,
    Way.REFERS: 11,
    Way.SILENT: 15,
    Way.EARLY: 1.5,
    Way.LAST_SECOND: 2,
    Way.SAME_SECOND: 2,
    Way.HEARD_LATE: 1.5,
    Way.TOO_LATE: 2,
    Way.TWICE: 5,
    Way.EXTENDS: 5,
    Way.STRANGER: 1,
}
COMMENTS: Final = {
    Comment.NONE: 74,
    Comment.AGREES: 12,
    Comment.CONTRARY: 7,
    Comment.LAST_SECOND: 1.5,
    Comment.HEARD_LATE: 1.5,
    Comment.LATE: 2,
    Comment.ANSWERS: 2,
}
CHOICES: Final = {
    AnswerChoice.CONTEST: 35,
    AnswerChoice.PAY_THROUGH_US: 45,
    AnswerChoice.SETTLE_DIRECTLY: 10,
    AnswerChoice.REFER_TO_INSURER: 10,
}
"""What an answer says when the seller's way tells only its moment."""
PROMISES: Final = {Promise.KEPT: 72, Promise.KEPT_TWICE: 4, Promise.KEPT_LATE: 8, Promise.BROKEN: 16}
INSURERS: Final = {Insurer.REACHED: 88, Insurer.BUSY: 4, Insurer.REFUSED: 4, Insurer.UNKNOWN: 4}
EXTENSIONS: Final = {Extension.USED: 55, Extension.TWICE: 17, Extension.WASTED: 18, Extension.LATE: 10}

Noticed: TypeAlias = SellerNotified | ExtensionGranted | RouteChosen
"""What gives a seller something to answer."""


class Sellers:
    name: ClassVar = "sellers"
    hears: ClassVar = frozenset[type[Event]]({RouteChosen, SellerNotified, ExtensionGranted})

    def __init__(self, fate: Fate) -> None:
        self._fate = fate
        self._noticed: dict[UUID, tuple[str, bool]] = {}

    def hear(self, event: Event, envelope: Envelope) -> list[Saying]:
        match event:
            case RouteChosen(direct_pay=False) if self.way(event.claim_id) is Way.EARLY:
                return self._answer(self._chance(event.claim_id, "early"), event, self._choice(event), envelope.time)
            case SellerNotified() if self._gets(event, envelope.id):
                return self._comment(event) if event.direct_pay else self._deal(event)
            case ExtensionGranted() if self.way(event.claim_id) is Way.EXTENDS:
                return self._use_extension(event, envelope.time)
            case _:
                return []

    def way(self, claim_id: UUID) -> Way:
        """How the seller will deal with this claim's notice."""
        return self._fate.decides(claim_id, self._chance(claim_id, "way"), WAYS)

    def _chance(self, *about: object) -> Random:
        return self._fate.chance(self.name, *about)

    def _choice(self, notice: Noticed, number: int = 1) -> AnswerChoice:
        luck = self._chance(notice.claim_id, "choice", number)
        if number > 1:  # whoever contradicts himself says something else
            first = self._choice(notice)
            return luck.choice([choice for choice in CHOICES if choice is not first])
        return self._fate.decides(notice.claim_id, luck, CHOICES)

    def _gets(self, notice: SellerNotified, notified: str) -> bool:
        """Whether the letter arrives at somebody: one that comes back was read by nobody, nor one at the insolvent."""
        first, direct_pay = self._noticed.setdefault(notice.claim_id, (notified, notice.direct_pay))
        letter = claim_letter(self._fate, notice.claim_id)
        if letter is ClaimLetter.EACH_RETURNS or (letter is ClaimLetter.FIRST_RETURNS and notified == first):
            return False
        again = letter is ClaimLetter.ARRIVES and notified != first and direct_pay == notice.direct_pay
        return not again and stands(self._fate, notice.seller_id) is not Stands.INSOLVENT

    def _deal(self, notice: SellerNotified) -> list[Saying]:
        luck = self._chance(notice.claim_id, "notice")
        soon = between(luck, notice.handed_over_at, notice.respond_by, 0.03, 0.9)
        match self.way(notice.claim_id):
            case Way.ACCEPTS:
                return self._answer(luck, notice, AnswerChoice.PAY_THROUGH_US, soon)
            case Way.CONTESTS | Way.CONTESTS_SOME:
                return self._answer(luck, notice, AnswerChoice.CONTEST, soon)
            case Way.SETTLES:
                return self._answer(luck, notice, AnswerChoice.SETTLE_DIRECTLY, soon)
            case Way.REFERS:
                return self._answer(luck, notice, AnswerChoice.REFER_TO_INSURER, soon)
            case Way.SILENT | Way.EARLY:
                return []
            case Way.TWICE:
                later = soon + after(luck, 0.01, 3)
                first = self._answer(luck, notice, self._choice(notice), soon)
                return [*first, *self._answer(luck, notice, self._choice(notice, 2), later, number=2)]
            case Way.EXTENDS:
                return self._ask_extension(luck, notice)
            case Way.STRANGER:
                stranger = notice.model_copy(update={"seller_id": "seller-somebody-else"})
                return self._answer(luck, stranger, self._choice(notice), soon)
            case Way.LAST_SECOND | Way.SAME_SECOND | Way.HEARD_LATE | Way.TOO_LATE as way:
                return self._at_the_end(luck, notice, way)

    def _at_the_end(self, luck: Random, notice: SellerNotified, way: Way) -> list[Saying]:
        choice, end = self._choice(notice), notice.respond_by
        match way:
            case Way.LAST_SECOND:
                return self._answer(luck, notice, choice, end - timedelta(seconds=1))
            case Way.SAME_SECOND:
                return self._answer(luck, notice, choice, end)
            case Way.HEARD_LATE:
                said = self._answer(luck, notice, choice, end - after(luck, 0.001, 0.04))
                return [_on_its_way(saying, end + after(luck, 1.5, 3)) for saying in said]
            case _:
                late = luck.choice((timedelta(seconds=1), after(luck, 0.1, 3)))
                return self._answer(luck, notice, choice, end + late)

    def _answer(
        self, luck: Random, notice: Noticed, choice: AnswerChoice, at: datetime, number: int = 1
    ) -> list[Saying]:
        """One answer, and what follows from it."""
        contests, refers = choice is AnswerChoice.CONTEST, choice is AnswerChoice.REFER_TO_INSURER
        some = self.way(notice.claim_id) is Way.CONTESTS_SOME
        answer = SellerAnswered(
            claim_id=notice.claim_id,
            seller_id=notice.seller_id,
            answer_id=f"answer-{notice.claim_id}-{number}",
            choice=choice,
            contested_items=(luck.choice((1, 1, 2)),) if contests and some else (),
            evidence=self._evidence(luck, notice.claim_id) if contests else (),
            insurer_contact=self._insurer(luck, notice.claim_id) if refers else None,
        )
        said = [Saying(answer, at)]
        if choice is AnswerChoice.SETTLE_DIRECTLY:
            said += self._settle(luck, notice, at)
        return said

    def _settle(self, luck: Random, notice: Noticed, promised_at: datetime) -> list[Saying]:
        def report(days: timedelta) -> Saying:
            proof = f"transfer:{notice.claim_id}"
            event = SellerReportsSettled(claim_id=notice.claim_id, seller_id=notice.seller_id, proof=proof)
            return Saying(event, promised_at + days)

        match self._fate.decides(notice.claim_id, luck, PROMISES):
            case Promise.KEPT:
                return [report(after(luck, 1, 22))]
            case Promise.KEPT_TWICE:
                return [report(after(luck, 1, 8)), report(after(luck, 9, 20))]
            case Promise.KEPT_LATE:
                return [report(after(luck, 35, 45))]
            case Promise.BROKEN:
                return []

    def _ask_extension(self, luck: Random, notice: SellerNotified) -> list[Saying]:
        asked = ExtensionRequested(claim_id=notice.claim_id, seller_id=notice.seller_id)
        at = between(luck, notice.handed_over_at, notice.respond_by, 0.2, 0.95)
        match self._extension(notice.claim_id):
            case Extension.LATE:
                return [Saying(asked, notice.respond_by + after(luck, 0.1, 1))]
            case Extension.TWICE:
                return [Saying(asked, at), Saying(asked, at + after(luck, 0.2, 6))]
            case Extension.USED | Extension.WASTED:
                return [Saying(asked, at)]

    def _use_extension(self, granted: ExtensionGranted, at: datetime) -> list[Saying]:
        if self._extension(granted.claim_id) is Extension.WASTED:
            return []
        luck = self._chance(granted.claim_id, "extension")
        moment = between(luck, at, granted.respond_by, 0.2, 0.98)
        return self._answer(luck, granted, self._choice(granted), moment)

    def _extension(self, claim_id: UUID) -> Extension:
        return self._fate.decides(claim_id, self._chance(claim_id, "extends"), EXTENSIONS)

    def _comment(self, notice: SellerNotified) -> list[Saying]:
        luck = self._chance(notice.claim_id, "comment")
        soon, end = between(luck, notice.handed_over_at, notice.respond_by, 0.02, 0.9), notice.respond_by
        match self._fate.decides(notice.claim_id, luck, COMMENTS):
            case Comment.NONE:
                return []
            case Comment.AGREES:
                return [self._word(luck, notice, soon, contrary=False)]
            case Comment.CONTRARY:
                return [self._word(luck, notice, soon, contrary=True)]
            case Comment.LAST_SECOND:
                return [self._word(luck, notice, end, contrary=True)]
            case Comment.HEARD_LATE:
                said = self._word(luck, notice, end - after(luck, 0.001, 0.04), contrary=True)
                return [_on_its_way(said, end + after(luck, 1.5, 3))]
            case Comment.LATE:
                return [self._word(luck, notice, end + after(luck, 0.05, 4), contrary=True)]
            case Comment.ANSWERS:
                return self._answer(luck, notice, self._choice(notice), soon)

    def _word(self, luck: Random, notice: SellerNotified, at: datetime, *, contrary: bool) -> Saying:
        evidence = self._evidence(luck, notice.claim_id) if contrary else ()
        comment = SellerCommented(
            claim_id=notice.claim_id, seller_id=notice.seller_id, contrary=contrary, evidence=evidence
        )
        return Saying(comment, at)

    def _evidence(self, luck: Random, claim_id: UUID) -> tuple[str, ...]:
        kinds = luck.sample(("test-report", "delivery-photo", "chat-with-customer", "batch-record"), luck.randint(1, 3))
        return tuple(f"{kind}:{claim_id}" for kind in kinds)

    def _insurer(self, luck: Random, claim_id: UUID) -> str | None:
        mailbox: str = self._fate.decides(claim_id, luck, INSURERS).value
        return f"{mailbox}{luck.choice(('1', '2', '3'))}@example.test" if mailbox else None


def _on_its_way(saying: Saying, arrives: datetime) -> Saying:
    """Said at its moment, and held up until it reaches us."""
    return Saying(saying.event, saying.at, arrives=max(saying.at, arrives))
