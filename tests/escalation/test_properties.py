"""What must always hold of a claim's money and time, under any order, repetition and timing of what is heard."""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import TypeVar
from uuid import UUID

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.escalation.orders import PayoutOrder
from services.escalation.state import Case
from shared.events.adjusters import PayoutApproved, ReviewDecided, ReviewKind, person_of
from shared.events.base import Event, derived_id
from shared.events.claim import InjuryClass, LossKind, Reason, ReopeningReason, Signal
from shared.events.escalation import (
    ApprovalRequested,
    ClaimClosed,
    ClaimDecided,
    ClaimReopened,
    MedicareReportDue,
    Notice,
    Outcome,
    Owner,
    PaymentContested,
    PayoutAuthorized,
    PayoutRecalled,
    ReleaseRequested,
    ReviewOpened,
    RouteChosen,
    Status,
    StatusChanged,
)
from shared.events.finance import PayoutPaid, PayoutReturned
from shared.events.insurers import InsurerRejected, InsurerSettled
from shared.events.intake import AmendmentRecorded, ReleaseRecorded, SettlementReplyRecorded
from shared.events.marketplace import Standing
from shared.events.seller_notifier import NoticeKind
from shared.events.seller_portal import AnswerChoice
from shared.money import Currency
from tests.deciding import START
from tests.endless import levels_off
from tests.escalation import given
from tests.escalation.given import CLAIM

E = TypeVar("E", bound=Event)

CAP, LIMIT, ATTEMPTS, DELAY = 1_200_00, 300_00, 3, timedelta(days=30)
PAID = {
    Outcome.DIRECT_PAID,
    Outcome.RESOLVED_BY_SELLER,
    Outcome.STEPPED_IN_SILENT,
    Outcome.STEPPED_IN_REJECTED,
}
ANSWERED = {
    AnswerChoice.SETTLE_DIRECTLY: {Status.SELLER_RESOLVING},
    AnswerChoice.CONTEST: {Status.UNDER_REVIEW},
    AnswerChoice.REFER_TO_INSURER: {Status.WITH_INSURER, Status.UNDER_REVIEW},
    AnswerChoice.PAY_THROUGH_US: {
        Status.UNDER_REVIEW,
        Status.AWAITING_RELEASE,
        Status.AWAITING_APPROVAL,
        Status.PAYOUT_PENDING,
        Status.CLOSED,
    },
}

one_amount = st.sampled_from([0, 1, 99_99, 400_00, 999_99, 2_000_00])
amounts = st.lists(one_amount, min_size=1, max_size=5)
rounds = st.sampled_from([1, 1, 1, 2, 2, 3])
moments = st.sampled_from([timedelta(0), timedelta(0), -timedelta(days=1), -timedelta(days=6), timedelta(seconds=1)])
lateness = st.sampled_from([timedelta(0), timedelta(0), timedelta(hours=1), timedelta(days=8), timedelta(days=200)])
reasons = st.sampled_from([reason for reason in ReopeningReason if reason is not ReopeningReason.AMENDED])
rarely = st.sampled_from([False] * 7 + [True])
"""For what ends a claim at once, so that stories come far."""
spans = st.sampled_from([timedelta(hours=count) for count in (1, 24, 49, 24 * 7, 24 * 31, 24 * 45)])
signals = st.lists(st.sampled_from([Signal.SAME_ORDER, Signal.SAME_EVIDENCE, Signal.SAME_PAYEE]), max_size=3)
people = st.sampled_from(["ann", "bob", "appr:BOB", "cyd", "dan", "adj:dan"])
"""Adjusters and approvers alike; two of them under two names."""
questions = st.sampled_from([None, None, -1, -1, -2, 0])
"""Which of those that were asked an answer names; None: none of them."""


def payout_id(round_: int) -> UUID:
    return derived_id("payout", CLAIM, round_)


CONVERSATION: tuple[Callable[[datetime], Event], ...] = (
    lambda now: given.notified(now + timedelta(days=7)),
    lambda now: given.answered(AnswerChoice.SETTLE_DIRECTLY, now - timedelta(days=1)),
    lambda now: given.answered(AnswerChoice.REFER_TO_INSURER, now - timedelta(days=1)),
    lambda now: given.answered(AnswerChoice.CONTEST, now - timedelta(days=1), 1),
    lambda now: given.extended(now + timedelta(days=7)),
    lambda now: given.commented(contrary=True, received_at=now - timedelta(days=1)),
    lambda now: given.settlement_reported(now - timedelta(days=1), 50_00),
    lambda now: given.insurer_notified(now + timedelta(days=30)),
    lambda now: given.undeliverable(NoticeKind.CLAIM, now - timedelta(days=1)),
    lambda _: given.insurer_settled(1, "cheque-3"),
    lambda _: given.insurer_rejected(),
    lambda _: given.customer_says(confirmed=False),
    lambda _: given.suspected(Signal.SAME_PAYEE),
    lambda _: given.reviewed(ReviewKind.INVESTIGATION),
    lambda _: given.reviewed(ReviewKind.CONTESTED, adjuster="dan"),
    lambda _: given.approved("bob"),
    lambda _: given.released(),
    lambda _: given.failed(final=False),
)
"""What all the parties may say of one claim at about the same time; across parties there is no order."""


