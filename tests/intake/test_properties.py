"""What always holds of intake, whatever comes in whatever order, twice, early, late or never.

Checked, of what must always hold: one acceptance per submission, and per claimant's order and day · admitted ≤ proven,
claimed and the cap, *small* by the whole incident · every end has its reasons · scores only grow · what is in common is
seen whatever comes first · nothing personal beyond its need · nobody waits in the end · small, and level under endless
talk · nothing raises.
"""

from collections import Counter
from datetime import date, timedelta
from random import Random
from typing import Any, Final, NamedTuple, TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.app import across_claims, in_common, intake
from services.intake.products import LEVELS
from services.intake.state import Stage
from shared.events.base import Event, claim_id_of
from shared.events.claim import InjuryClass, Lien, LossKind, Reason, ReopeningReason, Signal
from shared.events.intake import (
    AmendmentRecorded,
    BeneficiaryRecorded,
    ClaimAccepted,
    ClaimDenied,
    ClaimWithdrawalRecorded,
    DuplicateFound,
    IncidentReported,
    IncidentRetracted,
    IncidentScreened,
    InformationRequested,
    LienRecorded,
    LinkFound,
    LinkReported,
    PayeeRecorded,
    ProductHazardFlagged,
    ProductIncidentReported,
    ReleaseRecorded,
    ReopeningRecorded,
    ReopeningRefused,
    SubmissionRefused,
    SuspicionRaised,
)
from shared.events.upstream import (
    BeneficiaryStatusGiven,
    ClaimAmended,
    ClaimSubmitted,
    ClaimWithdrawn,
    DocumentsSubmitted,
    LienAsserted,
    Loss,
    PayeeChanged,
    ReleaseSigned,
    ReopeningRequested,
    SettlementConfirmed,
)
from shared.policy import load
from tests.deciding import START
from tests.endless import levels_off
from tests.intake.given import SECRET, loss, paper, papers, reported, screened, submitted
from tests.intake.house import House
from tests.interpreter import Interpreter

SUBMISSIONS: Final = ("fnol-1", "fnol-2", "fnol-3")
POLICY: Final = load().version("US-1")
CAP: Final = POLICY.handling.cap_minor
GOOD: Final = loss("purchase_price", 40_000)
ROLE_PAPERS: Final = ("guardian_authority", "estate_authority")


class Sleeps(NamedTuple):
    """An outage of so long: several deadlines are due at once when it is over."""

    span: timedelta


class Again(NamedTuple):
    """What upstream has said before, under another id, and perhaps as it was said long after."""

    number: int
    later: timedelta


Step: TypeAlias = Event | timedelta | int | Sleeps | Again
"""What upstream says; that time passes; which inner stream's next event arrives, or ``ALL``; an outage; a repeat."""
ALL: Final = -1
CLAIM: Final = claim_id_of("fnol-1")

losses = st.lists(
    st.builds(
        loss,
        st.sampled_from(["purchase_price", "medical", "lost_earnings", "property_damage", "punitive"]),
        st.sampled_from([2_000, 58_000, 60_000, CAP, 0, 10**12]),
        st.sampled_from([0, 0, 0, 0, 500, 10**12]),
        guardians=st.booleans(),
    ),
    max_size=3,
)


@st.composite
def submissions(draw: st.DrawFn, submission_id: str) -> ClaimSubmitted:
    """Mostly valid, of two claimants, often about the same order and day."""
    changes: dict[str, Any] = {
        "submission_id": submission_id,
        "order_id": draw(st.sampled_from(["order-1", "order-2"])),
        "incident_on": draw(st.sampled_from(["2025-05-20"] * 8 + ["2025-05-21"] * 2 + ["2021-01-01"])),
        "marketplace": draw(st.sampled_from(["US"] * 20 + ["ZZ"])),
        "claimant": {
            "id": draw(st.sampled_from(["customer-1", "customer-1", "customer-2"])),
            "age": draw(st.sampled_from([None, 9.0, 40.0])),
            "beneficiary": draw(st.sampled_from([None, False, True])),
        },
        "injured": draw(st.sampled_from([None, None, {"age": 5.0}, {"age": 90.0}])),
        "payee": draw(st.sampled_from([None, None, "account-7"])),
        "returned_on": draw(st.sampled_from([None, None, "2025-05-19"])),
        "losses": [*draw(st.sampled_from([[GOOD]] * 9 + [[]])), *draw(losses)],
    }
    injury = draw(
        st.sampled_from(
            [None, {"diagnosis": "burn, scald", "body_part": SECRET, "disposition": f"fatality {SECRET}"}, "as given"]
        )
    )
    return submitted(**changes if injury == "as given" else changes | {"injury": injury})


