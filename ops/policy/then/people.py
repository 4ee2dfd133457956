"""Adjusters, approvers and customers who are asked for something: as then, or as assumed."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from ops.policy.history import History, Saying, claim_of
from ops.policy.then.voices import A_DAY, ASSUMED, SOON, Voices
from services.escalation.approval import APPROVERS
from shared.events.adjusters import AppealDecided, PayoutApproved, PayoutRefused, ReviewDecided, person_of
from shared.events.base import Event
from shared.events.escalation import ApprovalRequested, ReleaseRequested, ReviewOpened
from shared.events.recovery import RecoveryDisputed
from shared.events.upstream import ReleaseSigned


class People:
    """Each word of theirs answers one question: the one that is asked when it is said, whatever its name was then."""

    says = (ReviewDecided, PayoutApproved, PayoutRefused, AppealDecided, ReleaseSigned)

    def __init__(self, voices: Voices, history: History, sayings: Iterable[Saying]) -> None:
        self._voices, self._history = voices, history
        self._said: defaultdict[tuple[str, UUID], deque[Saying]] = defaultdict(deque)
        for saying in sayings:
            claim = claim_of(saying.event)
            assert claim is not None
            self._said[_desk(saying.event), claim].append(saying)
        self.hears: Mapping[type[Event], Callable[[Any, datetime], None]] = {
            ReviewOpened: self._review,
            ApprovalRequested: self._approve,
            ReleaseRequested: self._sign,
            RecoveryDisputed: self._judge,
        }

    def _review(self, event: ReviewOpened, now: datetime) -> None:
        ask = (ReviewOpened, event.claim_id, event.review, event.round)
        if self._voices.is_about_to_answer(ask):
            return
        said = self._said[f"review/{event.review}", event.claim_id]
        if said:
            first = said.popleft()
            answer = first.event.model_copy(update={"round": event.round, "question_id": None})
            self._voices.answer(ask, [(max(first.at, now + SOON), answer)])
            return
        self._voices.assume(f"{event.review.replace('_', ' ')} reviews: the adjuster allows what is admitted")
        decided = ReviewDecided(
            claim_id=event.claim_id, review=event.review, adjuster=ASSUMED, valid=True, round=event.round
        )  # fmt: skip
        self._voices.answer(ask, [(now + A_DAY, decided)])

    def _approve(self, event: ApprovalRequested, now: datetime) -> None:
        ask = (ApprovalRequested, event.claim_id, event.payout_id)
        if self._voices.is_about_to_answer(ask):
            return
        said, answers, yes = self._said["approval", event.claim_id], list[tuple[datetime, Event]](), set[str]()
        while said and len(yes) < APPROVERS:
            first = said.popleft()
            word = first.event.model_copy(update={"payout_id": event.payout_id, "question_id": None})
            answers.append((max(first.at, now + SOON), word))
            if not isinstance(word, PayoutApproved):
                self._voices.answer(ask, answers)
                return
            yes.add(person_of(word.approver))
        if len(yes) < APPROVERS:
            self._voices.assume("payouts above the authority limit: two people approve")
        for number in range(len(yes), APPROVERS):
            approved = PayoutApproved(
                claim_id=event.claim_id, payout_id=event.payout_id, approver=f"{ASSUMED}-{number + 1}"
            )  # fmt: skip
            answers.append((now + A_DAY, approved))
        self._voices.answer(ask, sorted(answers, key=lambda answer: answer[0]))

    def _sign(self, event: ReleaseRequested, now: datetime) -> None:
        ask = (ReleaseRequested, event.claim_id)
        if self._voices.is_about_to_answer(ask) or event.claim_id in self._history.unsigned:
            return
        said = self._said["release", event.claim_id]
        if said:
            first = said.popleft()
            self._voices.answer(ask, [(max(first.at, now + SOON), first.event)])
            return
        self._voices.assume("releases: the customer signs")
        signed = ReleaseSigned(submission_id=event.submission_id, release=ASSUMED)
        self._voices.answer(ask, [(now + A_DAY, signed)])

    def _judge(self, event: RecoveryDisputed, now: datetime) -> None:
        ask = (RecoveryDisputed, event.claim_id, event.ground)
        if self._voices.is_about_to_answer(ask):
            return
        said = self._said["appeal", event.claim_id]
        if said:
            first = said.popleft()
            self._voices.answer(ask, [(max(first.at, now + SOON), first.event)])
            return
        self._voices.assume("disputes: the adjuster decides against the seller")
        lost = AppealDecided(claim_id=event.claim_id, adjuster=ASSUMED, won=False)
        self._voices.answer(ask, [(now + A_DAY, lost)])


def _desk(event: Event) -> str:
    """What kind of question somebody answers."""
    match event:
        case ReviewDecided():
            return f"review/{event.review}"
        case AppealDecided():
            return "appeal"
        case ReleaseSigned():
            return "release"
        case _:
            return "approval"
