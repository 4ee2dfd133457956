"""Sellers and their claims: they accept, contest, settle, refer, keep silent, hesitate, contradict themselves."""

from datetime import datetime, timedelta
from enum import Enum
from random import Random
from typing import ClassVar, Final, TypeAlias
from uuid import UUID

from ops.demo.luck import after, between, chance, pick
from ops.demo.outside.party import Saying
from shared.events.base import Envelope, Event
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
    CONTESTS = "contests some or all items"
    SETTLES = "settles directly"
    REFERS = "refers to its insurer"
    SILENT = "keeps silent"
    LAST_SECOND = "answers at the last second"
    TOO_LATE = "answers too late"
    TWICE = "answers twice"
    EXTENDS = "asks for an extension"
    STRANGER = "somebody else answers"


class Comment(Enum):
    """What a seller says of a claim that is paid directly."""

    NONE = "nothing"
    AGREES = "agrees"
    CONTRARY = "objects with evidence"
    OBJECTS_LAST_SECOND = "objects at the last second"
    OBJECTS_LATE = "objects too late"
    ANSWERS = "answers as if it were asked to"


WAYS: Final = {
    Way.ACCEPTS: 27,
    Way.CONTESTS: 17,
    Way.SETTLES: 11,
    Way.REFERS: 11,
    Way.SILENT: 16,
    Way.LAST_SECOND: 5,
    Way.TOO_LATE: 2,
    Way.TWICE: 5,
    Way.EXTENDS: 5,
    Way.STRANGER: 1,
}
COMMENTS: Final = {
    Comment.NONE: 74,
    Comment.AGREES: 12,
    Comment.CONTRARY: 8,
    Comment.OBJECTS_LAST_SECOND: 2,
    Comment.OBJECTS_LATE: 2,
    Comment.ANSWERS: 2,
}
CHOICES: Final = {
    AnswerChoice.PAY_THROUGH_US: 45,
    AnswerChoice.CONTEST: 35,
    AnswerChoice.SETTLE_DIRECTLY: 10,
    AnswerChoice.REFER_TO_INSURER: 10,
}
"""What an answer says when the seller's way tells only its moment."""
SETTLED: Final = {"with proof": 72, "with proof, twice": 4, "long after": 8, "never": 16}
"""What becomes of a promise to settle directly."""
INSURER_CONTACTS: Final = {"claims.insurer": 88, "busy.insurer": 4, "refused.insurer": 4, None: 4}

Noticed: TypeAlias = SellerNotified | ExtensionGranted
"""What gives a seller time to answer."""


