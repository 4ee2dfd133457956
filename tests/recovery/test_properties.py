"""What must always hold in recovery, whatever is heard, in any order, twice, early or late."""

from datetime import datetime, timedelta
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.recovery.app import recovery
from services.recovery.ledger import Account, LedgerEntry
from services.recovery.state import Recovery, Stage
from shared.events.base import Event, derived_id
from shared.events.finance import SellerDebitFailed
from shared.events.recovery import (
    DebitNoticed,
    ProofRequested,
    RecoveryClosed,
    SellerDebitRequested,
)
from shared.events.seller_notifier import NoticeHandedOver, NoticeKind, NoticeUndeliverable
from shared.money import Currency
from shared.policy import load
from tests.deciding import day
from tests.interpreter import Interpreter
from tests.recovery import given

POLICY = load().version("US-1").recovery
CURRENCIES = st.sampled_from([Currency.USD] * 5 + [Currency.EUR])
REFERENCES = st.sampled_from(["one", "two", "three"])
SPANS = st.one_of(
    st.sampled_from([timedelta(minutes=5), timedelta(days=7), timedelta(days=14), timedelta(days=60)]),
    st.timedeltas(timedelta(0), timedelta(days=30)),
)
UNKNOWN = derived_id("debit", "of nobody")


class Pursuit(RuleBasedStateMachine):
    """One claim; others say whatever they like. What recovery says is checked at the moment it says it."""

    @initialize(small=st.booleans(), covered=st.booleans(), on_incident=st.booleans(), dated=st.booleans())
    def a_claim(self, small: bool, covered: bool, on_incident: bool, dated: bool) -> None:
        self.world = Interpreter(recovery, policies=given.on_incident() if on_incident else load())
        self.owed = given.SMALL if small else given.LARGE
        incident_on = day(-20).date() if dated else None
        self.authorization = given.authorized(self.owed, small=small, covered=covered, incident_on=incident_on)
        self.heard: list[Event] = []
        self.requests: dict[UUID, int] = {}
        self.finished: set[UUID] = set()
        self.notice_asked = False
        self.notice_out_at: datetime | None = None
        self.prove_by: datetime | None = None

    @rule()
    def is_authorized(self) -> None:
        self.hear(self.authorization)

    @rule(by=st.sampled_from([0, 0, 0, 0, 1, -1, -given.LARGE]), reference=REFERENCES, currency=CURRENCIES)
    def is_paid(self, by: int, reference: str, currency: Currency) -> None:
        self.hear(given.paid(max(0, self.owed + by), reference=reference, currency=currency))

    @rule(since=st.integers(-40, 100), days=st.integers(0, 400))
    def cover_changes(self, since: int, days: int) -> None:
        self.check(self.world.learn(given.cover_from(since, since + days)))

    @rule(known=st.booleans())
    def cover_becomes_known_or_unknown(self, known: bool) -> None:
        self.world.known = known

    @precondition(lambda self: self.state() is not None)
    @rule(kind=st.sampled_from([NoticeKind.DEBIT, NoticeKind.PROOF]), ago=st.sampled_from([0, 1, 3]), out=st.booleans())
    def a_letter_goes_out(self, kind: NoticeKind, ago: int, out: bool) -> None:
        moment = self.world.now - timedelta(days=ago)
        self.hear(given.handed_over(moment, kind) if out else given.undeliverable(moment, kind))

    @rule(number=st.integers(0, 4), part=st.integers(0, 12), reference=REFERENCES, currency=CURRENCIES)
    def money_comes_in(self, number: int, part: int, reference: str, currency: Currency) -> None:
        """``part``: tenths of what was owed."""
        amount = self.owed * part // 10
        self.hear(given.collected(amount, debit=self.debit(number), reference=reference, currency=currency))

    @rule(number=st.integers(0, 4))
    def a_debit_fails(self, number: int) -> None:
        self.hear(given.failed(self.debit(number)))

    @rule(span=SPANS)
    def time_passes(self, span: timedelta) -> None:
        self.wait_until(self.world.now + span)

    @rule()
    def the_next_deadline_passes(self) -> None:
        if (first := self.world.next_due()) is not None:
            self.wait_until(max(first[0], self.world.now))

    @precondition(lambda self: bool(self.heard))
    @rule()
    def the_last_word_is_said_again(self) -> None:
        before = list(self.world.done)
        self.hear(self.heard[-1])
        assert self.world.done == before, f"{self.heard[-1]} is booked twice"

    @invariant()
    def the_money_adds_up(self) -> None:
        if not hasattr(self, "world"):
            return
        entries, balance = self.entries(), given.balances(self.entries())
        assert len({entry.entry_id for entry in entries}) == len(entries)
        assert all(entry.amount_minor > 0 for entry in entries)
        assert sum(balance.values()) == 0
        if (state := self.state()) is None:
            assert not entries
            return
        assert balance[Account.INDEMNITY_COST] == state.paid_minor
        assert balance[Account.RECOVERIES_SELLER] == -state.recovered_minor
        assert balance[Account.WAIVED] == state.waived_minor
        assert balance[Account.WRITTEN_OFF] == state.written_off_minor
        assert balance[Account.EXPECTED_RECOVERY] == state.outstanding_minor >= 0
        assert balance[Account.OVER_COLLECTED] == -state.over_collected_minor
        in_memo = state.outstanding_minor + state.waived_minor + state.written_off_minor
        assert balance[Account.MEMO_CONTRA] == -in_memo == state.recovered_minor - state.paid_minor
        assert balance[Account.CASH_CLEARING] == (state.recovered_minor + state.over_collected_minor - state.paid_minor)

    @invariant()
    def what_is_not_closed_waits_for_a_moment_on_record(self) -> None:
        if not hasattr(self, "world") or (state := self.state()) is None:
            return
        waits = state.paid_minor > 0 and state.stage is not Stage.CLOSED
        assert (state.due is not None) is waits
        assert state.outstanding_minor > 0 or not waits
        assert self.world.size(str(given.CLAIM)) < 3000

    def teardown(self) -> None:
        """In the end, whatever was said, everything paid out has found its place."""
        if not hasattr(self, "world"):
            return
        self.world.known = True
        self.wait_until(self.world.now + timedelta(days=POLICY.write_off_days))
        self.the_money_adds_up()
        state = self.state()
        if state is not None and state.paid_minor:
            assert state.stage is Stage.CLOSED
            assert state.recovered_minor + state.waived_minor + state.written_off_minor == state.paid_minor

    def hear(self, event: Event) -> None:
        if isinstance(event, NoticeHandedOver | NoticeUndeliverable) and event.kind is NoticeKind.DEBIT:
            out_at = event.handed_over_at if isinstance(event, NoticeHandedOver) else event.attempted_at
            self.notice_out_at = self.notice_out_at or (out_at if self.notice_asked else None)
        if isinstance(event, SellerDebitFailed) and event.debit_id in self.requests:
            self.finished.add(event.debit_id)
        self.heard.append(event)
        self.check(self.world.hear(event))

    def wait_until(self, moment: datetime) -> None:
        while (first := self.world.next_due()) is not None and first[0] <= moment:
            self.check(self.world.wait_until(max(first[0], self.world.now)))
        self.world.wait_until(moment)

    def check(self, said: tuple[Event, ...]) -> None:
        for event in said:
            if isinstance(event, ProofRequested):
                self.prove_by = event.prove_by
            elif isinstance(event, DebitNoticed):
                assert self.prove_by is None or self.prove_by <= self.world.now, "noticed within the proof window"
                self.notice_asked = True
            elif isinstance(event, SellerDebitRequested):
                self.check_debit(event)
            elif isinstance(event, RecoveryClosed):
                closed = event.recovered_minor + event.waived_minor + event.written_off_minor
                assert closed == given.balances(self.entries())[Account.INDEMNITY_COST]

    def check_debit(self, event: SellerDebitRequested) -> None:
        notice = timedelta(days=POLICY.debit_notice_days)
        assert self.notice_out_at is not None, "debited without a notice"
        assert self.notice_out_at + notice <= self.world.now, "debited before the notice's time was over"
        assert event.debit_id not in self.requests, "one debit asked for twice"
        assert self.finished.issuperset(self.requests), "two debits open at once"
        assert 0 < event.amount_minor <= given.balances(self.entries())[Account.EXPECTED_RECOVERY]
        self.requests[event.debit_id] = event.amount_minor

    def debit(self, number: int) -> UUID:
        """One of the debits asked for, or one that nobody asked for."""
        return list(self.requests)[number] if number < len(self.requests) else UNKNOWN

    def state(self) -> Recovery | None:
        return self.world.states.get(str(given.CLAIM))

    def entries(self) -> list[LedgerEntry]:
        return [effect for effect in self.world.done if isinstance(effect, LedgerEntry)]


Pursuit.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestRecovery = Pursuit.TestCase
