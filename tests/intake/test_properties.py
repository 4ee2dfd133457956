"""What always holds of intake, whatever comes in whatever order, twice, early, late or never."""

from collections import Counter, defaultdict, deque
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.app import across_claims, intake
from services.intake.state import Stage
from shared.events.base import Event, claim_id_of
from shared.events.claim import Reason
from shared.events.intake import (
    ClaimAccepted,
    ClaimDenied,
    ClaimWithdrawalRecorded,
    DuplicateFound,
    IncidentReported,
    IncidentRetracted,
    IncidentScreened,
    InformationRequested,
)
from shared.events.upstream import ClaimSubmitted, ClaimWithdrawn, DocumentsSubmitted, SettlementConfirmed
from shared.policy import load
from tests.deciding import START
from tests.intake.given import SECRET, paper, papers, submitted
from tests.interpreter import Interpreter

SUBMISSIONS = ("fnol-1", "fnol-2", "fnol-3")
CAP = load().version("US-1").handling.cap_minor
GOOD = {"kind": "purchase_price", "amount_minor": 40_000}

losses = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["purchase_price", "medical", "lost_earnings", "property_damage", "punitive"]),
            "amount_minor": st.sampled_from([2_000, 60_000, CAP, 0, 10**12]),
            "already_paid_minor": st.sampled_from([0, 0, 0, 500, 10**12]),
        }
    ),
    max_size=3,
)


@st.composite
def submissions(draw: st.DrawFn, submission_id: str) -> ClaimSubmitted:
    """Mostly valid, of one claimant, often about the same order and day."""
    changes: dict[str, Any] = {
        "submission_id": submission_id,
        "order_id": draw(st.sampled_from(["order-1", "order-2"])),
        "incident_on": draw(st.sampled_from(["2025-05-20"] * 5 + ["2025-05-21", "2021-01-01"])),
        "marketplace": draw(st.sampled_from(["US"] * 9 + ["ZZ"])),
        "claimant": {"id": "customer-1", "age": draw(st.sampled_from([None, 9.0, 40.0]))},
        "losses": [*draw(st.sampled_from([[GOOD], [GOOD], [GOOD], []])), *draw(losses)],
    }
    return submitted(**changes)


@st.composite
def stories(draw: st.DrawFn) -> list[Event | timedelta | int]:
    """What upstream says, and when time passes; a number picks the inner stream whose next event arrives."""
    each = [draw(submissions(name)) for name in SUBMISSIONS]
    one_paper = st.builds(
        paper,
        st.sampled_from([None, 1, 2, 3, 9]),
        st.sampled_from(["receipt", "bill", "payslip"]),
        dated=st.booleans(),
    )
    of_one = st.builds(papers, one_paper, submission_id=st.sampled_from(SUBMISSIONS))
    all_papers = [paper(item, kind) for item in range(1, 5) for kind in ("receipt", "bill", "payslip")]
    complete = [papers(*all_papers, submission_id=name) for name in SUBMISSIONS if draw(st.booleans())]
    others = st.one_of(
        of_one,
        of_one,
        st.sampled_from(each),  # once more
        st.builds(ClaimWithdrawn, submission_id=st.sampled_from(SUBMISSIONS)),
        st.builds(SettlementConfirmed, submission_id=st.sampled_from(SUBMISSIONS)),
        st.timedeltas(timedelta(0), timedelta(days=20)),
        st.integers(0, 5),
        st.integers(0, 5),
        st.integers(0, 5),
    )
    return draw(st.permutations([*each, *complete, *draw(st.lists(others, max_size=30))]))


class Intake:
    """Both processes and the two streams between them, each in its own order and with its own delay."""

    def __init__(self) -> None:
        self.intake = Interpreter(intake)
        self.claimants = Interpreter(across_claims)
        self.streams: defaultdict[str, deque[Event]] = defaultdict(deque)
        self.papers: defaultdict[str, list[DocumentsSubmitted]] = defaultdict(list)

    def live(self, story: list[Event | timedelta | int]) -> None:
        for step in story:
            if isinstance(step, timedelta):
                self.said(self.intake.wait(step))
            elif isinstance(step, int):
                self.deliver(step)
            else:
                if isinstance(step, DocumentsSubmitted):
                    self.papers[step.submission_id].append(step)
                self.said(self.intake.hear(step, said_at=START))
        while any(self.streams.values()) or self.intake.next_due():
            while self.deliver(0):
                pass
            self.said(self.intake.wait(timedelta(days=5)))

    def said(self, events: tuple[Event, ...]) -> None:
        for event in events:
            if isinstance(event, IncidentReported | IncidentRetracted | IncidentScreened):
                self.streams[f"{type(event).topic} {event.submission_id}"].append(event)

    def deliver(self, pick: int) -> bool:
        """The next event of one stream, if anything is under way."""
        waiting = [stream for stream in self.streams.values() if stream]
        if not waiting:
            return False
        event = waiting[pick % len(waiting)].popleft()
        process = self.intake if isinstance(event, IncidentScreened) else self.claimants
        process.now = self.intake.now
        self.said(process.hear(event))
        return True

    def about(self, submission_id: str, *kinds: type[Event]) -> list[Any]:
        claim_id = claim_id_of(submission_id)
        return [e for e in self.intake.said if isinstance(e, kinds) and getattr(e, "claim_id", None) == claim_id]


