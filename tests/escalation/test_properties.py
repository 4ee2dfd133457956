"""What must always hold of a claim's money and time, under any order, repetition and timing of what is heard."""

from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from random import Random
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant

from services.escalation.orders import PayoutOrder
from shared.events.adjusters import ReviewKind
from shared.events.base import Event
from shared.events.claim import InjuryClass, ReopeningReason
from shared.events.escalation import (
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
    RouteChosen,
    Status,
    StatusChanged,
)
from shared.events.intake import ReleaseRecorded
from tests.deciding import START
from tests.endless import levels_off
from tests.escalation import given
from tests.escalation.given import CLAIM
from tests.escalation.parties import CAP, CONVERSATION, DELAY, Parties, payout_id


class OneClaim(Parties):
    """Checked besides what its referees do: one payout per round with one id, in the books of decisions and of orders ·
    all payouts ≤ decided ≤ cap · an answer in time wins over the timer until a payout is authorised · release before
    payment · rounds open by reopening only · status revisions without a gap, and each change told once · what has not
    ended waits on a deadline · small · nothing raises.
    """

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
            assert all(found.allowed_minor <= self.claimed.most[found.item] for found in decided.findings)
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
            assert self.money.all_is_there(), "paid, or waiting for a payee"
            has = sum(self.money.net[id_] + self.money.parts[id_] for id_ in self.money.owes)
            assert has == sum(self.money.owes.values())

    @invariant()
    def all_rounds_together_pay_no_more_than_was_ever_admitted_nor_than_the_cap(self) -> None:
        pending = self.case is not None and self.case.status is Status.PAYOUT_PENDING
        last = self.case.payout if self.case is not None and pending else None
        waits = {payout_id(last.round)} if last else set[UUID]()
        has = {id_: min(owed, max(self.money.net[id_], 0)) for id_, owed in self.money.owes.items()}
        paid = {id_: owed if id_ in waits else has[id_] for id_, owed in self.money.owes.items()}
        assert sum(paid.values()) <= min(CAP, self.claimed.most_minor)

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
            held = min(self.money.net[order.payout_id], order.amount_minor)
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
