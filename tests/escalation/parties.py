"""Everybody who may speak of one claim, at any time: what they may say, and the referees who watch what comes of it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from services.escalation.state import Case
from shared.events.adjusters import ReviewDecided, ReviewKind
from shared.events.base import Event, derived_id
from shared.events.claim import InjuryClass, LossKind, Reason, ReopeningReason, Signal
from shared.events.escalation import (
    ApprovalRequested,
    ClaimClosed,
    ClaimReopened,
    MedicareReportDue,
    Notice,
    Outcome,
    PaymentContested,
    PayoutAuthorized,
    ReleaseRequested,
    ReviewOpened,
    Status,
    StatusChanged,
)
from shared.events.finance import PayoutPaid, PayoutReturned
from shared.events.marketplace import Standing
from shared.events.seller_notifier import NoticeKind
from shared.events.seller_portal import AnswerChoice
from shared.money import Currency
from tests.escalation import given
from tests.escalation.given import CLAIM
from tests.escalation.referees import Claimed, Covered, FourEyes, Money, OthersHavePaid, Referee, Step, WhoLooked

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


class Parties(RuleBasedStateMachine):
    """They never ask the state what they may do. Wherever a story stops, it ends if everybody does his part."""

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
        self.heard: list[tuple[Event, int]] = []
        """Each event, with how much had been said before it."""
        self.references = 0
        self._with_referees()
        if first:
            self.hear(self.acceptance)

    def _with_referees(self) -> None:
        self.claimed = Claimed(self.acceptance)
        self.money = Money(self.claimed)
        looked = WhoLooked(self.acceptance)
        self.eyes = FourEyes(LIMIT, self.money, looked)
        self.referees: tuple[Referee, ...] = (
            self.claimed,
            Covered(self.claimed),
            looked,
            self.money,
            OthersHavePaid(self.claimed),
            self.eyes,
        )

    def hear(self, event: Event, late: timedelta = timedelta(0)) -> tuple[Event, ...]:
        before, said_at = self.case, self.story.now - late
        self.heard.append((event, len(self.story.said)))
        return self._watched(event, said_at, before, self.story.hear(event, said_at=said_at))

    def _waits_until(self, moment: datetime) -> None:
        before = self.case
        self._watched(None, self.story.now, before, self.story.wait_until(moment))

    def _watched(
        self, event: Event | None, said_at: datetime, before: Case | None, said: tuple[Event, ...]
    ) -> tuple[Event, ...]:
        step = Step(event, said_at, self.story.now, before, self.case, said, self.story.said)
        for referee in self.referees:
            referee.sees(step)
        return said

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
        self.hear(given.amended(*admitted, small=small, injury=injury))

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
        return (
            self.eyes.asked[which % len(self.eyes.asked)].question_id if which is not None and self.eyes.asked else None
        )

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
        if order.payout_id in self.money.refused:
            return
        reference = f"payment-{order.payout_id}-{order.attempt}"
        known = any(getattr(event, "finance_reference", None) == reference for event, _ in self.heard)
        rest = order.amount_minor - self.money.short[order.payout_id, order.attempt]
        if not known:
            self.money.net[order.payout_id] += rest
        said = self.hear(given.paid(rest, order.payout_id, reference))
        if known:
            assert not said
            return
        assert self.case is not None
        assert before is not None
        if before.status is Status.PAYOUT_PENDING and before.payout and before.payout.round == round_:
            ends = PAID if self.money.all_is_there() else {Outcome.PAYOUT_FAILED}
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
        part = (order.amount_minor - self.money.short[order.payout_id, order.attempt]) // 2
        if part > 0:
            self.money.short[order.payout_id, order.attempt] += part
            self.money.net[order.payout_id] += part
            self.references += 1
            self.hear(given.paid(part, order.payout_id, f"part-{self.references}"))
            assert self.case is not None
            assert self.case.status is Status.PAYOUT_PENDING

    @rule(round_=rounds)
    def finance_pays_twice(self, round_: int) -> None:
        """By its own mistake: nothing follows here."""
        if (amount := self.money.net[payout_id(round_)]) > 0 and self.money.is_there(payout_id(round_)):
            before, self.references = self.case, self.references + 1
            pending = before is not None and before.status is Status.PAYOUT_PENDING
            if not pending:
                self.money.is_paid_by_mistake(payout_id(round_), amount)
                assert not self.hear(given.paid(amount, payout_id(round_), f"mistake-{self.references}"))

    @rule(round_=rounds, part=st.booleans(), share=st.booleans())
    def money_comes_back(self, round_: int, part: bool, share: bool = False) -> None:
        """Also before we have heard that it was paid. ``share``: what the payee had, beside the holders of liens."""
        before, id_ = self.case, payout_id(round_)
        held = self.money.beside_holders(id_) if share else self.money.net[id_]
        amount = max(held // 2, 1) if part else max(held, 0)
        self.references += 1
        self.money.comes_back(id_, amount)
        said = self.hear(given.returned(amount, id_, f"return-{self.references}"))
        looked_at = before is not None and before.undecided
        assert not said or looked_at or not self.money.is_there(id_), "what is left is the customer's"

    @rule(final=st.booleans(), round_=rounds, attempt=st.sampled_from([None, None, 1, 2]))
    def finance_fails(self, final: bool, round_: int, attempt: int | None) -> None:
        before, id_ = self.case, payout_id(round_)
        said = self.hear(given.failed(final=final, payout_id=id_, attempt=attempt))
        if any(isinstance(each, ClaimClosed) for each in said) and self.money.is_there(id_):
            self.money.is_refused_the_rest(id_)
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
        self._watched(None, self.story.now, before, self.story.oversleep(span))

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
        if comes_back and self.case is not None and self.money.net[payout_id(1)] > 0:
            self.money_comes_back(1, part=False)
        self.whoever_must_act_does(steps)

    @rule(steps=st.integers(1, 4), more=st.sampled_from([1, 99_99]))
    @precondition(lambda self: self.case is not None and self.case.outcome in PAID and len(self.case.items) < 6)
    def more_is_claimed_after_the_payment_and_that_comes_back(self, steps: int, more: int) -> None:
        assert self.case is not None
        self.the_claim_is_amended([*(each.minor for each in self.case.items), more], None)
        self.whoever_must_act_does(steps)
        if self.money.net[payout_id(1)] > 0:
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