def anything_of_one() -> st.SearchStrategy[Event]:
    """What a customer says of a claim, in no order and as often as he likes."""
    of = st.sampled_from(SUBMISSIONS)
    one_paper = st.builds(
        paper,
        st.sampled_from([None, 1, 2, 3, 4, 9]),
        st.sampled_from(["receipt", "bill", "payslip", "estimate", *ROLE_PAPERS]),
        dated=st.booleans(),
        bytes_=st.sampled_from([None, "one", "another"]),
    )
    some_losses = losses.map(tuple[Loss, ...]).filter(bool)
    liens = st.builds(
        Lien, holder_ref=st.sampled_from(["insurer-1", "insurer-2"]), amount_minor=st.sampled_from([1, 9])
    )
    return st.one_of(
        st.builds(papers, one_paper, submission_id=of),
        st.builds(
            ClaimAmended, submission_id=of, amendment_id=st.sampled_from(["amendment-1", "2"]), losses=some_losses
        ),
        st.builds(ClaimWithdrawn, submission_id=of),
        st.builds(
            ReopeningRequested,
            submission_id=of,
            request_id=st.sampled_from(["request-1", "request-2"]),
            reason=st.sampled_from(ReopeningReason),
        ),
        st.builds(PayeeChanged, submission_id=of, payee=st.sampled_from(["account-7", "account-8"])),
        st.builds(LienAsserted, submission_id=of, lien=liens),
        st.builds(ReleaseSigned, submission_id=of, release=st.sampled_from(["release-1", "2"])),
        st.builds(BeneficiaryStatusGiven, submission_id=of, beneficiary=st.booleans()),
        st.builds(SettlementConfirmed, submission_id=of),
    )


@st.composite
def stories(draw: st.DrawFn) -> list[Step]:
    each = [draw(submissions(name)) for name in SUBMISSIONS]
    all_papers = [
        paper(item, kind, bytes_="one")
        for item in range(1, 5)
        for kind in ("receipt", "bill", "payslip", "estimate", *ROLE_PAPERS)
    ]
    complete = [papers(*all_papers, submission_id=name) for name in SUBMISSIONS if draw(st.integers(0, 3))]
    others = st.one_of(
        anything_of_one(),
        anything_of_one(),
        st.sampled_from(each),  # once more
        st.timedeltas(timedelta(0), timedelta(days=20)),
        st.builds(Sleeps, st.sampled_from([timedelta(days=days) for days in (1, 16, 45, 200)])),
        st.builds(Again, st.integers(0, 30), st.sampled_from([timedelta(days=days) for days in (0, 0, 9, 100)])),
        st.integers(0, 5),
        st.just(ALL),
    )
    single = [[step] for step in (*each, *complete, *draw(st.lists(others, max_size=25)))]
    turns = draw(st.lists(ended_and_reopened(), max_size=3))
    first = draw(st.sampled_from([[], [*each, *complete, ALL]]))
    return [*first, *(step for steps in draw(st.permutations([*single, *turns])) for step in steps)]


@st.composite
def ended_and_reopened(draw: st.DrawFn) -> list[Step]:
    """One turn that chance alone would seldom take."""
    name, number = draw(st.sampled_from(SUBMISSIONS)), draw(st.integers(1, 3))
    ended = draw(st.sampled_from([[ClaimWithdrawn(submission_id=name)], [ALL, timedelta(days=31)]]))
    again = ReopeningRequested(
        submission_id=name, request_id=f"request-{number}", reason=draw(st.sampled_from(ReopeningReason))
    )
    return [
        *draw(st.lists(st.integers(0, 5), max_size=4)),
        *ended,
        *draw(st.lists(st.integers(0, 5), max_size=2)),
        again,
    ]


class Told:
    """A story as it was told, and lived to its end."""

    def __init__(self, story: list[Step]) -> None:
        self.house = House()
        self.heard: list[Event] = []
        for step in story:
            if isinstance(step, Sleeps):
                self.house.oversleep(step.span)
            elif isinstance(step, Again):
                self._again(step)
            elif isinstance(step, timedelta):
                self.house.wait(step)
            elif step == ALL:
                self.house.settle()
            elif isinstance(step, int):
                self.house.deliver(step)
            else:
                self.heard.append(step)
                self.house.hear(step, said_at=START)
        self.house.come_to_rest()

    def _again(self, step: Again) -> None:
        if self.heard:
            event = self.heard[step.number % len(self.heard)]
            self.heard.append(event)
            self.house.hear(event, said_at=min(START + step.later, self.house.now))

    def shown(self, submission_id: str) -> set[int | None]:
        """The items for which a paper was ever sent."""
        sent = [event for event in self.heard if isinstance(event, DocumentsSubmitted)]
        return {one.item for event in sent if event.submission_id == submission_id for one in event.documents}

    def times(self, submission_id: str, *kinds: type[Event]) -> int:
        return sum(isinstance(event, kinds) and event.key == submission_id for event in self.heard)