class Sellers:
    name: ClassVar = "sellers"
    hears: ClassVar = frozenset[type[Event]]({SellerNotified, ExtensionGranted})

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def hear(self, event: Event, envelope: Envelope) -> list[Saying]:
        match event:
            case SellerNotified(direct_pay=True):
                return self._comment(event)
            case SellerNotified():
                return self._deal(event)
            case ExtensionGranted():
                return self._use_extension(event, envelope.time)
            case _:
                return []

    def way(self, claim_id: UUID) -> Way:
        """How the seller will deal with this claim's notice."""
        return pick(self._chance(claim_id, "way"), WAYS)

    def _chance(self, *about: object) -> Random:
        return chance(self._seed, self.name, *about)

    def _deal(self, notice: SellerNotified) -> list[Saying]:
        luck = self._chance(notice.claim_id, "notice")
        soon = between(luck, notice.handed_over_at, notice.respond_by, 0.03, 0.9)
        match self.way(notice.claim_id):
            case Way.ACCEPTS:
                return self._answer(luck, notice, AnswerChoice.PAY_THROUGH_US, soon)
            case Way.CONTESTS:
                return self._answer(luck, notice, AnswerChoice.CONTEST, soon)
            case Way.SETTLES:
                return self._answer(luck, notice, AnswerChoice.SETTLE_DIRECTLY, soon)
            case Way.REFERS:
                return self._answer(luck, notice, AnswerChoice.REFER_TO_INSURER, soon)
            case Way.SILENT:
                return []
            case Way.LAST_SECOND:
                before = timedelta(seconds=luck.choice((0, 1)))
                return self._answer(luck, notice, pick(luck, CHOICES), notice.respond_by - before)
            case Way.TOO_LATE:
                late = luck.choice((timedelta(seconds=1), after(luck, 0.1, 3)))
                return self._answer(luck, notice, pick(luck, CHOICES), notice.respond_by + late)
            case Way.TWICE:
                later = soon + after(luck, 0.01, 3)
                first = self._answer(luck, notice, pick(luck, CHOICES), soon)
                return [*first, *self._answer(luck, notice, pick(luck, CHOICES), later, number=2)]
            case Way.EXTENDS:
                return self._ask_extension(luck, notice)
            case Way.STRANGER:
                stranger = notice.model_copy(update={"seller_id": "seller-somebody-else"})
                return self._answer(luck, stranger, pick(luck, CHOICES), soon)

    def _answer(
        self, luck: Random, notice: Noticed, choice: AnswerChoice, at: datetime, number: int = 1
    ) -> list[Saying]:
        """One answer, and what follows from it."""
        contests, refers = choice is AnswerChoice.CONTEST, choice is AnswerChoice.REFER_TO_INSURER
        answer = SellerAnswered(
            claim_id=notice.claim_id,
            seller_id=notice.seller_id,
            answer_id=f"answer-{notice.claim_id}-{number}",
            choice=choice,
            contested_items=(1,) if contests and luck.random() < 0.35 else (),
            evidence=self._evidence(luck, notice.claim_id) if contests else (),
            insurer_contact=self._insurer(luck, notice.seller_id) if refers else None,
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

        match pick(luck, SETTLED):
            case "with proof":
                return [report(after(luck, 1, 22))]
            case "with proof, twice":
                return [report(after(luck, 1, 8)), report(after(luck, 9, 20))]
            case "long after":
                return [report(after(luck, 35, 60))]
            case _:
                return []

    def _ask_extension(self, luck: Random, notice: SellerNotified) -> list[Saying]:
        """Once, or a second time though there is only one; now and then when it is too late."""
        asked = ExtensionRequested(claim_id=notice.claim_id, seller_id=notice.seller_id)
        if luck.random() < 0.1:
            return [Saying(asked, notice.respond_by + after(luck, 0.1, 1))]
        at = between(luck, notice.handed_over_at, notice.respond_by, 0.2, 0.95)
        again = [Saying(asked, at + after(luck, 0.2, 6))] if luck.random() < 0.25 else []
        return [Saying(asked, at), *again]

    def _use_extension(self, granted: ExtensionGranted, at: datetime) -> list[Saying]:
        if self.way(granted.claim_id) is not Way.EXTENDS:
            return []
        luck = self._chance(granted.claim_id, "extension")
        if luck.random() < 0.2:
            return []
        return self._answer(luck, granted, pick(luck, CHOICES), between(luck, at, granted.respond_by, 0.2, 0.98))

    def _comment(self, notice: SellerNotified) -> list[Saying]:
        luck = self._chance(notice.claim_id, "comment")
        soon = between(luck, notice.handed_over_at, notice.respond_by, 0.02, 0.9)
        match pick(luck, COMMENTS):
            case Comment.NONE:
                return []
            case Comment.AGREES:
                return self._word(luck, notice, soon, contrary=False)
            case Comment.CONTRARY:
                return self._word(luck, notice, soon, contrary=True)
            case Comment.OBJECTS_LAST_SECOND:
                return self._word(luck, notice, notice.respond_by, contrary=True)
            case Comment.OBJECTS_LATE:
                return self._word(luck, notice, notice.respond_by + after(luck, 0.05, 4), contrary=True)
            case Comment.ANSWERS:
                return self._answer(luck, notice, pick(luck, CHOICES), soon)

    def _word(self, luck: Random, notice: SellerNotified, at: datetime, *, contrary: bool) -> list[Saying]:
        evidence = self._evidence(luck, notice.claim_id) if contrary else ()
        comment = SellerCommented(
            claim_id=notice.claim_id, seller_id=notice.seller_id, contrary=contrary, evidence=evidence
        )
        return [Saying(comment, at)]

    def _evidence(self, luck: Random, claim_id: UUID) -> tuple[str, ...]:
        kinds = luck.sample(("test-report", "delivery-photo", "chat-with-customer", "batch-record"), luck.randint(1, 3))
        return tuple(f"{kind}:{claim_id}" for kind in kinds)

    def _insurer(self, luck: Random, seller_id: str) -> str | None:
        mailbox = pick(luck, INSURER_CONTACTS)
        return f"{mailbox}{luck.choice(('1', '2', '3'))}@example.test" if mailbox else None
