"""What must always hold of a claim's money, under any order, repetition and timing of what is heard."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any, TypeVar

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.escalation.state import Case
from shared.events.adjusters import PayoutApproved, ReviewDecided, ReviewKind
from shared.events.base import Event, derived_id
from shared.events.claim import InjuryClass, Reason
from shared.events.escalation import (
    ApprovalRequested,
    ClaimClosed,
    ClaimDecided,
    Outcome,
    Owner,
    PayoutAuthorized,
    ReviewOpened,
    Status,
    StatusChanged,
)
from shared.events.seller_notifier import NoticeKind
from shared.events.seller_portal import AnswerChoice
from shared.money import Currency
from tests.escalation import given
from tests.escalation.given import CLAIM, PAYOUT

E = TypeVar("E", bound=Event)

STRANGER = derived_id("payout", CLAIM, 2)
CAP, LIMIT, ATTEMPTS = 1_200_00, 300_00, 3
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
        Status.AWAITING_APPROVAL,
        Status.PAYOUT_PENDING,
        Status.CLOSED,
    },
}

amounts = st.lists(st.sampled_from([0, 1, 99_99, 400_00, 999_99, 2_000_00]), min_size=1, max_size=5)
payouts = st.sampled_from([PAYOUT, PAYOUT, PAYOUT, STRANGER])
moments = st.sampled_from([timedelta(0), timedelta(0), -timedelta(days=1), -timedelta(days=6), timedelta(seconds=1)])
rarely = st.sampled_from([False] * 7 + [True])
"""For what ends a claim at once, so that stories come far."""
spans = st.sampled_from([timedelta(hours=count) for count in (1, 24, 49, 24 * 7, 24 * 31, 24 * 45)])


class OneClaim(RuleBasedStateMachine):
    """One claim that hears anything at any time. The rules never ask the state what they may do."""

    @initialize(
        admitted=amounts,
        injury=st.sampled_from(InjuryClass),
        minor=st.booleans(),
        covered=st.booleans(),
        known=st.sampled_from([True, True, False]),
        window=st.sampled_from([0, 48]),
        days=st.sampled_from([7, 7, 0]),
        first=st.sampled_from([True, True, True, False]),
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
    ) -> None:
        self.acceptance = given.accepted(*admitted, injury=injury, minor_claimant=minor)
        self.serious = minor or injury is InjuryClass.SERIOUS
        self.story = given.claim(
            covered=covered,
            known=known,
            cap_minor=CAP,
            authority_limit_minor=LIMIT,
            comment_window_hours=window,
            payout_attempts=ATTEMPTS,
            payout_retry_days=days and 2,
            review_days=days and 40,
            seller_response_days=days,
        )
        self.heard: list[tuple[Event, int]] = []
        """Each event, with how much had been said before it."""
        if first:
            self.hear(self.acceptance)

    def hear(self, event: Event) -> tuple[Event, ...]:
        self.heard.append((event, len(self.story.said)))
        return self.story.hear(event)

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
        if really or self.said(PayoutAuthorized):
            said = self.hear(given.withdrawn())
            assert not said or not self.said(PayoutAuthorized), "too late to withdraw"

    @rule(really=rarely)
    def the_customer_replies(self, really: bool) -> None:
        self.hear(given.customer_says(confirmed=really))

    # The seller

    @rule(days=st.sampled_from([-1, 0, 2, 7]))
    def the_seller_is_notified(self, days: int) -> None:
        self.hear(given.notified(self.story.now + timedelta(days=days)))

    @rule(kind=st.sampled_from(NoticeKind), late=moments)
    def no_notice_reaches(self, kind: NoticeKind, late: timedelta) -> None:
        self.hear(given.undeliverable(kind, self.story.now + late))

    @rule(days=st.sampled_from([-3, 3, 7]))
    def the_seller_gets_more_time(self, days: int) -> None:
        self.hear(given.extended(self.story.now + timedelta(days=days)))

    @rule(choice=st.sampled_from(AnswerChoice), late=moments)
    def the_seller_answers(self, choice: AnswerChoice, late: timedelta) -> None:
        """An answer received in time wins over the timer, until a payout is authorised."""
        received_at, before = self.story.now + late, self.case
        self.hear(given.answered(choice, received_at))
        if before is None or self.case is None or not before.undecided or before.direct_pay or before.answer:
            return
        if before.respond_by is None or received_at <= before.respond_by:
            assert self.case.answer is choice
            assert self.case.status in ANSWERED[choice]

    @rule(contrary=st.booleans(), late=moments)
    def the_seller_comments(self, contrary: bool, late: timedelta) -> None:
        self.hear(given.commented(contrary=contrary, received_at=self.story.now + late))

    @rule(late=moments)
    def the_seller_reports_a_settlement(self, late: timedelta) -> None:
        self.hear(given.settlement_reported(self.story.now + late))

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

    @rule()
    def the_insurer_rejects(self) -> None:
        self.hear(given.insurer_rejected())

    # People

    @rule(
        kind=st.sampled_from(ReviewKind),
        valid=st.sampled_from([True, True, False]),
        found=st.dictionaries(st.integers(1, 6), st.sampled_from([0, 10_00, 9_000_00]), max_size=3),
    )
    def an_adjuster_decides(self, kind: ReviewKind, valid: bool, found: dict[int, int]) -> None:
        open_review = self.case.review if self.case else None
        findings = [given.finding(item, amount, Reason.NOT_PROVEN) for item, amount in found.items()]
        said = self.hear(given.reviewed(kind, *findings, valid=valid))
        assert open_review is kind or self.case is None or not said, "a decision of another review has no effect"

    @rule(valid=st.sampled_from([True, True, True, False]))
    @precondition(lambda self: self.case is not None and self.case.review is not None)
    def the_right_adjuster_decides(self, valid: bool) -> None:
        assert self.case is not None
        assert self.case.review is not None
        self.hear(given.reviewed(self.case.review, valid=valid))

    @rule(approver=st.sampled_from(["ann", "bob", "cyd"]), payout_id=payouts)
    def a_person_approves(self, approver: str, payout_id: Any) -> None:
        before = self.case
        self.hear(given.approved(approver, payout_id))
        assert payout_id == PAYOUT or before is None or self.case == before, "of another payout: no effect"

    @rule(payout_id=payouts)
    def a_person_refuses(self, payout_id: Any) -> None:
        said = self.hear(given.approval_refused(payout_id))
        assert payout_id == PAYOUT or not said

    # Finance

    @rule(payout_id=payouts)
    def finance_pays(self, payout_id: Any) -> None:
        ordered = self.said(PayoutAuthorized)
        self.hear(given.paid(ordered[-1].amount_minor if ordered else 1, payout_id))
        if ordered and payout_id == PAYOUT:
            assert self.case is not None
            assert self.case.status is Status.CLOSED
            assert self.case.outcome in PAID, "after PayoutPaid the claim is closed, and paid"

    @rule(final=st.booleans(), payout_id=payouts)
    def finance_fails(self, final: bool, payout_id: Any) -> None:
        self.hear(given.failed(final=final, payout_id=payout_id))

    # Time and knowledge

    @rule(span=spans)
    @precondition(lambda self: self.story.known)
    def time_passes(self, span: timedelta) -> None:
        self.story.wait(span)

    @rule()
    def the_next_deadline_passes(self) -> None:
        due = self.story.next_due()
        if due is not None:
            self.story.wait_until(due[0])

    @rule()
    @precondition(lambda self: self.case is not None and self.case.status is not Status.PAYOUT_PENDING)
    def whoever_must_act_does(self) -> None:
        assert self.case is not None
        self._does_his_part(self.case)

    @rule()
    def cover_is_read_to_its_end(self) -> None:
        self.story.known = True

    @rule()
    def the_last_event_comes_again(self) -> None:
        if self.heard:
            self.hear(self.heard[-1][0])

    # What must always hold

    @invariant()
    def there_is_at_most_one_payout_per_round(self) -> None:
        orders = self.said(PayoutAuthorized)
        assert {(order.payout_id, order.round) for order in orders} <= {(PAYOUT, 1)}
        assert len({order.amount_minor for order in orders}) <= 1
        attempts = [order.attempt for order in orders]
        assert attempts == sorted(attempts)
        assert set(attempts) == set(range(1, len(set(attempts)) + 1))
        assert max(attempts, default=1) <= ATTEMPTS

    @invariant()
    def what_is_paid_is_what_was_decided_within_the_cap_and_what_was_admitted(self) -> None:
        decisions = self.said(ClaimDecided)
        assert len(decisions) <= 1
        for decided in decisions:
            admitted = {item.item: item.admitted_minor for item in self.acceptance.items}
            assert decided.allowed_minor == sum(found.allowed_minor for found in decided.findings) <= CAP
            assert all(found.allowed_minor <= admitted[found.item] for found in decided.findings)
            assert all(found.reasons or found.allowed_minor == admitted[found.item] for found in decided.findings)
        for order in self.said(PayoutAuthorized):
            assert [order.amount_minor] == [decided.allowed_minor for decided in decisions]
            assert order.amount_minor > 0

    @invariant()
    def a_serious_injury_is_never_paid_before_a_person_looked(self) -> None:
        ordered = self._position(PayoutAuthorized)
        if self.serious and ordered is not None:
            assert any(self._decides_the_open_review(*heard) for heard in self.heard if heard[1] <= ordered)

    @invariant()
    def above_the_authority_limit_two_people_approved(self) -> None:
        ordered = self._position(PayoutAuthorized)
        if ordered is None or self.said(PayoutAuthorized)[0].amount_minor <= LIMIT:
            return
        said = self.story.said[:ordered]
        last_review = max((n for n, event in enumerate(said) if isinstance(event, ReviewOpened)), default=-1)
        asked = next(n for n, event in enumerate(said) if n > last_review and isinstance(event, ApprovalRequested))
        people = {
            event.approver
            for event, before in self.heard
            if isinstance(event, PayoutApproved) and event.payout_id == PAYOUT and asked < before <= ordered
        }
        assert len(people) >= 2

    @invariant()
    def nothing_is_authorised_after_a_withdrawal_or_an_end(self) -> None:
        for position, event in enumerate(self.story.said):
            if isinstance(event, ClaimClosed):
                assert not self.said(PayoutAuthorized, since=position)
                ends = self.said(ClaimClosed, since=position + 1)
                assert not ends or (event.outcome is Outcome.PAYOUT_FAILED and ends[0].outcome in PAID)

    @invariant()
    def a_claim_waits_on_a_deadline_or_is_closed(self) -> None:
        case = self.case
        if case is not None:
            assert (case.status is Status.CLOSED) == (case.due is None)
            assert (case.status is Status.CLOSED) == (case.outcome is not None)
            assert (case.status is Status.UNDER_REVIEW) == (case.review is not None)

    @invariant()
    def the_customer_is_told_every_change_once(self) -> None:
        told, case = self.said(StatusChanged), self.case
        assert [event.revision for event in told] == list(range(1, len(told) + 1))
        standings = [(event.status, event.owner, event.by, event.outcome) for event in told]
        assert all(one != next_ for one, next_ in pairwise(standings))
        if case is not None:
            assert standings[-1] == (case.status, case.owner, case.by, case.outcome)
            assert (case.owner is Owner.NOBODY) == (case.status is Status.CLOSED)

    @invariant()
    def the_state_is_small(self) -> None:
        if self.case is not None:
            assert self.story.size(str(CLAIM)) < 2048

    def _position(self, kind: type[Event]) -> int | None:
        """Where the first event of this type stands among all that was said."""
        return next((n for n, event in enumerate(self.story.said) if isinstance(event, kind)), None)

    def _decides_the_open_review(self, event: Event, before: int) -> bool:
        """Whether this is a yes to the review that was open when it was heard, judged by what had been said."""
        if not isinstance(event, ReviewDecided) or not event.valid:
            return False
        said = self.story.said[:before]
        status = [each.status for each in said if isinstance(each, StatusChanged)][-1:]
        review = [each.review for each in said if isinstance(each, ReviewOpened)][-1:]
        return status == [Status.UNDER_REVIEW] and review == [event.review]

    def teardown(self) -> None:
        """Wherever a story stops, it ends within months if from now on everybody does his part."""
        if not hasattr(self, "story") or self.case is None:
            return
        self.story.known = True
        for _ in range(12):
            if self.case.status is Status.CLOSED:
                return
            self._does_his_part(self.case)
            if (due := self.story.next_due()) is not None:
                self.story.wait_until(due[0])
        raise AssertionError(f"still waits: {self.case.status}")

    def _does_his_part(self, case: Case) -> None:
        match case.status:
            case Status.NEEDS_INFORMATION:
                self.hear(self.acceptance)
            case Status.DIRECT_PAY | Status.WITH_SELLER:
                self.hear(given.notified(self.story.now))
            case Status.UNDER_REVIEW if case.review is not None:
                self.hear(given.reviewed(case.review))
            case Status.AWAITING_APPROVAL:
                for approver in ("dan", "dan", "eve"):
                    self.hear(given.approved(approver))
            case Status.SELLER_RESOLVING:
                self.hear(given.settlement_reported())
            case Status.PAYOUT_PENDING:
                self.hear(given.paid())
            case _:
                pass


TestOneClaim = OneClaim.TestCase
TestOneClaim.settings = settings(
    max_examples=250, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