@settings(max_examples=100, deadline=None)
@given(story=stories())
def test_every_submission_has_one_end_and_waits_for_nothing_afterwards(story: list[Event | timedelta | int]) -> None:
    told = Intake()
    told.live(story)

    for name in SUBMISSIONS:
        ends = told.about(name, ClaimAccepted, ClaimDenied, DuplicateFound)
        withdrawals = told.about(name, ClaimWithdrawalRecorded)
        before = [w for w in withdrawals if w.before_acceptance]
        assert len(ends) + len(before) == 1
        assert len(withdrawals) <= 1
        assert len(told.about(name, InformationRequested)) <= 1
        assert told.intake.states[name].stage in {Stage.ACCEPTED, Stage.ENDED}
        assert told.intake.states[name].due is None


@settings(max_examples=100, deadline=None)
@given(story=stories())
def test_what_is_admitted_is_proven_and_what_is_not_has_a_reason(story: list[Event | timedelta | int]) -> None:
    told = Intake()
    told.live(story)

    for name in SUBMISSIONS:
        shown = {document.item for event in told.papers[name] for document in event.documents}
        for said in told.about(name, ClaimAccepted):
            assert 0 < said.admitted_minor == sum(i.admitted_minor for i in said.items) <= CAP
            assert said.admitted_minor <= said.incident_total_minor
            for item in said.items:
                assert item.admitted_minor == 0 or item.item in shown
                assert (item.admitted_minor < item.claimed_minor) <= bool(item.reasons)
        for said in told.about(name, ClaimDenied):
            assert said.reasons
            assert sum(i.admitted_minor for i in said.items) == 0
            if Reason.NO_RESPONSE in said.reasons:
                assert said.reasons == (Reason.NO_RESPONSE,)
                assert all(i.reasons for i in said.items)


@settings(max_examples=100, deadline=None)
@given(story=stories())
def test_one_order_and_day_is_accepted_at_most_once(story: list[Event | timedelta | int]) -> None:
    told = Intake()
    told.live(story)

    accepted = [e for e in told.intake.said if isinstance(e, ClaimAccepted)]
    assert max(Counter((e.order_id, e.incident_on) for e in accepted).values(), default=1) == 1
    going_on = {e.claim_id for e in told.intake.said if isinstance(e, IncidentReported)}
    assert {e.duplicate_of for e in told.intake.said if isinstance(e, DuplicateFound)} <= going_on
    # Who is still counted is exactly who was accepted.
    counted = {i.submission_id for c in told.claimants.states.values() for i in c.incidents}
    assert counted == {e.submission_id for e in accepted}


@settings(max_examples=100, deadline=None)
@given(story=stories())
def test_neither_narrative_nor_injury_is_kept_or_said(story: list[Event | timedelta | int]) -> None:
    told = Intake()
    told.live(story)

    for fact in (*told.intake.said, *told.claimants.said, *told.intake.states.values()):
        assert SECRET not in fact.model_dump_json()
    assert all(told.intake.size(name) < 2048 for name in SUBMISSIONS)


@given(
    losses=st.lists(
        st.fixed_dictionaries({"kind": st.just("property_damage"), "amount_minor": st.integers(1, 10**12)}),
        min_size=1,
        max_size=50,
    )
)
def test_a_state_stays_small_whatever_is_claimed(losses: list[dict[str, Any]]) -> None:
    longest = dict.fromkeys(("submission_id", "order_id", "seller_id"), "x" * 128)
    told = Intake()
    told.intake.hear(submitted(**longest, product="x" * 200, losses=losses), said_at=START)

    size = told.intake.size(longest["submission_id"])
    assert size < (2048 if len(losses) <= 10 else 5 * 1024)  # beyond ten items: rare, and still one database page