@settings(max_examples=100, deadline=None)
@given(story=stories())
def test_every_submission_is_accepted_at_most_once_and_waits_for_nothing_in_the_end(story: list[Step]) -> None:
    told = Told(story)

    for name in SUBMISSIONS:
        house, state = told.house, told.house.intake.states[name]
        assert state.stage in {Stage.ACCEPTED, Stage.ENDED}
        assert (state.due, state.late_at) == (None, None)
        acceptances = house.about(name, ClaimAccepted)
        assert len(acceptances) == (state.stage is Stage.ACCEPTED)
        # Before acceptance it has ended once, and once more for each time that it was reopened.
        withdrawals = house.about(name, ClaimWithdrawalRecorded)
        ends = [*house.about(name, ClaimDenied), *house.about(name, DuplicateFound)]
        ends += [withdrawal for withdrawal in withdrawals if withdrawal.before_acceptance]
        assert len(ends) + len(acceptances) == state.asked
        assert (not acceptances) <= bool(ends)
        reopened = state.asked - 1 + len(house.about(name, ReopeningRecorded))
        assert reopened + len(house.about(name, ReopeningRefused)) <= 3, "each request has one answer"
        assert len(withdrawals) <= 1 + reopened
        looked_at_anew = reopened + told.times(name, ClaimAmended)
        requests = house.about(name, InformationRequested)
        assert sum(not request.asks_beneficiary for request in requests) <= 1 + looked_at_anew
        the_rest = 1 + looked_at_anew  # each look may end with papers, and go on waiting for the answer about Medicare
        assert len(requests) <= the_rest + 1 + looked_at_anew + len(house.about(name, IncidentScreened))


@settings(max_examples=100, deadline=None)
@given(story=stories())
def test_a_submission_that_is_repeated_to_the_letter_contradicts_nothing_whatever_has_become_of_it(
    story: list[Step],
) -> None:
    assert Told(story).house.said(SubmissionRefused) == []


@settings(max_examples=100, deadline=None)
@given(story=stories())
def test_what_is_admitted_is_proven_and_what_is_not_has_a_reason(story: list[Step]) -> None:
    told = Told(story)

    for name in SUBMISSIONS:
        for said in told.house.about(name, ClaimAccepted, AmendmentRecorded):
            assert said.admitted_minor == sum(item.admitted_minor for item in said.items) <= CAP
            assert said.admitted_minor <= said.incident_total_minor
            assert said.small is POLICY.is_small(said.incident_total_minor)
            for item in said.items:
                assert item.admitted_minor <= item.claimed_minor
                assert item.admitted_minor == 0 or item.item in told.shown(name)
                assert (item.admitted_minor < item.claimed_minor) <= bool(item.reasons)
        for said in told.house.about(name, ClaimAccepted):
            assert said.admitted_minor > 0
            if said.minor_claimant and said.injury is not InjuryClass.NONE:
                assert None in told.shown(name) or told.shown(name) >= {1, 2, 3, 4}, "nobody showed that he may act"
        for said in told.house.about(name, AmendmentRecorded):
            state = told.house.intake.states[name]
            cared_for = any(item.kind is LossKind.MEDICAL and item.admitted_minor for item in said.items)
            if state.about_a_minor and cared_for:
                assert None in told.shown(name) or told.shown(name) >= {1, 2, 3, 4}, "nobody showed that he may act"
        for said in told.house.about(name, ClaimDenied):
            assert said.reasons
            assert sum(i.admitted_minor for i in said.items) == 0
            if Reason.NO_RESPONSE in said.reasons:
                assert said.reasons == (Reason.NO_RESPONSE,)
                assert all(item.reasons for item in said.items)


@settings(max_examples=100, deadline=None)
@given(story=stories())
def test_one_claimants_order_and_day_is_accepted_at_most_once(story: list[Step]) -> None:
    house = Told(story).house

    accepted = [house.intake.states[said.submission_id] for said in house.said(ClaimAccepted)]
    times = Counter((state.claimant_id, state.order_id, state.incident_on) for state in accepted)
    assert max(times.values(), default=1) == 1
    going_on = {said.claim_id for said in house.said(IncidentReported)}
    assert {said.duplicate_of for said in house.said(DuplicateFound)} <= going_on
    # Who is still counted is exactly who was accepted.
    counted = {incident.submission_id for state in house.claimants.states.values() for incident in state.incidents}
    assert counted == {state.submission_id for state in accepted}


