"""What must always hold in recovery, whatever is heard, in any order, twice, early or late."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.recovery.app import recovery
from services.recovery.ledger import Account, LedgerEntry
from services.recovery.state import Recovery, Stage
from shared.events.adjusters import AppealDecided
from shared.events.base import Event, derived_id
from shared.events.finance import DebitFailure, SellerDebitFailed
from shared.events.recovery import (
    DebitNoticed,
    InsurerDemanded,
    ProofRequested,
    RecoveryClosed,
    RecoveryDisputed,
    RecoveryResumed,
    RecoveryReversed,
    RecoveryWrittenOff,
    ReimbursementWaived,
    SellerDebitRequested,
    SellerDebitStopped,
    SellerRefundRequested,
    WaiverReason,
)
from shared.events.seller_notifier import NoticeBounced, NoticeHandedOver, NoticeKind, NoticeUndeliverable
from shared.money import Currency
from shared.policy import load
from tests.deciding import START
from tests.endless import levels_off
from tests.interpreter import Interpreter
from tests.recovery import given

POLICY = load().version("US-1").recovery
CURRENCIES = st.sampled_from([Currency.USD] * 5 + [Currency.EUR])
SELDOM = st.sampled_from([False, False, False, True])
REFERENCES = st.sampled_from(["one", "two", "three"])
PAYOUTS = st.sampled_from([given.PAYOUT] * 3 + [given.NEXT_PAYOUT])
DIFFERENCES = st.sampled_from([0, 0, 0, 0, 1, -1, -given.LARGE])
TENTHS = st.integers(0, 12)
"""Of what was owed at first."""
SPANS = st.one_of(
    st.sampled_from([timedelta(minutes=5), *(timedelta(days=days) for days in (7, 14, 30, 60))]),
    st.timedeltas(timedelta(0), timedelta(days=30)),
)
UNKNOWN = derived_id("debit", "of nobody")
MEMO = (Account.EXPECTED_RECOVERY, Account.WAIVED, Account.WRITTEN_OFF, Account.MEMO_CONTRA)
AGAINST_THE_SELLER = (DebitNoticed, SellerDebitRequested, RecoveryWrittenOff)


class Pursuit(RuleBasedStateMachine):
    """One claim; others say whatever they like, in any order. What recovery says is checked at the moment it says it.

    Checked, of what must always hold: paid out = recovered + waived + written off + outstanding, to the cent, in the
    state and in the books · no more is borne than was ordered · each movement of money is booked once · notice before
    debit, and its time · no step against the seller in a dispute · an appeal touches the seller's side alone · what is
    not closed, or is owed, waits on a deadline · small · nothing raises.
    """

    @initialize(
        small=SELDOM,
        covered=SELDOM,
        on_incident=st.booleans(),
        dated=st.booleans(),
        insured=SELDOM,
        far=st.integers(0, 6),
    )
    def a_claim(self, *, small: bool, covered: bool, on_incident: bool, dated: bool, insured: bool, far: int) -> None:
        """Some of the claims have come a good way before others begin to say what they like."""
        self.world = Interpreter(recovery, policies=given.on_incident() if on_incident else load())
        self.owed = given.SMALL if small else given.LARGE
        self.small, self.covered, self.incident_on = small, covered, given.INCIDENT if dated else None
        self.heard: list[Event] = []
        self.booked: set[str] = set()
        """The movements of money that are in the books, by the names that finance gave them."""
        self.requests: dict[UUID, int] = {}
        self.failed: set[UUID] = set()
        self.stopped: set[UUID] = set()
        self.demands: list[UUID] = []
        self.refunds: dict[UUID, int] = {}
        self.noticed_minor = 0
        self.notice_out_at: datetime | None = None
        self.notices: int = 0
        self.stands_on: dict[UUID, int] = {}
        """Of each debit the number of its notice."""
        self.prove_by: datetime | None = None
        self.proof_out_at: datetime | None = None
        self.disputed = False
        if insured:
            self.check(self.world.learn(given.cover_from(-30, -5)))
        way = (
            self.is_ordered_and_paid,
            self.is_asked_for_proof,
            self.is_waited_for,
            self.is_noticed,
            self.is_waited_for,
        )
        for come in way[:far]:
            come()

    def is_ordered_and_paid(self) -> None:
        self.is_authorized(given.PAYOUT, 1)
        self.is_paid(given.PAYOUT, 0, "one", Currency.USD)

    def is_waited_for(self) -> None:
        """The proof window and the insurer's time end, or the notice's; never the write-off."""
        state = self.state()
        if state is not None and state.next_at is not None:
            self.wait_until(state.next_at)

    def is_noticed(self) -> None:
        self.hear(given.handed_over(self.world.now))

    def is_asked_for_proof(self) -> None:
        self.hear(given.handed_over(self.world.now, NoticeKind.PROOF))

    # What others say

    @rule(payout=PAYOUTS, attempt=st.integers(1, 2), left=st.sampled_from([None, 0, 5, 10]))
    def is_authorized(self, payout: UUID, attempt: int, left: int | None = None) -> None:
        first = payout == given.PAYOUT
        small = self.small and (first or self.covered)
        amount = self.owed if first else self.owed // 2
        order = given.authorized(
            amount,
            small=small,
            covered=self.covered,
            incident_on=self.incident_on,
            payout=payout,
            attempt=attempt,
            left=None if first or left is None else self.tenths(left),
        )
        self.hear(order)

    @rule(
        payout=PAYOUTS, by=st.sampled_from([0, 0, 0, 0, 1, -1, -given.LARGE]), reference=REFERENCES, currency=CURRENCIES
    )
    def is_paid(self, payout: UUID, by: int, reference: str, currency: Currency) -> None:
        ordered = self.owed if payout == given.PAYOUT else self.owed // 2
        self.hear(given.paid(max(0, ordered + by), payout=payout, reference=reference, currency=currency))

    @rule(payout=PAYOUTS, part=TENTHS, reference=REFERENCES, currency=CURRENCIES)
    def money_comes_back(self, payout: UUID, part: int, reference: str, currency: Currency) -> None:
        self.hear(given.returned(self.tenths(part), payout=payout, reference=reference, currency=currency))

    @rule(payout=PAYOUTS, so=SELDOM)
    def turns_out_to_be_a_duplicate(self, payout: UUID, so: bool) -> None:
        if so:
            self.hear(given.recalled(payout))

    @rule(since=st.integers(-40, 100), days=st.integers(0, 400), judged_for=st.sampled_from([0, 0, 3, 20]), two=SELDOM)
    def cover_changes(self, since: int, days: int, judged_for: int, two: bool) -> None:
        """``judged_for``: days that the certificate waited for our judgement."""
        insurers = ("Harbor Mutual", "Northern Marine") if two else ("Harbor Mutual",)
        uploaded = self.world.now - timedelta(days=judged_for)
        known = given.cover_from(since, since + days, known_since=uploaded, insurers=insurers)
        self.check(self.world.learn(known))

    @rule(known=st.booleans())
    def cover_becomes_known_or_unknown(self, known: bool) -> None:
        self.world.known = known

    @precondition(lambda self: self.state() is not None)
    @rule(
        kind=st.sampled_from([NoticeKind.DEBIT, NoticeKind.PROOF]),
        ago=st.sampled_from([0, 1, 3]),
        out=st.booleans(),
        earlier=st.sampled_from([None, 0, 0, 1]),
    )
    def a_letter_goes_out(self, kind: NoticeKind, ago: int, out: bool, earlier: int | None) -> None:
        moment, number = self.world.now - timedelta(days=ago), self.numbered(kind, earlier)
        letter = given.handed_over if out else given.undeliverable
        self.hear(letter(moment, kind, number=number))

    @precondition(lambda self: self.state() is not None)
    @rule(kind=st.sampled_from([NoticeKind.DEBIT, NoticeKind.PROOF]), earlier=st.sampled_from([None, 0, 0, 1]))
    def a_letter_comes_back(self, kind: NoticeKind, earlier: int | None) -> None:
        self.hear(given.bounced(kind, number=self.numbered(kind, earlier)))

    @rule(number=st.integers(0, 4), part=TENTHS, reference=REFERENCES, currency=CURRENCIES)
    def money_is_collected(self, number: int, part: int, reference: str, currency: Currency) -> None:
        debit = self.one_of(list(self.requests), number)
        self.hear(given.collected(self.tenths(part), debit=debit, reference=reference, currency=currency))

    @rule(
        number=st.integers(0, 4), reason=st.sampled_from([*DebitFailure, DebitFailure.STOPPED, DebitFailure.NO_FUNDS])
    )
    def a_debit_fails(self, number: int, reason: DebitFailure) -> None:
        self.hear(given.failed(self.one_of(list(self.requests), number), reason))

    @rule(part=TENTHS, reference=REFERENCES, currency=CURRENCIES)
    def the_seller_pays_by_himself(self, part: int, reference: str, currency: Currency) -> None:
        self.hear(given.seller_pays(self.tenths(part), reference=reference, currency=currency))

    @rule(number=st.integers(0, 2), part=TENTHS, reference=REFERENCES, currency=CURRENCIES)
    def the_insurer_pays(self, number: int, part: int, reference: str, currency: Currency) -> None:
        demand = self.one_of(self.demands, number)
        self.hear(given.insurer_pays(self.tenths(part), demand=demand, reference=reference, currency=currency))

    @rule(number=st.integers(0, 3), whole=st.booleans(), part=TENTHS, reference=REFERENCES, currency=CURRENCIES)
    def a_refund_is_paid(self, number: int, whole: bool, part: int, reference: str, currency: Currency) -> None:
        refund = self.one_of(list(self.refunds), number)
        amount = self.refunds.get(refund, 0) if whole else self.tenths(part)
        self.hear(given.refund_paid(amount, refund=refund, reference=reference, currency=currency))

    @rule(so=SELDOM)
    def the_payment_is_contested(self, so: bool) -> None:
        if so:
            self.hear(given.contested())

    @rule(ago=st.sampled_from([0, 0, 5, 40]), appeal=st.sampled_from(["first", "second"]))
    def the_seller_appeals(self, ago: int, appeal: str) -> None:
        self.hear(given.appealed(self.world.now - timedelta(days=ago), appeal=appeal))

    @rule(won=st.booleans(), ago=st.sampled_from([0, 0, 10]))
    def an_adjuster_decides(self, won: bool, ago: int) -> None:
        before = given.balances(self.entries())
        self.hear(given.decided(won=won), said_at=self.world.now - timedelta(days=ago))
        after = given.balances(self.entries())
        customers = (Account.INDEMNITY_COST, Account.CASH_CLEARING, Account.RECOVERIES_INSURER, Account.SUSPENSE)
        assert [before[account] for account in customers] == [after[account] for account in customers]

    # Time, and what is said again

    @rule(span=SPANS)
    def the_service_sleeps(self, span: timedelta) -> None:
        """An outage: at its end several deadlines are due at once, and what came meanwhile is heard after them."""
        self.check(self.world.oversleep(span))

    @rule(which=st.integers(0, 60), by=st.sampled_from([0, 0, 1, -1]))
    def what_is_booked_is_reported_again(self, which: int, by: int) -> None:
        """Whenever that is, under another id, also with another amount: it is the same movement of money."""
        booked = [event for event in self.heard if _named(event) in self.booked]
        if booked:
            again = booked[which % len(booked)]
            other = again.model_copy(update={"amount_minor": max(0, getattr(again, "amount_minor", 0) + by)})
            before = list(self.world.done)
            self.check(self.world.hear(other))
            assert self.world.done == before, f"{other} is booked twice"

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

    # What must hold at every moment

    @invariant()
    def the_money_adds_up(self) -> None:
        if not hasattr(self, "world"):
            return
        entries, balance = self.entries(), given.balances(self.entries())
        assert len({entry.entry_id for entry in entries}) == len(entries)
        assert all(entry.amount_minor > 0 for entry in entries)
        assert sum(balance.values()) == sum(balance[account] for account in MEMO) == 0
        if (state := self.state()) is None:
            assert not entries
            return
        assert balance[Account.INDEMNITY_COST] == state.paid_minor >= 0
        assert balance[Account.RECOVERIES_SELLER] == -state.from_seller_minor <= 0
        assert balance[Account.RECOVERIES_INSURER] == -state.from_insurer_minor <= 0
        assert balance[Account.WAIVED] == state.waived_minor >= 0
        assert balance[Account.WRITTEN_OFF] == state.written_off_minor >= 0
        assert balance[Account.EXPECTED_RECOVERY] == state.outstanding_minor >= 0
        assert balance[Account.OWED_TO_SELLER] == -state.owed_minor <= 0
        assert balance[Account.SUSPENSE] == state.suspense_minor
        found = state.recovered_minor + state.waived_minor + state.written_off_minor + state.outstanding_minor
        assert state.paid_minor == found

    @invariant()
    def nobody_is_paid_more_than_was_ordered(self) -> None:
        if hasattr(self, "world") and (state := self.state()) is not None:
            assert state.paid_minor <= sum(payout.authorized_minor for payout in state.payouts)
            assert state.owed_minor == sum(refund.amount_minor - refund.paid_minor for refund in state.refunds)
            assert Counter(self.refunds.values()) == Counter(refund.amount_minor for refund in state.refunds)

    @invariant()
    def what_is_not_closed_waits_for_a_moment_on_record(self) -> None:
        if not hasattr(self, "world") or (state := self.state()) is None:
            return
        pursued = state.stage not in (Stage.AUTHORIZED, Stage.CLOSED)
        assert (state.outstanding_minor > 0) is pursued
        owes = state.owed_minor > 0
        assert (state.due is not None) is (pursued or state.dispute is not None or bool(state.early) or owes)
        assert (state.refund_by is not None) is owes, "a refund that finance never pays is asked for again"
        assert ((state.dispute or state.set_aside) is not None) is self.disputed
        assert state.debit is None or state.debit.stopped or state.debit.rest_minor <= state.outstanding_minor
        assert self.world.size(str(given.CLAIM)) < 3000

    def teardown(self) -> None:
        """In the end, whatever was said, everything paid out has found its place."""
        if not hasattr(self, "world"):
            return
        self.world.known = True
        if self.disputed:
            self.hear(given.decided(won=False))
        self.wait_until(self.world.now + timedelta(days=2 * POLICY.write_off_days))
        self.the_money_adds_up()
        state = self.state()
        if state is not None and state.write_off_at is not None:
            assert state.stage is Stage.CLOSED
            assert state.recovered_minor + state.waived_minor + state.written_off_minor == state.paid_minor

    # How it is watched

    def hear(self, event: Event, *, said_at: datetime | None = None) -> None:
        match event:
            case NoticeHandedOver(handed_over_at=out_at) | NoticeUndeliverable(attempted_at=out_at):
                self.note_letter(event, out_at)
            case NoticeBounced(kind=NoticeKind.DEBIT) if event.number in (None, self.notices):
                self.notice_out_at = None
            case NoticeBounced(kind=NoticeKind.PROOF):
                self.proof_out_at = None
            case SellerDebitFailed():
                self.failed.add(event.debit_id)
            case _:
                pass
        if not isinstance(event, AppealDecided) or said_at is None:
            self.heard.append(event)
        booked = len(self.world.done)
        said = self.world.hear(event, said_at=said_at)
        if len(self.world.done) > booked and hasattr(event, "finance_reference"):
            self.booked.add(_named(event))
        self.check(said)
        if isinstance(event, NoticeBounced) and event.kind is NoticeKind.DEBIT:
            on_none = {debit for debit, notice in self.stands_on.items() if notice == event.number}
            assert on_none <= self.stopped | self.ended(), "its notice came back"
        if (state := self.state()) is not None and state.released is not None:
            self.disputed = False  # a recall ends a dispute without a word of its own

    def note_letter(self, event: NoticeHandedOver | NoticeUndeliverable, out_at: datetime) -> None:
        if event.kind is NoticeKind.PROOF:
            self.proof_out_at = out_at if self.prove_by is not None else None
        elif event.number in (None, self.notices):
            self.notice_out_at = self.notice_out_at or (out_at if self.noticed_minor else None)

    def numbered(self, kind: NoticeKind, earlier: int | None) -> int | None:
        """The number of the present debit notice, or of one before it; None as in records of before."""
        return None if earlier is None or kind is not NoticeKind.DEBIT else self.notices - earlier

    def wait_until(self, moment: datetime) -> None:
        while (first := self.world.next_due()) is not None and first[0] <= moment:
            self.check(self.world.wait_until(max(first[0], self.world.now)))
        self.world.wait_until(moment)

    def check(self, said: tuple[Event, ...]) -> None:
        for event in said:
            assert not (self.disputed and isinstance(event, AGAINST_THE_SELLER)), f"{event} while in dispute"
            match event:
                case ProofRequested():
                    self.prove_by, self.proof_out_at = event.prove_by, None
                case DebitNoticed():
                    self.check_time_to_prove()
                    self.notices += 1
                    assert event.number == self.notices, "notices are counted"
                    self.noticed_minor, self.notice_out_at = event.amount_minor, None
                case InsurerDemanded():
                    self.check_time_to_prove()
                    self.demands.append(event.demand_id)
                case SellerDebitRequested():
                    self.check_debit(event)
                case SellerDebitStopped():
                    assert event.debit_id in self.requests, "stopped, and never asked for"
                    assert event.debit_id not in self.stopped | self.ended(), "stopped twice, or after its end"
                    self.stopped.add(event.debit_id)
                case SellerRefundRequested():
                    again = self.refunds.get(event.refund_id, event.amount_minor)
                    assert event.amount_minor == again, "one refund asked for again in another amount"
                    self.refunds[event.refund_id] = event.amount_minor
                case RecoveryClosed():
                    self.prove_by = None
                case RecoveryDisputed():
                    self.disputed = True
                case RecoveryResumed() | RecoveryReversed():
                    self.disputed = False
                case ReimbursementWaived(reason=WaiverReason.SMALL_INSURED):
                    assert not self.disputed
                case _:
                    pass
        self.check_closed(said)

    def check_time_to_prove(self) -> None:
        """Over, and counted from the letter; it has no place in what follows."""
        if self.prove_by is None:
            return
        assert self.prove_by <= self.world.now, "asked for money within the time to prove"
        assert self.proof_out_at is not None, "the time to prove ran without its letter"
        assert self.proof_out_at + timedelta(days=POLICY.proof_days) <= self.world.now
        self.prove_by = None

    def check_closed(self, said: tuple[Event, ...]) -> None:
        """What a recovery closed with last is all that was borne; it may have been opened again since."""
        state, closings = self.state(), [event for event in said if isinstance(event, RecoveryClosed)]
        if closings and state is not None and state.stage is Stage.CLOSED:
            last = closings[-1]
            closed = last.recovered_minor + last.waived_minor + last.written_off_minor
            assert closed == given.balances(self.entries())[Account.INDEMNITY_COST]

    def check_debit(self, event: SellerDebitRequested) -> None:
        notice = timedelta(days=POLICY.debit_notice_days)
        assert self.notice_out_at is not None, "debited without a notice"
        assert self.notice_out_at + notice <= self.world.now, "debited before the notice's time was over"
        assert event.debit_id not in self.requests, "one debit asked for twice"
        assert self.ended().issuperset(self.requests), "two debits open at once"
        assert 0 < event.amount_minor <= given.balances(self.entries())[Account.EXPECTED_RECOVERY]
        assert event.amount_minor <= self.noticed_minor, "debited more than the notice named"
        self.requests[event.debit_id], self.stands_on[event.debit_id] = event.amount_minor, self.notices

    def ended(self) -> set[UUID]:
        """Debits that have failed, or under which all was collected."""
        collected = Counter[UUID]()
        for entry in self.entries():
            if entry.debit_account is Account.CASH_CLEARING:
                collected[entry.idempotency_key] += entry.amount_minor
        full = {debit for debit, amount in self.requests.items() if collected[debit] >= amount}
        return full | (self.failed & self.requests.keys())

    def one_of(self, ids: list[UUID], number: int) -> UUID:
        """One that recovery has named, or one that nobody has."""
        return ids[number] if number < len(ids) else UNKNOWN

    def tenths(self, part: int) -> int:
        return self.owed * part // 10

    def state(self) -> Recovery | None:
        return self.world.states.get(str(given.CLAIM))

    def entries(self) -> list[LedgerEntry]:
        return [effect for effect in self.world.done if isinstance(effect, LedgerEntry)]


def _named(event: Event) -> str:
    """What tells one movement of money from another: all that finance says of it but how much it is."""
    return f"{type(event).__name__} {event.model_dump_json(exclude={'amount_minor', 'currency'})}"


FIRST, SECOND = given.PAYOUT, given.NEXT_PAYOUT
TALK: tuple[Callable[[Random, int, str], Event], ...] = (
    lambda r, n, _: given.authorized(n, payout=r.choice([FIRST, SECOND, UNKNOWN]), attempt=r.randint(1, 9), left=n),
    lambda r, n, name: given.paid(n, payout=r.choice([FIRST, SECOND]), reference=name),
    lambda r, n, name: given.returned(n, payout=r.choice([FIRST, SECOND]), reference=name),
    lambda r, n, name: given.collected(n, debit=r.choice([given.FIRST_DEBIT, given.SECOND_DEBIT]), reference=name),
    lambda r, _, __: given.failed(r.choice([given.FIRST_DEBIT, given.SECOND_DEBIT]), r.choice(list(DebitFailure))),
    lambda _, n, name: given.seller_pays(n, reference=name),
    lambda _, n, name: given.insurer_pays(n, reference=name),
    lambda _, n, name: given.refund_paid(n, reference=name),
    lambda r, _, __: given.handed_over(START + timedelta(days=r.randint(0, 900)), r.choice(list(NoticeKind))),
    lambda r, _, __: given.bounced(r.choice(list(NoticeKind))),
    lambda r, _, name: given.appealed(START + timedelta(days=r.randint(0, 900)), appeal=name),
    lambda r, _, __: given.decided(won=r.random() < 0.3),
    lambda _r, _n, _name: given.contested(),
)


def test_what_is_known_of_a_recovery_levels_off_however_much_is_said_of_it() -> None:
    def says(random: Random) -> Event:
        return random.choice(TALK)(random, random.randint(0, 90_000), f"reference-{random.random()}")

    world = Interpreter(recovery)
    world.learn(given.cover_from(-30, 900))
    world.hear(given.authorized(incident_on=given.INCIDENT))
    levels_off(world, str(given.CLAIM), says, most=48 * 1024)


Pursuit.TestCase.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
TestRecovery = Pursuit.TestCase