class OneClaim(RuleBasedStateMachine):
    """One claim that hears anything at any time. The rules never ask the state what they may do.

    Checked, of what must always hold: one payout per round with one id, in the books of decisions and of orders ·
    all payouts ≤ decided ≤ cap · an answer in time wins over the timer until a payout is authorised · four eyes and the
    authority limit · investigation, injury and release before payment · rounds open by reopening only · status
    revisions without a gap, and each change told once · what has not ended waits on a deadline · small ·
    nothing raises.
    """

    @initialize(
        admitted=amounts,
        injury=st.sampled_from(InjuryClass),
        minor=st.booleans(),
        covered=st.booleans(),
        known=st.sampled_from([True, True, False]),
        window=st.sampled_from([0, 48]),
        days=st.sampled_from([7, 7, 0]),
        first=st.sampled_from([True, True, True, False]),
        suspicious=st.sampled_from([False, False, True]),
        release=st.booleans(),
        beneficiary=st.sampled_from([None, False, False, True]),
    )
    def begin(
        self,
        *,
        admitted: list[int],
        injury: InjuryClass,
        minor: bool,
        covered: bool,
        known: bool,
        window: int,
        days: int,
        first: bool,
        suspicious: bool,
        release: bool,
        beneficiary: bool | None,
    ) -> None:
        self.acceptance = given.accepted(
            *admitted,
            injury=injury,
            minor_claimant=minor,
            kinds=(LossKind.PURCHASE_PRICE,),
            signals=(Signal.MANY_BY_CLAIMANT,) if suspicious else (),
            beneficiary=beneficiary,
            liens=(given.lien(50_00),),
        )
        self.serious = minor or injury is InjuryClass.SERIOUS
        self.asks_release = release
        self.story = given.claim(
            covered=covered,
            known=known,
            cap_minor=CAP,
            authority_limit_minor=LIMIT,
            comment_window_hours=window,
            payout_attempts=ATTEMPTS,
            payout_retry_days=2 if days else 1,
            review_days=40 if days else 1,
            seller_response_days=days,
            release_above_line=release,
            delay_notice_days=DELAY.days,
        )
        self._nothing_yet()
        self.most_admitted = sum(admitted)
        if first:
            self.hear(self.acceptance)

    def _nothing_yet(self) -> None:
        """What is known of a claim that has heard nothing."""
        self.heard: list[tuple[Event, int]] = []
        """Each event, with how much had been said before it."""
        self.admitted: dict[int, int] = {item.item: item.admitted_minor for item in self.acceptance.items}
        """The most that was ever admitted of each item."""
        self.suspicion = False
        """Somebody must investigate, and has not found the claim sound yet."""
        self.looked_at = False
        self.deciders: dict[int, set[str]] = defaultdict(set)
        """Who decided an open review, by round."""
        self.net: Counter[UUID] = Counter()
        """What finance has paid of each payout, less what came back."""
        self.owes: dict[UUID, int] = {}
        """What of each payout the customer should have, less what a later round pays in its place."""
        self.short: Counter[tuple[UUID, int]] = Counter()
        """What finance has paid of an attempt, where that was not all of it."""
        self.attempts: dict[UUID, int] = {}
        self.holders: dict[UUID, int] = {}
        """What of each payout goes to holders of liens, before its payee."""
        self.refused: set[UUID] = set()
        """The payouts of which finance has paid a part, and will not pay the rest."""
        self.parts: Counter[UUID] = Counter()
        """What came back of it since it was ordered, less what was paid by mistake."""
        self.claimed: list[tuple[datetime | None, dict[int, int]]] = []
        """What the claim came to, and since when; None: as it was accepted."""
        self.accepted: dict[int, int] = {}
        """What the seller has accepted of each item."""
        self.shown: dict[int, int] = {}
        """What the last review showed of each item."""
        self.covered: dict[int, int] | None = None
        """The most that may be paid of each item, after the seller's answer or a review; None: neither yet."""
        self.references = 0
        self.asked: list[ReviewOpened | ApprovalRequested] = []
        self.asked_at: dict[UUID | None, datetime] = {}
        """When each question was put first."""
        self.yes: dict[UUID | None, set[str]] = defaultdict(set)
        """Who has approved, by question."""
        self.insurers: dict[str, int] = {}
        """What an insurer says that it has paid, by proof, before any of ours was ordered."""
        self.doubted = False
        """Whether anybody has said that it did not."""

    def hear(self, event: Event, late: timedelta = timedelta(0)) -> tuple[Event, ...]:
        before, position = self.case, len(self.story.said)
        self.heard.append((event, position))
        self._hears_of_the_insurer(event)
        said = self.story.hear(event, said_at=self.story.now - late)
        if isinstance(event, AmendmentRecorded):
            self.claimed.append((self.story.now - late, {item.item: item.admitted_minor for item in event.items}))
        if isinstance(event, PayoutApproved):
            self._hears_a_yes(event, self.story.now - late)
        self._keeps(event, before, said)
        return said

    def _waits_until(self, moment: datetime) -> None:
        before = self.case
        self._keeps(None, before, self.story.wait_until(moment))

    def _keeps(self, event: Event | None, before: Case | None, said: tuple[Event, ...]) -> None:
        if before is None or before.accepted is None:
            self.claimed = [(None, {item.item: item.admitted_minor for item in self.acceptance.items})]
        self._keeps_what_was_covered(event, before, said)
        self._keeps_who_looked(event, before, said)
        self._keeps_what_is_owed(said)
        self._keeps_the_insurers_word(said)
        self._keeps_four_eyes(said)

    def _hears_of_the_insurer(self, event: Event) -> None:
        match event:
            case InsurerSettled() if event.currency is Currency.USD:
                if self.case is not None and self.case.accepted is not None and not self.case.payouts:
                    self.insurers.setdefault(event.proof, event.amount_minor)
            case InsurerRejected():
                self.doubted = True
            case SettlementReplyRecorded() if not event.confirmed:
                self.doubted = True
            case _:
                pass

    def _keeps_the_insurers_word(self, said: tuple[Event, ...]) -> None:
        """What an insurer who was asked has paid is not paid once more; of any other, or later, a person decides."""
        case = self.case
        if case is None or case.round > 1 or self.doubted:
            return
        if case.answer is not AnswerChoice.REFER_TO_INSURER and case.insurer_by is None:
            return
        for order in said:
            if isinstance(order, PayoutAuthorized) and order.attempt == 1:
                assert sum(self.insurers.values()) + order.amount_minor <= self.most_admitted

    def _keeps_what_was_covered(self, event: Event | None, before: Case | None, said: tuple[Event, ...]) -> None:
        """By what the seller accepted, and by what a review showed and found; and checks every payout against it."""
        self._hears_an_answer(event, before)
        answers = isinstance(event, ReviewDecided) and before is not None and before.review is event.review
        if isinstance(event, ReviewDecided) and answers and said and before is not None:
            self._hears_a_finding(event, before)
        decided: ClaimDecided | None = None
        for each in said:
            if isinstance(each, ReviewOpened) and each.review is not ReviewKind.INVESTIGATION:
                self.shown = {found.item: found.allowed_minor for found in each.items}
            if isinstance(each, RouteChosen):
                accepts = self.case is not None and self.case.answer is AnswerChoice.PAY_THROUGH_US
                self.covered = self.accepted if accepts and not each.direct_pay else None
            if isinstance(each, ClaimReopened):
                self.covered = {}
            if isinstance(each, ClaimDecided):
                decided = each
            if isinstance(each, PayoutAuthorized) and decided is not None and self.covered is not None:
                for found in decided.findings:
                    assert found.allowed_minor <= self.covered.get(found.item, 0), "more than anybody has seen"

    def _hears_an_answer(self, event: Event | None, before: Case | None) -> None:
        """About each item as it was when he gave it, whenever that is heard."""
        after = self.case
        if after is None or after.round > 1 or after.answer is (before.answer if before else None):
            return
        received_at = getattr(event, "received_at", self.story.now)
        seen = [claimed for since, claimed in self.claimed if since is None or since <= received_at][-1]
        now = {each.item: min(each.minor, seen.get(each.item, 0)) for each in after.items}
        match after.answer:
            case AnswerChoice.PAY_THROUGH_US:
                self.accepted = now
                self.covered = None if after.direct_pay else now
            case AnswerChoice.CONTEST:
                uncontested = set(now) - set(after.contested) if after.contested else set[int]()
                self.accepted = self.covered = {item: now[item] for item in uncontested}
            case None:
                self.covered = None
            case _:
                self.accepted = self.covered = {}

    def _hears_a_finding(self, event: ReviewDecided, before: Case) -> None:
        if event.review is ReviewKind.INVESTIGATION or event.round not in (None, before.round):
            return
        by_item = bool(before.contested) and event.review is ReviewKind.CONTESTED
        asked = set(before.contested) if by_item else set(self.shown)
        found = {item: self.shown.get(item, 0) if event.valid else 0 for item in asked}
        for each in event.findings:
            if each.item in found:
                found[each.item] = min(found[each.item], each.allowed_minor)
        self.covered = self.accepted | found if by_item else found

    def _keeps_what_is_owed(self, said: tuple[Event, ...]) -> None:
        """What a round pays that looks at the whole again, no earlier round owes; one about what is more leaves it."""
        orders = [each for each in said if isinstance(each, PayoutAuthorized)]
        reasons = {event.round: event.reason for event in self.said(ClaimReopened)} if orders else {}
        for order in orders:
            id_, known = order.payout_id, self.owes.get(order.payout_id)
            if self.attempts.get(id_) == order.attempt:
                continue  # the same order once more
            self.attempts[id_] = order.attempt
            self.holders[id_] = order.kept_minor + sum(lien.amount_minor for lien in order.liens)
            if order.attempt > 1:
                whole = order.amount_minor + order.kept_minor
                assert whole == known or id_ in self.refused, "what of it is still owed"
                assert order.kept_minor == max(self.net[id_], 0), "what the holders have"
                self.owes[id_] = whole  # all of it, where a part had been refused to the one before
                self.refused.discard(id_)
                self.parts[id_] = order.kept_minor - self.net[id_]
                continue
            if reasons.get(order.round) is not ReopeningReason.AMENDED:
                for other in self.owes:
                    self.owes[other] = min(self.owes[other], max(self.net[other], 0))
                    self.parts[other] = self.owes[other] - self.net[other]
            has = sum(min(owed, max(self.net[other], 0)) for other, owed in self.owes.items())
            assert has + order.amount_minor <= sum(self.claimed[-1][1].values()), "more than is claimed by now"
            self.owes[id_] = order.amount_minor

    def payee_has(self, id_: UUID) -> bool:
        """Whether anything of a payout is there that is not a holder's of a lien."""
        return self.net[id_] > 0 and not self.net[id_] <= self.holders.get(id_, 0) < self.owes.get(id_, 0)

    def _hears_a_yes(self, event: PayoutApproved, said_at: datetime) -> None:
        asked = self.asked[-1] if self.asked else None
        if isinstance(asked, ApprovalRequested) and asked.payout_id == event.payout_id:
            in_time = event.question_id is None and said_at >= self.asked_at[asked.question_id]
            if in_time or event.question_id == asked.question_id:
                self.yes[asked.question_id].add(person_of(event.approver))

    def _keeps_four_eyes(self, said: tuple[Event, ...]) -> None:
        """Two have said yes to this amount for this payee, where all rounds come to more than the limit."""
        for each in said:
            if isinstance(each, ReviewOpened | ApprovalRequested):
                self.asked.append(each)
                self.asked_at.setdefault(each.question_id, self.story.now)
            if not isinstance(each, PayoutAuthorized):
                continue
            before = self.story.said[: self.story.said.index(each)]
            former = [one for one in before if isinstance(one, PayoutAuthorized) and one.payout_id == each.payout_id]
            to_the_same = bool(former) and former[-1].payee_ref == each.payee_ref
            if sum(self.owes.values()) > LIMIT and not to_the_same:
                asked = self.asked[-1]
                assert isinstance(asked, ApprovalRequested), "what was asked last"
                assert (asked.payout_id, asked.amount_minor) == (each.payout_id, each.amount_minor)
                assert len(self.yes[asked.question_id] - self.deciders[each.round]) >= 2

    def _keeps_who_looked(self, event: Event | None, before: Case | None, said: tuple[Event, ...]) -> None:
        """And checks at every order that somebody had."""
        answers = isinstance(event, ReviewDecided) and before is not None and before.review is event.review
        if isinstance(event, ReviewDecided) and answers and said and before is not None:
            self.deciders[before.round].add(person_of(event.adjuster))
            if event.valid and event.review in (ReviewKind.INVESTIGATION, ReviewKind.REOPENED):
                self.suspicion = False
            self.looked_at = self.looked_at or event.review is not ReviewKind.INVESTIGATION
        for each in said:
            if isinstance(each, PayoutAuthorized) and each.attempt == 1 and each.payout_id not in self.attempts:
                assert not self.suspicion, "paid before it was investigated"
                assert self.looked_at or not self.serious, "a serious injury paid before a person looked"
            if isinstance(each, ReviewOpened) and each.review is ReviewKind.INVESTIGATION:
                self.suspicion = True

    @property
    def case(self) -> Case | None:
        return self.story.states.get(str(CLAIM))

    def said(self, kind: type[E], since: int = 0) -> list[E]:
        return [event for event in self.story.said[since:] if isinstance(event, kind)]

    # Intake and the customer

    @rule()
    def intake_accepts(self) -> None:
        self.hear(self.acceptance)

    @rule(event=st.sampled_from([given.information_requested, given.duplicate_found]), really=rarely)
    def intake_says(self, event: Callable[[], Event], really: bool) -> None:
        if really or self.case is not None:
            self.hear(event())

    @rule(really=rarely)
    def intake_denies(self, really: bool) -> None:
        if really or self.case is not None:
            self.hear(given.denied(Reason.NO_RESPONSE))

    @rule(really=rarely)
    def the_customer_withdraws(self, really: bool) -> None:
        before = self.case
        too_late = before is not None and (before.status is Status.PAYOUT_PENDING or before.to_new_payee)
        if really or too_late:
            takes_back = before is not None and before.is_being_paid and before.to_reopen is not None
            assert not self.hear(given.withdrawn()) or not too_late or takes_back

    @rule(really=rarely)
    def the_customer_replies(self, really: bool) -> None:
        self.hear(given.customer_says(confirmed=really))

    @rule(
        admitted=amounts,
        small=st.sampled_from([None, None, True, False]),
        injury=st.sampled_from([None, None, *InjuryClass]),
    )
    def the_claim_is_amended(self, admitted: list[int], small: bool | None, injury: InjuryClass | None = None) -> None:
        if self.case is None or self.case.accepted is None:
            return  # intake says it after the acceptance, and in that order
        event = given.amended(*admitted, small=small, injury=injury)
        self.serious = self.serious or injury is InjuryClass.SERIOUS
        assert isinstance(event, AmendmentRecorded)
        for item in event.items:
            self.admitted[item.item] = max(item.admitted_minor, self.admitted.get(item.item, 0))
        self.most_admitted = max(self.most_admitted, sum(admitted))
        self.hear(event)

    @rule(found=signals)
    def it_looks_like_fraud(self, found: list[Signal]) -> None:
        before = self.case
        said = self.hear(given.suspected(*found))
        if before is not None and before.undecided and set(found) - set(before.signals):
            assert [each.review for each in said if isinstance(each, ReviewOpened)] == [ReviewKind.INVESTIGATION]

    @rule(reason=reasons)
    def the_customer_asks_to_reopen(self, reason: ReopeningReason) -> None:
        before = self.case
        said = self.hear(given.reopening(reason))
        if before is not None:
            kinds = {type(each) for each in said}
            if before.is_being_paid:
                assert not said
                return
            waits_for_payee = before.outcome is Outcome.PAYOUT_FAILED and Notice.PROGRESS
            assert ClaimReopened in kinds or self.said(StatusChanged)[-1].notice in {
                Notice.NOT_REOPENED,
                waits_for_payee,
            }
            assert ClaimReopened not in kinds or before.outcome not in {None, Outcome.DUPLICATE}

    @rule()
    def intake_refuses_to_reopen(self) -> None:
        self.hear(given.reopening_refused(Reason.EXCLUDED_LOSS))

    @rule(payee=st.sampled_from(["payee-1", "payee-2", "payee-3"]))
    def the_customer_names_a_payee(self, payee: str) -> None:
        self.hear(given.new_payee(payee))

    @rule(amount=one_amount)
    def a_lien_is_recorded(self, amount: int) -> None:
        self.hear(given.lien_recorded(given.lien(50_00), given.lien(amount, "holder-2")))

    @rule(which=st.sampled_from([None, 0, -1]))
    def the_customer_signs(self, which: int | None) -> None:
        """What he was asked for last, or first."""
        asked = self.said(ReleaseRequested)
        self.hear(given.released(release_id=asked[which].release_id if which is not None and asked else None))

    @rule(beneficiary=st.booleans())
    def the_question_about_medicare_is_answered(self, beneficiary: bool) -> None:
        if self.case is not None:
            said = self.hear(given.beneficiary_recorded(beneficiary=beneficiary))
            assert all(isinstance(each, MedicareReportDue) for each in said)

    # The seller

    @rule(
        days=st.sampled_from([-1, 0, 2, 7]),
        direct_pay=st.booleans(),
        standing=st.sampled_from([Standing.ACTIVE] * 5 + [Standing.SUSPENDED, Standing.INSOLVENT]),
    )
    def the_seller_is_notified(self, days: int, direct_pay: bool, standing: Standing) -> None:
        self.hear(
            given.notified(self.story.now + timedelta(days=days), direct_pay=direct_pay, standing=standing),
        )

    @rule(kind=st.sampled_from(NoticeKind), late=moments)
    def no_notice_reaches(self, kind: NoticeKind, late: timedelta) -> None:
        self.hear(given.undeliverable(kind, self.story.now + late))

    @rule(kind=st.sampled_from(NoticeKind))
    def a_notice_comes_back(self, kind: NoticeKind) -> None:
        assert not self.hear(given.bounced(kind))

    @rule(days=st.sampled_from([-3, 3, 7]))
    def the_seller_gets_more_time(self, days: int) -> None:
        self.hear(given.extended(self.story.now + timedelta(days=days)))

    @rule(choice=st.sampled_from(AnswerChoice), late=moments, items=st.lists(st.integers(1, 6), max_size=2))
    def the_seller_answers(self, choice: AnswerChoice, late: timedelta, items: list[int]) -> None:
        """An answer received in time wins over the timer; after a payout was authorised it opens a dispute."""
        answer, before = given.answered(choice, self.story.now + late, *items), self.case
        said = self.hear(answer)
        after = self.case
        if before is None or after is None or before.direct_pay or before.answer or not before.in_time(answer):
            return
        before_any_notice = before.direct_pay is None and choice is AnswerChoice.PAY_THROUGH_US
        if (before.is_asked_anew and choice is not AnswerChoice.CONTEST) or (
            before_any_notice and before.unseen(answer)
        ):
            assert after == before
            return
        if before.payouts:
            disputes = choice is not AnswerChoice.PAY_THROUGH_US and before.respond_by is not None
            assert bool(said) == (disputes and before.outcome is not Outcome.DUPLICATE)
            assert all(isinstance(each, PaymentContested) for each in said)
        elif before.undecided:
            assert after.answer is choice
            waits = before.investigated or before.unconfirmed_minor or before.round > 1
            assert after.status is before.status if waits else after.status in ANSWERED[choice]

    @rule(contrary=st.booleans(), late=moments)
    def the_seller_comments(self, contrary: bool, late: timedelta) -> None:
        self.hear(given.commented(contrary=contrary, received_at=self.story.now + late))

    @rule(late=moments, amount=st.sampled_from([None, 0, 1, 50_00, 400_00]))
    def the_seller_reports_a_settlement(self, late: timedelta, amount: int | None) -> None:
        self.hear(given.settlement_reported(self.story.now + late, amount))

    # The insurer

    @rule(days=st.sampled_from([0, 30]))
    def the_insurer_is_notified(self, days: int) -> None:
        self.hear(given.insurer_notified(self.story.now + timedelta(days=days)))

    @rule(
        amount=st.sampled_from([0, 1, 50_00, 400_00, 2_000_00]),
        proof=st.sampled_from(["cheque-1", "cheque-2"]),
        currency=st.sampled_from([Currency.USD, Currency.USD, Currency.EUR]),
        really=rarely,
    )
    def the_insurer_settles(self, amount: int, proof: str, currency: Currency, really: bool) -> None:
        if amount < 50_00 or really:
            self.hear(given.insurer_settled(amount, proof, currency))

    @rule(part=st.sampled_from([0, 0, 50_00]))
    @precondition(lambda self: self.case is not None and bool(self.case.items) and not self.case.payouts)
    def the_insurer_settles_all_or_nearly_all(self, part: int) -> None:
        assert self.case is not None
        self.hear(given.insurer_settled(max(sum(each.minor for each in self.case.items) - part, 1), "cheque-4"))

    @rule()
    def the_insurer_rejects(self) -> None:
        self.hear(given.insurer_rejected())

    # People

    @rule(
        kind=st.sampled_from(ReviewKind),
        valid=st.sampled_from([True, True, False]),
        found=st.dictionaries(st.integers(1, 6), st.sampled_from([0, 10_00, 9_000_00]), max_size=3),
        round_=st.sampled_from([None, None, 1, 2]),
        adjuster=people,
        which=questions,
    )
    def an_adjuster_decides(
        self,
        *,
        kind: ReviewKind,
        valid: bool,
        found: dict[int, int],
        round_: int | None,
        adjuster: str,
        which: int | None,
    ) -> None:
        before = self.case
        if before is None:
            return  # it answers a question of ours
        findings = [given.finding(item, amount, Reason.NOT_PROVEN) for item, amount in found.items()]
        named = self._named(which)
        decided = given.reviewed(kind, *findings, valid=valid, round_=round_, adjuster=adjuster, question_id=named)
        said = self.hear(decided)
        if before.review is not kind or round_ not in (None, before.round) or named not in (None, before.question_id):
            assert not said, "a decision of another review, of another round, of another question has no effect"

    def _named(self, which: int | None) -> UUID | None:
        """A question that was asked, last or before; None: no name is given."""
        return self.asked[which % len(self.asked)].question_id if which is not None and self.asked else None

    @rule(valid=st.sampled_from([True, True, True, False]), adjuster=people)
    @precondition(lambda self: self.case is not None and self.case.review is not None)
    def the_right_adjuster_decides(self, valid: bool, adjuster: str) -> None:
        assert self.case is not None
        assert self.case.review is not None
        self.hear(given.reviewed(self.case.review, valid=valid, adjuster=adjuster))

    @rule(approver=people, round_=rounds, which=questions)
    def a_person_approves(self, approver: str, round_: int, which: int | None) -> None:
        before, named = self.case, self._named(which)
        self.hear(given.approved(approver, payout_id(round_), question_id=named))
        other = before is not None and (round_ != before.round_to_approve or named not in (None, before.question_id))
        assert not other or self.case == before, "of another payout, or to another question: no effect"

    @rule(round_=rounds, which=questions)
    def a_person_refuses(self, round_: int, which: int | None) -> None:
        before, named = self.case, self._named(which)
        said = self.hear(given.approval_refused(payout_id(round_), question_id=named))
        other = before is not None and (round_ != before.round_to_approve or named not in (None, before.question_id))
        assert not other or not said

    @rule(really=rarely)
    def it_turns_out_a_duplicate(self, really: bool) -> None:
        if really:
            self.hear(given.is_duplicate())
            assert self.case is None or self.case.outcome is Outcome.DUPLICATE

    # Finance

    @rule(round_=rounds)
    def finance_pays(self, round_: int) -> None:
        """What was ordered last, once; said again it is the same payment."""
        orders = [order for order in self.said(PayoutAuthorized) if order.round == round_]
        if not orders:
            assert not self.hear(given.paid(1, payout_id(round_)))
            return
        before, order = self.case, orders[-1]
        if order.payout_id in self.refused:
            return
        reference = f"payment-{order.payout_id}-{order.attempt}"
        known = any(getattr(event, "finance_reference", None) == reference for event, _ in self.heard)
        rest = order.amount_minor - self.short[order.payout_id, order.attempt]
        if not known:
            self.net[order.payout_id] += rest
        said = self.hear(given.paid(rest, order.payout_id, reference))
        if known:
            assert not said
            return
        assert self.case is not None
        assert before is not None
        if before.status is Status.PAYOUT_PENDING and before.payout and before.payout.round == round_:
            has_all = all(self.payee_has(id_) for id_, owed in self.owes.items() if owed)
            ends = PAID if has_all else {Outcome.PAYOUT_FAILED}
            assert any(isinstance(each, ClaimClosed) and each.outcome in ends for each in said)
            goes_on = any(isinstance(each, ClaimReopened | PayoutAuthorized | ApprovalRequested) for each in said)
            assert goes_on or self.case.outcome in ends, "after PayoutPaid the claim is closed, and paid"

    @rule(round_=rounds)
    def finance_pays_less_than_was_ordered(self, round_: int) -> None:
        """The rest is waited for: the customer is not told that he is paid."""
        before = self.case
        pending = before is not None and before.status is Status.PAYOUT_PENDING
        if not pending or before is None or before.payout is None or before.payout.round != round_:
            return
        order = next(each for each in reversed(self.said(PayoutAuthorized)) if each.round == round_)
        paid = f"payment-{order.payout_id}-{order.attempt}"
        if any(getattr(event, "finance_reference", None) == paid for event, _ in self.heard):
            return
        part = (order.amount_minor - self.short[order.payout_id, order.attempt]) // 2
        if part > 0:
            self.short[order.payout_id, order.attempt] += part
            self.net[order.payout_id] += part
            self.references += 1
            self.hear(given.paid(part, order.payout_id, f"part-{self.references}"))
            assert self.case is not None
            assert self.case.status is Status.PAYOUT_PENDING

    @rule(round_=rounds)
    def finance_pays_twice(self, round_: int) -> None:
        """By its own mistake: nothing follows here."""
        if (amount := self.net[payout_id(round_)]) > 0 and self.payee_has(payout_id(round_)):
            before, self.references = self.case, self.references + 1
            pending = before is not None and before.status is Status.PAYOUT_PENDING
            if not pending:
                self.net[payout_id(round_)] += amount
                self.parts[payout_id(round_)] -= amount
                assert not self.hear(given.paid(amount, payout_id(round_), f"mistake-{self.references}"))

    @rule(round_=rounds, part=st.booleans(), share=st.booleans())
    def money_comes_back(self, round_: int, part: bool, share: bool = False) -> None:
        """Also before we have heard that it was paid. ``share``: what the payee had, beside the holders of liens."""
        before, id_ = self.case, payout_id(round_)
        held = self.net[id_] - (self.holders.get(id_, 0) if share else 0)
        amount = max(held // 2, 1) if part else max(held, 0)
        self.references += 1
        if id_ in self.owes:
            self.net[id_] -= amount
            self.parts[id_] += amount
        said = self.hear(given.returned(amount, id_, f"return-{self.references}"))
        looked_at = before is not None and before.undecided
        assert not said or looked_at or not self.payee_has(id_), "what is left is the customer's"

    @rule(final=st.booleans(), round_=rounds, attempt=st.sampled_from([None, None, 1, 2]))
    def finance_fails(self, final: bool, round_: int, attempt: int | None) -> None:
        before, id_ = self.case, payout_id(round_)
        said = self.hear(given.failed(final=final, payout_id=id_, attempt=attempt))
        if any(isinstance(each, ClaimClosed) for each in said) and self.payee_has(id_):
            self.owes[id_], self.parts[id_] = self.net[id_], 0
            self.refused.add(id_)
        if attempt is not None and before is not None and before.payout and attempt != before.payout.attempt:
            assert not said, "another attempt"

    @rule(which=st.integers(0, 40), by=st.sampled_from([0, 0, 1, -1]))
    def finance_says_again_what_it_has_said(self, which: int, by: int) -> None:
        """Whenever that is, under another id, also with another amount: it is the same movement of money."""
        ordered = [(each.payout_id, n) for n, each in enumerate(self.story.said) if isinstance(each, PayoutAuthorized)]
        known = [
            event
            for event, before in self.heard
            if isinstance(event, PayoutPaid | PayoutReturned)
            and event.amount_minor > 0
            and any(payout == event.payout_id and n < before for payout, n in ordered)
        ]
        if known:
            again = known[which % len(known)]
            before = self.case
            other = again.model_copy(update={"amount_minor": again.amount_minor + by})
            assert not self.hear(other), f"{other} is counted twice"
            assert self.case == before

    # What anybody may do

    @rule(which=st.integers(0, 200), late=lateness)
    def something_is_said_again(self, which: int, late: timedelta) -> None:
        """Under another id, and perhaps as it was said long ago."""
        said = [event for event, _ in self.heard if not isinstance(event, PayoutPaid | PayoutReturned)]
        if said:
            self.hear(said[which % len(said)], late)

    @rule(events=st.lists(st.sampled_from(CONVERSATION), min_size=2, max_size=6))
    def what_several_parties_say_comes_in_reversed_order(self, events: list[Callable[[datetime], Event]]) -> None:
        """As if each had been said an hour after the one that is heard before it."""
        for hour, says in enumerate(reversed(events)):
            event = says(self.story.now)
            if self.case is not None or not isinstance(event, ReviewDecided):  # which answers a question of ours
                self.hear(event, timedelta(hours=hour))

    # Time and knowledge

    @rule(span=spans)
    def the_service_sleeps(self, span: timedelta) -> None:
        """An outage: several deadlines are due at once at its end, and answers that came meanwhile are heard after."""
        before = self.case
        self._keeps(None, before, self.story.oversleep(span))

    @rule()
    def cover_is_not_known_for_a_while(self) -> None:
        self.story.known = False

    @rule(span=spans)
    @precondition(lambda self: self.story.known)
    def time_passes(self, span: timedelta) -> None:
        before, position = self.case, len(self.story.said)
        self._waits_until(self.story.now + span)
        if before is None or self.case is None or before.delay_at is None or not before.undecided:
            return
        if self.case.undecided and before.delay_at <= self.story.now:
            told = [each.notice for each in self.said(StatusChanged, since=position)]
            assert Notice.DELAYED in told, "the customer hears of the delay"

    @rule()
    def the_next_deadline_passes(self) -> None:
        due = self.story.next_due()
        if due is not None:
            self._waits_until(due[0])

    @rule(steps=st.integers(1, 6))
    def whoever_must_act_does(self, steps: int) -> None:
        """So that stories come far."""
        for _ in range(steps):
            if self.case is not None:
                self._does_his_part(self.case)

    @rule(steps=st.integers(1, 4), reason=reasons, comes_back=st.booleans())
    @precondition(lambda self: self.case is not None and self.case.status is Status.CLOSED)
    def another_round_goes_its_way(self, steps: int, reason: ReopeningReason, comes_back: bool) -> None:
        """Also where what was paid before comes back meanwhile."""
        self.the_customer_asks_to_reopen(reason)
        if comes_back and self.case is not None and self.net[payout_id(1)] > 0:
            self.money_comes_back(1, part=False)
        self.whoever_must_act_does(steps)

    @rule(steps=st.integers(1, 4), more=st.sampled_from([1, 99_99]))
    @precondition(lambda self: self.case is not None and self.case.outcome in PAID and len(self.case.items) < 6)
    def more_is_claimed_after_the_payment_and_that_comes_back(self, steps: int, more: int) -> None:
        assert self.case is not None
        self.the_claim_is_amended([*(each.minor for each in self.case.items), more], None)
        self.whoever_must_act_does(steps)
        if self.net[payout_id(1)] > 0:
            self.money_comes_back(1, part=False)
        self.whoever_must_act_does(steps)

    @rule(payee=st.sampled_from(["payee-2", "payee-3"]), first=st.booleans(), steps=st.integers(0, 2))
    @precondition(lambda self: self.case is not None and self.case.status is Status.PAYOUT_PENDING)
    def the_payout_fails_for_good_and_another_payee_is_named(self, payee: str, first: bool, steps: int) -> None:
        assert self.case is not None
        assert self.case.payout is not None
        round_ = self.case.payout.round
        if first:
            self.the_customer_names_a_payee(payee)
        self.finance_fails(final=True, round_=round_, attempt=None)
        if not first:
            self.the_customer_names_a_payee(payee)
        self.whoever_must_act_does(steps)

    @rule()
    def cover_is_read_to_its_end(self) -> None:
        self.story.known = True

    @rule()
    def the_last_event_comes_again(self) -> None:
        """From whoever may say a thing twice; what our own services say comes once."""
        if self.heard and self.heard[-1][0].topic is not None:
            event = self.heard[-1][0]
            if event.topic is not None and not event.topic.numbered and "paid" not in type(event).__name__.lower():
                self.hear(event)

    # What must always hold

    @invariant()
    def every_attempt_is_entered_once_in_the_register_as_it_was_ordered(self) -> None:
        ordered = {
            (each.round, each.attempt, each.payout_id, each.amount_minor + each.kept_minor)
            for each in self.said(PayoutAuthorized)
        }
        entered = [
            (e.round, e.attempt, e.payout_id, e.amount_minor) for e in self.story.done if isinstance(e, PayoutOrder)
        ]
        assert sorted(entered) == sorted(ordered)

    @invariant()
    def there_is_at_most_one_payout_per_round(self) -> None:
        by_round = defaultdict[int, list[PayoutAuthorized]](list)
        for order in self.said(PayoutAuthorized):
            by_round[order.round].append(order)
        assert set(by_round) <= set(range(1, 2 + len(self.said(ClaimReopened))))
        for round_, orders in by_round.items():
            assert {order.payout_id for order in orders} == {payout_id(round_)}
            come_to = [order.amount_minor + order.kept_minor for order in orders]
            assert all(one >= next_ for one, next_ in pairwise(come_to))
            attempts = [order.attempt for order in orders]
            assert attempts == sorted(attempts)
            assert set(attempts) == set(range(1, len(set(attempts)) + 1))
            for one, next_ in pairwise(orders):
                assert one == next_ or one.attempt < next_.attempt, "the same attempt is the same order"
            assert all(sum(lien.amount_minor for lien in order.liens) <= order.amount_minor for order in orders)

    @invariant()
    def rounds_open_by_reopening_only(self) -> None:
        opened = [event.round for event in self.said(ClaimReopened)]
        assert opened == list(range(2, 2 + len(opened)))
        if self.case is not None:
            assert self.case.round == 1 + len(opened)

    @invariant()
    def what_is_paid_is_what_was_decided_within_the_cap_and_what_was_admitted(self) -> None:
        decisions = {decided.round: decided for decided in self.said(ClaimDecided)}
        assert len(decisions) == len(self.said(ClaimDecided))
        for decided in decisions.values():
            assert decided.allowed_minor == sum(found.allowed_minor for found in decided.findings) <= CAP
            assert all(found.allowed_minor <= self.admitted[found.item] for found in decided.findings)
        for order in self.said(PayoutAuthorized):
            decided = decisions[order.round].allowed_minor
            assert 0 < order.amount_minor <= decided
            assert order.amount_minor == decided or order.attempt > 1

    @invariant()
    def who_is_paid_has_what_was_decided_in_all_rounds_less_what_came_back_in_part(self) -> None:
        case = self.case
        if case is None or case.status is not Status.CLOSED:
            return
        if case.outcome not in (Outcome.PAYOUT_FAILED, Outcome.DUPLICATE):
            assert all(self.payee_has(id_) for id_, owed in self.owes.items() if owed), "paid, or waiting for a payee"
            assert sum(self.net[id_] + self.parts[id_] for id_ in self.owes) == sum(self.owes.values())

    @invariant()
    def all_rounds_together_pay_no_more_than_was_ever_admitted_nor_than_the_cap(self) -> None:
        pending = self.case is not None and self.case.status is Status.PAYOUT_PENDING
        last = self.case.payout if self.case is not None and pending else None
        waits = {payout_id(last.round)} if last else set[UUID]()
        paid = {id_: owed if id_ in waits else min(owed, max(self.net[id_], 0)) for id_, owed in self.owes.items()}
        assert sum(paid.values()) <= min(CAP, self.most_admitted)

    @invariant()
    def above_the_line_a_release_is_signed_unless_only_the_price_is_paid(self) -> None:
        if not self.asks_release:
            return
        for order in self.said(PayoutAuthorized):
            if order.small or order.attempt > 1:
                continue
            ordered = self.story.said.index(order)
            decided = next(each for each in self.said(ClaimDecided) if each.round == order.round)
            if not any(found.item > 1 and found.allowed_minor for found in decided.findings):
                continue
            begun = max((n for n, e in enumerate(self.story.said[:ordered]) if isinstance(e, ClaimReopened)), default=0)
            paid = {found.item for found in decided.findings if found.item > 1 and found.allowed_minor}
            assert any(
                asked.amount_minor >= order.amount_minor and paid <= set(asked.items)
                for asked in self._signed(begun, ordered)
            )

    def _signed(self, begun: int, ordered: int) -> list[ReleaseRequested]:
        """The releases that were signed in between: each by its name, or the one asked for last."""
        signed = list[ReleaseRequested]()
        for event, before in self.heard:
            asked = [each for each in self.story.said[begun:before] if isinstance(each, ReleaseRequested)]
            if isinstance(event, ReleaseRecorded) and before <= ordered and asked:
                signed += [asked[-1]] if event.release_id in (None, asked[-1].release_id) else []
        return signed

    @invariant()
    def nothing_is_authorised_after_an_end_but_in_a_new_round_or_a_new_attempt(self) -> None:
        ended = duplicate = False
        for event in self.story.said:
            if isinstance(event, ClaimClosed):
                ended = event.seller_id is not None  # before it was accepted it may begin again
                duplicate = duplicate or event.outcome is Outcome.DUPLICATE
            if isinstance(event, ClaimReopened):
                ended = False
            if isinstance(event, PayoutAuthorized):
                assert not duplicate
                assert not ended or event.attempt > 1
                ended = ended and event.attempt == 1
            if isinstance(event, PayoutRecalled):
                assert duplicate or self.case is None or self.case.outcome is Outcome.DUPLICATE

    @invariant()
    def what_the_payee_has_of_a_duplicate_is_called_back(self) -> None:
        if self.case is None or self.case.outcome is not Outcome.DUPLICATE:
            return
        recalled = {event.payout_id: event.amount_minor for event in self.said(PayoutRecalled)}
        for order in self.said(PayoutAuthorized):
            held = min(self.net[order.payout_id], order.amount_minor)
            assert held <= recalled.get(order.payout_id, 0), "of a duplicate nobody keeps anything"

    @invariant()
    def some_things_are_said_once(self) -> None:
        assert len(self.said(PaymentContested)) <= 1
        assert len(self.said(RouteChosen)) <= 2
        assert all(one.direct_pay is not next_.direct_pay for one, next_ in pairwise(self.said(RouteChosen)))
        assert len(self.said(MedicareReportDue)) <= 1 + len(self.said(ClaimReopened))
        assert not self.said(PaymentContested) or self.said(PayoutAuthorized)

    @invariant()
    def a_claim_waits_on_a_deadline_or_is_closed(self) -> None:
        case = self.case
        if case is not None:
            assert (case.status is Status.CLOSED) == (case.due is None)
            assert (case.status is Status.CLOSED) == (case.outcome is not None)
            assert (case.status is Status.UNDER_REVIEW) == (case.review is not None)
            held_up = case.investigated or case.status in (Status.SELLER_RESOLVING, Status.WITH_INSURER)
            assert case.resumes is None or held_up
            assert case.suspected <= (case.investigated or case.unconfirmed_minor > 0 or not case.undecided)

    @invariant()
    def what_an_insurer_says_it_has_settled_waits_for_the_customers_word_and_nothing_else_moves(self) -> None:
        case = self.case
        if case is not None and case.undecided and case.unconfirmed_minor:
            assert case.investigated or (case.status, case.owner) == (Status.WITH_INSURER, Owner.CUSTOMER)

    @invariant()
    def a_word_of_the_delay_is_never_further_away_than_the_policy_says(self) -> None:
        case = self.case
        if case is not None and case.undecided:
            assert case.delay_at is not None
            assert case.due is not None
            assert case.due <= case.delay_at <= self.story.now + DELAY
        if case is not None:
            ordered = case.status is Status.PAYOUT_PENDING or case.to_new_payee
            assert (case.late_at is not None) == (case.undecided or ordered)

    @invariant()
    def the_customer_is_told_every_change_once(self) -> None:
        told, case = self.said(StatusChanged), self.case
        assert [event.revision for event in told] == list(range(1, len(told) + 1))
        standings = [(each.status, each.owner, each.by, each.outcome, each.round, each.next_step) for each in told]
        for (one, next_), event in zip(pairwise(standings), told[1:], strict=True):
            assert one != next_ or event.notice in (Notice.DELAYED, Notice.NOT_REOPENED, Notice.PROGRESS)
        assert all(event.next_step is not None for event in told)
        if case is not None:
            assert standings[-1][:5] == (case.status, case.owner, case.by, case.outcome, case.round)
            assert (case.owner is Owner.NOBODY) == (case.status is Status.CLOSED)

    @invariant()
    def the_state_is_small(self) -> None:
        """Each further round adds a payout."""
        if self.case is not None:
            assert self.story.size(str(CLAIM)) < 2048 + 200 * (self.case.round - 1)

    def teardown(self) -> None:
        """Wherever a story stops, it ends within months if from now on everybody does his part."""
        if not hasattr(self, "story") or self.case is None:
            return
        self.story.known = True
        for _ in range(16):
            if self.case.status is Status.CLOSED:
                return
            self._does_his_part(self.case)
            if (due := self.story.next_due()) is not None:
                self._waits_until(due[0])
        raise AssertionError(f"still waits: {self.case.status}")

    def _does_his_part(self, case: Case) -> None:
        match case.status:
            case Status.NEEDS_INFORMATION:
                self.hear(self.acceptance)
            case Status.DIRECT_PAY | Status.WITH_SELLER:
                self.hear(given.notified(self.story.now, direct_pay=case.status is Status.DIRECT_PAY))
            case Status.UNDER_REVIEW if case.review is not None:
                self.hear(given.reviewed(case.review, round_=case.round))
            case Status.AWAITING_RELEASE:
                self.hear(given.released())
            case Status.AWAITING_APPROVAL:
                for approver in ("eve", "eve", "fay"):
                    self.hear(given.approved(approver, case.payout_id))
            case Status.SELLER_RESOLVING:
                self.hear(given.settlement_reported())
            case Status.PAYOUT_PENDING if case.payout is not None:
                self.finance_pays(case.payout.round)
            case _:
                pass


def _amounts(random: Random) -> list[int]:
    return [random.choice([0, 1, 99_99, 400_00]) for _ in range(random.randint(1, 5))]


MONEY: tuple[Callable[[Random, str], Event], ...] = (
    lambda r, name: given.paid(r.randint(1, 400_00), payout_id(r.choice([1, 1, 2, 9])), name),
    lambda r, name: given.returned(r.randint(1, 400_00), payout_id(r.choice([1, 1, 2, 9])), name),
)
TALK: tuple[Callable[[Random, str], Event], ...] = (
    lambda r, _: given.accepted(*_amounts(r), injury=r.choice(list(InjuryClass))),
    lambda r, name: given.amended(*_amounts(r), amendment_id=name),
    lambda r, _: given.reopening(r.choice(list(ReopeningReason))),
    lambda r, name: given.new_payee(name),
    lambda r, name: given.lien_recorded(given.lien(r.randint(1, 90), name)),
    lambda r, name: given.reviewed(r.choice(list(ReviewKind)), valid=r.random() < 0.9, adjuster=name),
    lambda r, name: given.approved(name, payout_id(r.randint(1, 9))),
    lambda r, name: given.insurer_settled(r.randint(0, 9), name),
    lambda r, _: given.failed(final=r.random() < 0.5, payout_id=payout_id(r.randint(1, 9))),
    lambda r, _: given.beneficiary_recorded(beneficiary=r.random() < 0.5),
)


def test_what_is_known_of_a_claim_levels_off_however_much_is_said_of_it() -> None:
    def says(random: Random) -> Event:
        if random.random() < 0.4:
            return random.choice(CONVERSATION)(START + timedelta(days=random.randint(0, 900)))
        return random.choice(TALK + MONEY * 3)(random, f"name-{random.random()}")

    levels_off(given.claim(given.accepted(), given.notified()), str(CLAIM), says, most=12 * 1024)


TestOneClaim = OneClaim.TestCase
TestOneClaim.settings = settings(
    max_examples=100, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