@settings(max_examples=100, deadline=None)
@given(story=stories())
def test_what_was_told_last_is_what_an_accepted_claim_comes_to(story: list[Step]) -> None:
    house = Told(story).house

    for said in house.said(ClaimAccepted):
        last = house.about(said.submission_id, ClaimAccepted, AmendmentRecorded)[-1]
        state = house.intake.states[said.submission_id]
        assert [item.claimed_minor for item in last.items] == [item.claimed_minor for item in state.items]
        assert last.admitted_minor + state.other_admitted_minor >= last.admitted_minor
        assert last.small is POLICY.is_small(last.admitted_minor + state.other_admitted_minor)
        names = [recorded.amendment_id for recorded in house.about(said.submission_id, AmendmentRecorded)]
        assert len(names) == len(set(names)), "each has a name of its own"
        payees = [each.payee_ref for each in house.about(said.submission_id, ClaimAccepted, PayeeRecorded)]
        assert payees[-1] == state.payee_ref
        liens = [each.liens for each in house.about(said.submission_id, ClaimAccepted, LienRecorded)]
        assert liens[-1] == state.liens
        assert house.about(said.submission_id, ClaimAccepted, BeneficiaryRecorded)[-1].beneficiary == state.beneficiary
        counted = [each.admitted_minor for each in house.about(said.submission_id, IncidentReported)]
        assert counted[-1] == last.admitted_minor, "the claimant's other claims count what is proven"
        assert len(house.about(said.submission_id, ReleaseRecorded)) <= 2


@settings(max_examples=100, deadline=None)
@given(story=stories())
def test_a_score_only_grows_is_told_when_it_is_enough_and_denies_nothing(story: list[Step]) -> None:
    house = Told(story).house

    for name in SUBMISSIONS:
        told = house.about(name, ClaimAccepted, SuspicionRaised)
        scores = [said.score for said in told]
        assert scores == sorted(set(scores))
        for said in told:
            assert said.score == sum(POLICY.screening.weights[signal] for signal in set(said.signals))
            assert len(said.signals) == len(set(said.signals))
            enough = said.score >= POLICY.screening.investigate_at
            assert enough is (said.investigate if isinstance(said, ClaimAccepted) else True)
        for denied in house.about(name, ClaimDenied):
            assert not {Reason.FRAUD, Reason.DUPLICATE} & {*denied.reasons}


@settings(max_examples=100, deadline=None)
@given(story=stories())
def test_what_is_in_common_with_others_is_seen_whatever_comes_first(story: list[Step]) -> None:
    house = Told(story).house

    reports = house.said(LinkReported)
    for one in reports:
        if one.signal is Signal.MANY_AGAINST_SELLER:
            continue
        state = house.intake.states[one.submission_id]
        others = {other.claimant_id for other in reports if other.link == one.link} - {one.claimant_id}
        assert bool(others) <= (one.signal in state.signals or state.ended_for_good)


@settings(max_examples=100, deadline=None)
@given(story=stories())
def test_nothing_of_the_narrative_or_beyond_the_coded_injury_is_kept_or_said(story: list[Step]) -> None:
    house = Told(story).house

    for fact in (*house.said(Event), *house.states()):
        assert SECRET not in fact.model_dump_json()
        if not isinstance(fact, ProductIncidentReported | ProductHazardFlagged):
            known = fact.model_dump_json() if isinstance(fact, Event) else ""
            assert "burn, scald" not in known
            assert "contusions" not in known
    assert all(process.size(key) < 2048 for process in house.all for key in process.states)


@st.composite
def product_incidents(draw: st.DrawFn) -> ProductIncidentReported:
    number = draw(st.integers(0, 120))
    return ProductIncidentReported(
        product=draw(st.sampled_from(["Kettles", "Ladders"])),
        claim_id=claim_id_of(f"fnol-{number}"),
        seller_id=f"seller-{number % 30}",
        policy=draw(st.sampled_from(["US-1", "GB-1"])),
        incident_on=date(2025, 1, 1) + timedelta(days=draw(st.integers(0, 400)) if number % 3 else number),
        injury=draw(st.sampled_from(InjuryClass)),
        minor=draw(st.booleans()),
        diagnosis=draw(st.sampled_from([None, "fracture", "burn, scald"])),
    )


@settings(max_examples=60, deadline=None)
@given(reports=st.lists(product_incidents(), max_size=150))
def test_each_level_is_flagged_once_per_product_and_only_ever_a_higher_one(
    reports: list[ProductIncidentReported],
) -> None:
    house = House()
    for report in reports:
        house.products.hear(report)

    for product in ("Kettles", "Ladders"):
        flags = [said for said in house.said(ProductHazardFlagged) if said.product == product]
        heights = [LEVELS.index(flag.level) for flag in flags]
        assert heights == sorted(set(heights))
        for flag in flags:
            rule = next(rule for rule in POLICY.hazards if rule.level == flag.level)
            assert flag.claims >= rule.claims or flag.serious >= rule.serious
            assert (flag.last_incident_on - flag.first_incident_on).days < rule.within_days
            assert all(injury.claims > 1 for injury in flag.injuries)
            assert len(flag.claim_ids) == len(set(flag.claim_ids)) == min(flag.claims, 20)
    assert all(house.products.size(key) < 12 * 1024 for key in house.products.states)


@given(
    losses=st.lists(
        st.fixed_dictionaries({"kind": st.just("property_damage"), "amount_minor": st.integers(1, 10**12)}),
        min_size=1,
        max_size=50,
    )
)
def test_a_state_stays_small_whatever_is_claimed(losses: list[dict[str, Any]]) -> None:
    longest = dict.fromkeys(("submission_id", "order_id", "seller_id"), "x" * 128)
    house = House()
    house.hear(submitted(**longest, product="x" * 200, losses=losses), said_at=START)

    size = house.intake.size(longest["submission_id"])
    assert size < (2048 if len(losses) <= 10 else 5 * 1024)  # beyond ten items: rare, and still one database page


def _said_of_one(random: Random, name: str) -> Event:
    """Anything that a customer or another process may say of the first submission, each time in other words."""
    money = random.randint(1, 90_000)
    some = [loss("purchase_price", money), loss(random.choice(["medical", "property_damage"]), money)]
    kind = random.choice(["receipt", "bill", "payslip", "estimate", *ROLE_PAPERS])
    says: list[Event] = [
        papers(paper(random.randint(1, 60), kind, bytes_=name), submission_id="fnol-1"),
        ClaimAmended(submission_id="fnol-1", amendment_id=name, losses=tuple(some)),
        ReopeningRequested(submission_id="fnol-1", request_id=name, reason=random.choice(list(ReopeningReason))),
        PayeeChanged(submission_id="fnol-1", payee=name),
        LienAsserted(submission_id="fnol-1", lien=Lien(holder_ref=name, amount_minor=money)),
        ReleaseSigned(submission_id="fnol-1", release=name),
        BeneficiaryStatusGiven(submission_id="fnol-1", beneficiary=random.random() < 0.5),
        SettlementConfirmed(submission_id="fnol-1"),
        screened(other_admitted_minor=money, asked=random.randint(1, 9)),
        LinkFound(submission_id="fnol-1", claim_id=CLAIM, signal=random.choice(list(Signal)), others=1),
        *([ClaimWithdrawn(submission_id="fnol-1")] if random.random() < 0.1 else []),
    ]
    return random.choice(says)


def test_what_is_known_of_a_submission_levels_off_however_much_is_said_of_it() -> None:
    world = Interpreter(intake)
    world.hear(submitted(losses=[GOOD]))
    levels_off(world, "fnol-1", lambda random: _said_of_one(random, f"name-{random.random()}"), most=4 * 1024)


def test_what_is_known_of_a_claimant_a_link_and_a_product_levels_off() -> None:
    def incident(random: Random) -> Event:
        number = random.randint(1, 10**9)
        if random.random() < 0.1:
            return IncidentRetracted(claimant_id="customer-1", submission_id=f"fnol-{number % 999}", claim_id=CLAIM)
        day = START.date() - timedelta(days=number % 999)
        return reported(f"fnol-{number % 999}", order_id=f"order-{number}", incident_on=day)

    def link(random: Random) -> Event:
        number = random.randint(1, 10**9)
        return LinkReported(
            link="order-1",
            submission_id=f"fnol-{number}",
            claim_id=CLAIM,
            claimant_id=f"customer-{number}",
            signal=random.choice([Signal.SAME_ORDER, Signal.MANY_AGAINST_SELLER]),
            policy="US-1",
            reported_on=START.date() - timedelta(days=number % 99),
        )

    levels_off(Interpreter(across_claims), "customer-1", incident, most=40 * 1024, events=400)
    levels_off(Interpreter(in_common), "order-1", link, most=8 * 1024, events=1_000)
