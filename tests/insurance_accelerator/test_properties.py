"""What must hold for a seller whatever is said, how often, in which order and how late the service hears it.

Checked: every defect of a certificate at once · cover once told stays or is cut at its end, its version grows by one,
and it is known since it was said · each lapse told · the duty told once, and overdue once for each time without cover ·
quotes offered once, honoured in time, bound once, compared whole · a cancellation leaves its notice · what is said last
counts in any order · the same again changes nothing · what waits has a deadline · bounded, and level under endless
talk · nothing raises. Time that passes without firing is an outage.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any, TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from services.insurance_accelerator.app import insurance_accelerator
from services.insurance_accelerator.state import (
    MAX_CANCELLATIONS,
    MAX_DECLINES,
    MAX_NOTICES,
    MAX_PERIODS,
    MAX_QUOTES,
    MAX_REQUESTS,
    MAX_WAITING,
    Seller,
)
from shared.events.base import Event
from shared.events.carriers import CarrierDeclined, CarrierQuoted, PolicyCancelled, PolicyIssued
from shared.events.insurance_accelerator import (
    BindRequested,
    CertificateAccepted,
    CertificateRejected,
    CoverBound,
    CoverCancelled,
    CoverLapsed,
    CoverLapsing,
    CoverPeriod,
    Defect,
    InsuranceOverdue,
    InsuranceReminded,
    InsuranceRequired,
    QuoteExpired,
    QuoteOffered,
    QuoteRefused,
    QuotesCompared,
    QuotesRequested,
    SellerCoverChanged,
    SellerNotQualified,
)
from shared.events.intake import SellerClaimReported
from shared.events.seller_portal import CertificateSubmitted, CoverKind, InsurerRating, QuoteChosen
from shared.money import Currency
from shared.policy import load
from shared.policy.model import CLAIMS_REMEMBERED
from tests.deciding import START
from tests.endless import levels_off
from tests.insurance_accelerator.given import (
    SELLER,
    TODAY,
    cancellation,
    certificate,
    choice,
    claim,
    declined,
    known_seller,
    moment,
    policy,
    proceeds,
    quoted,
    wanted,
)
from tests.interpreter import Interpreter

E = TypeVar("E", bound=Event)
World = Interpreter[Seller]
POLITE_REFUSALS = (CertificateRejected, SellerNotQualified, QuoteRefused)
RENEWAL = "newest-renewal"
"""Stands for the id of a request that the service makes by itself."""


@dataclass(frozen=True)
class Step:
    """What happens next: time passes, unheard or with its deadlines fired, or something is heard.

    ``event`` is made when its moment comes, for dates are relative to it; ``said_ago``: how late it is heard.
    """

    passes: timedelta = timedelta(0)
    fires: bool = True
    event: Callable[[datetime], Event] | None = None
    said_ago: timedelta = timedelta(0)


@dataclass(frozen=True)
class Turn:
    """One step as it went. ``received``: when the outside said what was heard, at the latest now."""

    now: datetime
    received: datetime
    event: Event | None
    says: tuple[Event, ...]
    seller: Seller | None


MARKETPLACES = st.sampled_from(["US", "GB"])
CURRENCIES = {"US": Currency.USD, "GB": Currency.GBP}
CERTIFICATES = st.sampled_from(["COI-1", "COI-2", "POL-Q-00"])
QUOTES = st.sampled_from([*((f"R-{r}", f"Q-{r}{q}") for r in range(2) for q in range(2)), (RENEWAL, "Q-90")])
HOURS = st.integers(0, 96).map(lambda n: timedelta(hours=n))
AMOUNTS = st.sampled_from([500_000, 2_000_000])
MONTHS = st.integers(0, 240).map(lambda n: timedelta(days=n))


@st.composite
def certificates(draw: st.DrawFn) -> Callable[[datetime], Event]:
    """Mostly without a defect, for the same few numbers again and again."""
    marketplace, number = draw(MARKETPLACES), draw(CERTIFICATES)
    begins, lasts, cancelled = draw(st.integers(-400, 60)), draw(st.integers(0, 500)), draw(st.integers(-60, 400))
    changes: dict[str, Any] = {
        "certificate_id": number,
        "marketplace": marketplace,
        "currency": CURRENCIES[marketplace],
        "occurrence_basis": draw(st.sampled_from([True, True, True, False])),
    }
    is_cancelled = draw(st.sampled_from([False, False, True]))

    def submitted(now: datetime) -> Event:
        today = now.date()
        dates: dict[str, Any] = {
            "valid_from": today + timedelta(days=begins),
            "valid_to": today + timedelta(days=lasts),
            "cancelled_on": today + timedelta(days=cancelled) if is_cancelled else None,
        }
        return certificate(**changes, **dates)

    return submitted


@st.composite
def facts(draw: st.DrawFn) -> Callable[[datetime], Event]:
    """Anything that the outside can say of the one seller."""
    (request_id, quote_id), marketplace = draw(QUOTES), draw(MARKETPLACES)
    days, carrier = draw(st.integers(-2, 40)), draw(st.sampled_from(["northwind", "southsea"]))
    currency, number = CURRENCIES[marketplace], draw(st.integers(1, 6))
    amount = draw(AMOUNTS)
    premium, limit = draw(st.integers(1, 9)), draw(st.sampled_from([100_000_000, 100_000_000, 99_999_999]))

    def carriers_quote(now: datetime) -> CarrierQuoted:
        terms = {"premium_minor": premium * 10_000, "per_occurrence_minor": limit, "currency": currency}
        until = now + timedelta(days=days)
        return quoted(request_id=request_id, quote_id=quote_id, carrier=carrier, valid_until=until, **terms)

    def cancelled(now: datetime) -> Event:
        last_day = now.date() + timedelta(days=days * 3)
        return cancellation(policy_number=f"POL-{quote_id}", carrier=carrier, last_day=last_day)

    def reported(now: datetime) -> Event:
        reported_on = now.date() - timedelta(days=days * 9)
        return claim(number, marketplace=marketplace, currency=currency, reported_on=reported_on)

    def issued(now: datetime) -> Event:
        begins = now.date()
        return policy(
            quote_id=quote_id,
            carrier=carrier,
            policy_number=f"POL-{quote_id}",
            valid_from=begins,
            valid_to=begins + timedelta(days=300 + days),
        )

    month = proceeds(marketplace=marketplace, currency=currency, amount_minor=amount)
    said: list[Callable[[datetime], Event]] = [
        lambda _: month,
        lambda _: wanted(request_id, marketplace),
        carriers_quote,
        lambda _: declined(request_id=request_id, carrier=carrier),
        lambda _: choice(quote_id),
        issued,
        cancelled,
        reported,
    ]
    return draw(st.one_of(certificates(), st.sampled_from(said)))


LATENESS = st.one_of(st.just(timedelta(0)), HOURS)
PAUSES = st.builds(Step, passes=st.one_of(HOURS, MONTHS), fires=st.booleans())
STEPS = st.one_of(st.builds(Step, event=facts(), said_ago=LATENESS), PAUSES)


def one_quote(promised: timedelta, amount_minor: int) -> list[Callable[[datetime], Event]]:
    """The way of one quote to cover."""
    return [
        lambda _: proceeds(amount_minor=amount_minor),
        lambda _: wanted("R-0"),
        lambda now: quoted(request_id="R-0", quote_id="Q-00", valid_until=now + promised),
        lambda _: choice("Q-00"),
        lambda now: policy(
            quote_id="Q-00",
            policy_number="POL-Q-00",
            valid_from=now.date(),
            valid_to=now.date() + timedelta(days=365),
        ),
    ]


def its_end(days: int) -> list[Callable[[datetime], Event]]:
    """The carrier cancels the policy, or what follows it is quoted for; the one that fits the time is heeded.

    Other cover begins later, mostly after some days without.
    """
    return [
        lambda now: cancellation(policy_number="POL-Q-00", last_day=now.date() + timedelta(days=days)),
        lambda now: quoted(request_id=RENEWAL, quote_id="Q-90", valid_until=now + timedelta(days=20)),
        lambda _: choice("Q-90"),
        lambda now: certificate(valid_from=now.date() + timedelta(days=100), valid_to=now.date() + timedelta(days=400)),
    ]


PROMISES = (timedelta(days=1), timedelta(days=2), timedelta(days=20))


@st.composite
def lives(draw: st.DrawFn) -> list[Step]:
    """The way of one quote, or part of it, with repetitions, delays and whatever else between; then anything.

    In half of the lives the way is gone to its end in time, so that there is cover to speak of.
    """
    straight = draw(st.booleans())
    promised, amount = draw(st.sampled_from(PROMISES[-1:] if straight else PROMISES)), draw(AMOUNTS)
    way = one_quote(promised, amount)
    steps: list[Step] = []
    for event in way if straight else way[: draw(st.integers(0, len(way)))]:
        in_time = straight and event is not way[-1]
        steps.append(Step(event=event, said_ago=timedelta(0) if in_time else draw(LATENESS)))
        pause = draw(st.sampled_from([0, 1, 12])) if straight else draw(st.integers(0, 96))
        steps.append(Step(passes=timedelta(hours=pause), fires=draw(st.booleans())))
        steps += draw(st.sampled_from([[], [Step(event=event)]]))
        steps += [] if straight else draw(st.lists(STEPS, max_size=2))
    if draw(st.booleans()):
        steps.append(Step(passes=timedelta(days=draw(st.sampled_from([10, 321, 340])))))
        steps += [Step(event=event) for event in its_end(draw(st.sampled_from([0, 20, 90])))]
    return steps + draw(st.lists(STEPS, min_size=1, max_size=15))


def for_any_life(test: Callable[[list[Step]], None]) -> Callable[[], None]:
    return settings(max_examples=60, deadline=None)(given(lives())(test))


def lived(steps: list[Step]) -> list[Turn]:
    """The turns of one seller's life."""
    world: World = Interpreter(insurance_accelerator)
    return [turn for step in steps for turn in _turns(world, step)]


def _turns(world: World, step: Step) -> Iterator[Turn]:
    """One for what is heard; where time passes, one for each deadline that does, and one for the end."""
    if step.event is not None:
        yield _heard(world, step.event, step.said_ago)
        return
    end = world.now + step.passes
    while step.fires and (first := world.next_due()) is not None and first[0] <= end:
        says = world.wait_until(max(first[0], world.now))
        yield Turn(world.now, world.now, None, says, world.states.get(SELLER))
    world.now = end
    yield Turn(end, end, None, (), world.states.get(SELLER))


def _heard(world: World, made: Callable[[datetime], Event], said_ago: timedelta) -> Turn:
    received = world.now - said_ago
    event = _addressed(made(received), world.states.get(SELLER))
    says = world.hear(event, said_at=received)
    return Turn(world.now, received, event, says, world.states.get(SELLER))


def _addressed(event: Event, seller: Seller | None) -> Event:
    """With the id of the newest request for a renewal, where that was meant."""
    if not isinstance(event, CarrierQuoted | CarrierDeclined) or event.request_id != RENEWAL or seller is None:
        return event
    renewals = [request.request_id for request in seller.requests if request.renews is not None]
    return event.model_copy(update={"request_id": renewals[-1] if renewals else "R-unknown"})


def today_on(marketplace: str, now: datetime) -> date:
    policy = load().in_force(marketplace, now.date())
    assert policy is not None
    return policy.day_of(now)


def covers(periods: Sequence[CoverPeriod], marketplace: str, day: date) -> bool:
    return any(p.marketplace == marketplace and p.valid_from <= day <= p.valid_to for p in periods)


def covered_between(periods: Sequence[CoverPeriod], marketplace: str, first: datetime, last: datetime) -> bool:
    """Whether there was a day with cover between the days of two moments, both included."""
    began, ended = today_on(marketplace, first), today_on(marketplace, last)
    of_this = [p for p in periods if p.marketplace == marketplace and p.valid_from <= p.valid_to]
    return any(p.valid_from <= ended and p.valid_to >= began for p in of_this)


def said(turns: list[Turn], kind: type[E]) -> Iterator[tuple[Turn, E]]:
    return ((turn, event) for turn in turns for event in turn.says if isinstance(event, kind))


# Certificates and cover


def straightforward(paper: CertificateSubmitted, account_name: str, today: date) -> set[Defect]:
    """The policy terms of domain.md for the US, read aloud."""
    found: set[Defect] = set()
    if paper.insured_name.replace(" ", "").lower() != account_name.replace(" ", "").lower():
        found.add(Defect.NAME_DIFFERS)
    if paper.kind is CoverKind.OTHER:
        found.add(Defect.WRONG_KIND)
    if not paper.occurrence_basis:
        found.add(Defect.NOT_OCCURRENCE_BASIS)
    if paper.currency != "USD":
        found.add(Defect.WRONG_CURRENCY)
    else:
        if paper.per_occurrence_minor < 1_000_000_00:
            found.add(Defect.OCCURRENCE_LIMIT_TOO_LOW)
        if paper.aggregate_minor < 1_000_000_00:
            found.add(Defect.AGGREGATE_LIMIT_TOO_LOW)
        if paper.deductible_minor is not None and paper.deductible_minor > 10_000_00:
            found.add(Defect.DEDUCTIBLE_TOO_HIGH)
    if paper.deductible_minor is None:
        found.add(Defect.DEDUCTIBLE_NOT_SHOWN)
    if not paper.additional_insured:
        found.add(Defect.NOT_ADDITIONAL_INSURED)
    if paper.insurer_rating not in {"A", "A-"}:
        found.add(Defect.RATING_TOO_LOW)
    if not paper.global_claims_handling:
        found.add(Defect.NO_GLOBAL_CLAIMS_HANDLING)
    if paper.cancellation_notice_days < 30:
        found.add(Defect.CANCELLATION_NOTICE_TOO_SHORT)
    sixty_days_on = today + timedelta(days=60)
    if paper.valid_to < sixty_days_on or (paper.cancelled_on is not None and paper.cancelled_on < sixty_days_on):
        found.add(Defect.TOO_FEW_DAYS_LEFT)
    if paper.valid_to < today:
        found.add(Defect.ALREADY_LAPSED)
    if paper.cancelled_on is not None and not paper.cancelled_on > today:
        found.add(Defect.CANCELLED)
    if paper.valid_from > paper.valid_to:
        found.add(Defect.PERIOD_INVALID)
    return found


NEAR_TODAY = st.integers(-90, 90).map(lambda n: TODAY + timedelta(days=n))
AROUND_THE_LIMIT = st.sampled_from([0, 99_999_999, 100_000_000, 100_000_001])
ANY_CERTIFICATE = st.builds(
    certificate,
    insured_name=st.sampled_from(["Acme Trading Ltd", "ACME TRADING LTD", "acme  tradingltd", "Acme Trade Ltd"]),
    insurer_rating=st.sampled_from(InsurerRating),
    occurrence_basis=st.booleans(),
    kind=st.sampled_from(CoverKind),
    currency=st.sampled_from([Currency.USD, Currency.USD, Currency.CAD]),
    per_occurrence_minor=AROUND_THE_LIMIT,
    aggregate_minor=AROUND_THE_LIMIT,
    deductible_minor=st.sampled_from([None, 0, 1_000_000, 1_000_001]),
    additional_insured=st.booleans(),
    global_claims_handling=st.booleans(),
    cancellation_notice_days=st.sampled_from([0, 29, 30, 31]),
    valid_from=NEAR_TODAY,
    valid_to=st.one_of(NEAR_TODAY, st.just(date(2030, 1, 1))),
    cancelled_on=st.one_of(st.none(), NEAR_TODAY),
)


@settings(deadline=None)
@given(ANY_CERTIFICATE, st.integers(0, 4))
def test_every_defect_that_is_present_on_the_day_of_the_upload_is_listed_and_no_other(
    paper: CertificateSubmitted, days_late: int
) -> None:
    heard = insurance_accelerator.hears[CertificateSubmitted](known_seller(), paper, moment(days_late, said=0))
    defects = straightforward(paper, "Acme Trading Ltd", TODAY)
    if defects:
        (rejected,) = heard.says
        assert isinstance(rejected, CertificateRejected)
        assert set(rejected.defects) == defects
        assert len(rejected.defects) == len(defects)
    else:
        assert isinstance(heard.says[0], CertificateAccepted)


@for_any_life
def test_the_version_of_cover_grows_by_one(steps: list[Step]) -> None:
    versions = [event.version for _, event in said(lived(steps), SellerCoverChanged)]
    assert versions == list(range(1, len(versions) + 1))


@for_any_life
def test_cover_once_told_stays_or_is_cut_at_its_end(steps: list[Step]) -> None:
    snapshots = [event.periods for _, event in said(lived(steps), SellerCoverChanged)]
    for before, after in pairwise(snapshots):
        for period, later in zip(before, after, strict=False):
            assert later == period.model_copy(update={"valid_to": later.valid_to})
            assert later.valid_to <= period.valid_to
        assert len(before) <= len(after)
        assert before != after


@for_any_life
def test_cover_is_known_since_what_brought_it_was_said(steps: list[Step]) -> None:
    turns = lived(steps)
    words = {turn.received for turn in turns if isinstance(turn.event, CertificateSubmitted | PolicyIssued)}
    for turn, event in said(turns, SellerCoverChanged):
        if isinstance(turn.event, PolicyIssued):
            assert event.periods[-1].known_since == turn.received
        assert {period.known_since for period in event.periods} <= words


@given(st.lists(st.integers(0, 3), min_size=1, max_size=8))
def test_of_contents_of_one_paper_the_one_said_last_waits_in_whatever_order_they_are_heard(heard: list[int]) -> None:
    world: World = Interpreter(insurance_accelerator, now=moment(5).now)
    for number in heard:
        world.hear(certificate(deductible_minor=number), said_at=moment(number).now)
    (waiting,) = world.states[SELLER].waiting
    assert (waiting.certificate.deductible_minor, waiting.uploaded_at) == (max(heard), moment(max(heard)).now)


@given(st.lists(st.tuples(st.sampled_from(["2025-04", "2025-05"]), st.integers(0, 3)), min_size=1, max_size=8))
def test_the_name_is_of_the_newest_month_and_said_last_in_whatever_order_reports_are_heard(
    heard: list[tuple[str, int]],
) -> None:
    world: World = Interpreter(insurance_accelerator, now=moment(5).now)
    for month, number in heard:
        world.hear(proceeds(month=month, account_name=f"{month} {number}"), said_at=moment(number).now)
    month, number = max(heard)
    assert world.states[SELLER].account_name == f"{month} {number}"


@for_any_life
def test_no_cover_outlives_a_cancellation_that_was_heard_before_or_after(steps: list[Step]) -> None:
    cancelled: dict[str, date] = {}
    for turn in lived(steps):
        if isinstance(turn.event, CertificateSubmitted) and turn.event.cancelled_on is not None:
            number = turn.event.certificate_id
            cancelled[number] = min(turn.event.cancelled_on, cancelled.get(number, date.max))
        for period in turn.seller.periods if turn.seller else ():
            assert period.valid_to <= cancelled.get(period.certificate_id, date.max)


@for_any_life
def test_a_lapse_is_told_once_and_only_when_cover_is_over(steps: list[Step]) -> None:
    insured: set[str] = set()
    periods: list[tuple[str, date, date]] = []
    for turn in lived(steps):
        for event in turn.says:
            if isinstance(event, SellerCoverChanged):
                periods = [(p.marketplace, p.valid_from, p.valid_to) for p in event.periods]
                insured |= {
                    p.marketplace for p in event.periods if p.valid_to >= today_on(p.marketplace, p.known_since)
                }
            if isinstance(event, CoverLapsed):
                assert event.marketplace in insured
                insured.remove(event.marketplace)
                last_days = [last for m, first, last in periods if m == event.marketplace and first <= last]
                assert all(last < today_on(event.marketplace, turn.now) for last in last_days)
                assert event.lapsed_on <= today_on(event.marketplace, turn.now)


@for_any_life
def test_in_the_end_every_lapse_is_told_and_no_certificate_waits(steps: list[Step]) -> None:
    turns = lived([*steps, Step(passes=timedelta(days=1000))])
    seller = turns[-1].seller
    if seller is not None:
        assert seller.insured_on == ()
        assert seller.waiting == ()
        assert not any(request.open for request in seller.requests)
        assert not any(duty.over_at or duty.uncovered_at or duty.reminders for duty in seller.duties)
        assert not any(period.bound and period.bound.renew_at for period in seller.periods)


@for_any_life
def test_the_duty_to_insure_is_told_once_per_marketplace(steps: list[Step]) -> None:
    told = [event.marketplace for _, event in said(lived(steps), InsuranceRequired)]
    assert len(told) == len(set(told))


@for_any_life
def test_who_has_cover_is_neither_reminded_nor_overdue(steps: list[Step]) -> None:
    periods: tuple[CoverPeriod, ...] = ()
    insure_by: dict[str, date] = {}
    for turn in lived(steps):
        for event in turn.says:
            if isinstance(event, SellerCoverChanged):
                periods = event.periods
            if isinstance(event, InsuranceRequired):
                insure_by[event.marketplace] = event.insure_by
            if isinstance(event, InsuranceReminded | InsuranceOverdue):
                today, due = today_on(event.marketplace, turn.now), insure_by[event.marketplace]
                assert (today > due) is isinstance(event, InsuranceOverdue)
                assert not covers(periods, event.marketplace, today)
                assert event.insure_by == due


@for_any_life
def test_a_duty_is_overdue_once_for_each_time_without_cover_and_whoever_lacks_it_is_overdue(steps: list[Step]) -> None:
    overdue: set[str] = set()
    periods: tuple[CoverPeriod, ...] = ()
    insure_by: dict[str, date] = {}
    before = START
    for turn in lived([*steps, *[Step(passes=timedelta(days=10))] * 100]):
        overdue -= {m for m in overdue if covered_between(periods, m, before, turn.now)}
        for event in turn.says:
            if isinstance(event, InsuranceRequired):
                insure_by[event.marketplace] = event.insure_by
            if isinstance(event, SellerCoverChanged):
                periods = event.periods
                overdue -= {m for m in overdue if covered_between(periods, m, turn.now, turn.now)}
            if isinstance(event, InsuranceOverdue):
                assert event.marketplace not in overdue
                overdue.add(event.marketplace)
        before = turn.now
        if turn.seller is not None and (turn.seller.due is None or turn.seller.due > turn.now):
            bound = {m for m, last_day in insure_by.items() if today_on(m, turn.now) > last_day}
            assert overdue == {m for m in bound if not covered_between(periods, m, turn.now, turn.now)}


@for_any_life
def test_in_the_end_everybody_with_the_duty_and_no_cover_is_overdue(steps: list[Step]) -> None:
    turns = lived([*steps, Step(passes=timedelta(days=1000))])
    obliged = {event.marketplace for _, event in said(turns, InsuranceRequired)}
    assert obliged == {event.marketplace for _, event in said(turns, InsuranceOverdue)}


# Cover bound here


@for_any_life
def test_cover_is_cancelled_only_with_the_notice_that_the_policy_asks_for(steps: list[Step]) -> None:
    notices: list[tuple[str, date]] = []
    for turn in lived(steps):
        if isinstance(turn.event, PolicyCancelled):
            least = min(today_on("US", turn.received), today_on("GB", turn.received)) + timedelta(days=30)
            notices.append((turn.event.policy_number, max(turn.event.last_day, least)))
        for event in turn.says:
            if isinstance(event, CoverCancelled):
                assert any(number == event.policy_number and event.last_day >= day for number, day in notices)


@for_any_life
def test_cancelled_cover_ends_with_the_day_that_was_told_whatever_paper_is_shown_later(steps: list[Step]) -> None:
    cancelled: dict[tuple[str, str], date] = {}
    for turn in lived(steps):
        for event in turn.says:
            if isinstance(event, CoverCancelled):
                (told,) = [e for e in turn.says if isinstance(e, SellerCoverChanged)]
                there = [p for p in told.periods if p.marketplace == event.marketplace]
                assert max(p.valid_to for p in there if p.certificate_id == event.policy_number) == event.last_day
                cancelled[event.policy_number, event.marketplace] = event.last_day
        for period in turn.seller.periods if turn.seller else ():
            assert period.valid_to <= cancelled.get((period.certificate_id, period.marketplace), date.max)


@for_any_life
def test_what_follows_bound_cover_is_asked_for_once_and_shortly_before_its_end(steps: list[Step]) -> None:
    asked: set[str] = set()
    for turn in lived(steps):
        for event in turn.says:
            if isinstance(event, CoverLapsing):
                assert event.request_id not in asked
                asked.add(event.request_id)
                assert timedelta(0) <= event.last_day - today_on(event.marketplace, turn.now) <= timedelta(days=45)
                (request,) = [e for e in turn.says if isinstance(e, QuotesRequested) and e.renews]
                assert (request.request_id, request.renews) == (event.request_id, event.policy_number)


# Quotes


@for_any_life
def test_a_quote_is_offered_once_in_time_and_as_promised(steps: list[Step]) -> None:
    turns = lived(steps)
    reply_by = {event.request_id: event.reply_by for _, event in said(turns, QuotesRequested)}
    offers = list(said(turns, QuoteOffered))
    for turn, offer in offers:
        assert isinstance(turn.event, CarrierQuoted)
        assert turn.received <= reply_by[offer.request_id]
        assert offer.valid_until == turn.event.valid_until > turn.now
    assert len({offer.quote_id for _, offer in offers}) == len(offers)


@for_any_life
def test_a_quote_is_bound_only_when_chosen_in_time_and_only_once(steps: list[Step]) -> None:
    turns = lived(steps)
    valid_until = {offer.quote_id: offer.valid_until for _, offer in said(turns, QuoteOffered)}
    asked: dict[str, BindRequested] = {}
    for turn, bind in said(turns, BindRequested):
        if bind.quote_id not in asked:
            assert turn.event == choice(bind.quote_id)
            assert turn.received <= valid_until[bind.quote_id]
        assert asked.setdefault(bind.quote_id, bind) == bind
    bound = [event.quote_id for _, event in said(turns, CoverBound)]
    expired = [event.quote_id for _, event in said(turns, QuoteExpired)]
    assert len(bound) == len(set(bound))
    assert len(expired) == len(set(expired))
    assert set(bound) <= set(asked)
    assert not set(expired) & set(asked)


@for_any_life
def test_every_choice_in_time_of_an_open_quote_is_honoured(steps: list[Step]) -> None:
    open_until: dict[str, datetime] = {}
    for turn in lived(steps):
        until = open_until.get(turn.event.quote_id) if isinstance(turn.event, QuoteChosen) else None
        if isinstance(turn.event, QuoteChosen) and until is not None and turn.received <= until:
            assert any(isinstance(event, BindRequested) for event in turn.says)
            del open_until[turn.event.quote_id]
        for event in turn.says:
            if isinstance(event, QuoteOffered):
                open_until[event.quote_id] = event.valid_until
            if isinstance(event, QuoteExpired):
                assert open_until.pop(event.quote_id) <= turn.now


@for_any_life
def test_each_round_of_quotes_is_compared_once_with_all_that_was_offered(steps: list[Step]) -> None:
    turns = lived([*steps, Step(passes=timedelta(days=1000))])
    offered = [offer for _, offer in said(turns, QuoteOffered)]
    compared = [event for _, event in said(turns, QuotesCompared)]
    asked = [event.request_id for _, event in said(turns, QuotesRequested)]
    assert sorted(event.request_id for event in compared) == sorted(asked)
    for event in compared:
        of_this = {offer.quote_id for offer in offered if offer.request_id == event.request_id}
        assert {offer.quote_id for offer in event.offers} == of_this
        premiums = [offer.premium_minor for offer in event.offers]
        assert premiums == sorted(premiums)
        assert not {o.carrier for o in event.offers} & {decline.carrier for decline in event.declined}


@for_any_life
def test_every_new_quote_on_a_request_is_answered_once_and_no_other_is(steps: list[Step]) -> None:
    turns = lived(steps)
    for before, turn in pairwise(turns):
        if not isinstance(turn.event, CarrierQuoted) or before.seller is None:
            continue
        known = before.seller.quote(turn.event.quote_id) is not None
        answers = [event for event in turn.says if isinstance(event, QuoteOffered | QuoteRefused)]
        assert len(answers) == (before.seller.request(turn.event.request_id) is not None and not known)


@for_any_life
def test_carriers_hear_of_every_claim_of_the_year_and_of_no_other(steps: list[Step]) -> None:
    heard: dict[str, SellerClaimReported] = {}
    for turn in lived(steps):
        if isinstance(turn.event, SellerClaimReported):
            since = today_on(turn.event.marketplace, turn.now) - timedelta(days=365)
            if turn.event.reported_on >= since:
                heard.setdefault(str(turn.event.claim_id), turn.event)
        for asked in (event for event in turn.says if isinstance(event, QuotesRequested)):
            since = today_on(asked.marketplace, turn.now) - timedelta(days=365)
            recent = [c for c in heard.values() if c.marketplace == asked.marketplace and c.reported_on >= since]
            assert (asked.claims_so_far, asked.claims_minor) == (len(recent), 40_000 * len(recent))


# The process


@for_any_life
def test_something_is_due_while_a_quote_a_choice_or_cover_is_open(steps: list[Step]) -> None:
    open_quotes: set[str] = set()
    for turn in lived(steps):
        for event in turn.says:
            if isinstance(event, QuoteOffered):
                open_quotes.add(event.quote_id)
            if isinstance(event, QuoteExpired | CoverBound):
                open_quotes.remove(event.quote_id)
        if turn.seller is not None:
            covered = any(p.has_days and p.valid_to >= today_on(p.marketplace, turn.now) for p in turn.seller.periods)
            asking = any(request.open for request in turn.seller.requests)
            awaited = open_quotes or covered or asking or turn.seller.waiting
            assert turn.seller.due is not None or not awaited


@for_any_life
def test_hearing_the_same_again_changes_nothing(steps: list[Step]) -> None:
    world: World = Interpreter(insurance_accelerator)
    for step in steps:
        for turn in _turns(world, step):
            if turn.event is not None and turn.seller is not None:
                again = world.hear(turn.event, said_at=turn.received)
                assert world.states[SELLER] == turn.seller
                assert all(isinstance(event, POLITE_REFUSALS) for event in again)


@for_any_life
def test_what_is_known_of_a_seller_stays_bounded(steps: list[Step]) -> None:
    for seller in (turn.seller for turn in lived(steps) if turn.seller is not None):
        assert len(seller.periods) <= MAX_PERIODS
        assert len(seller.cancellations) <= MAX_CANCELLATIONS
        assert len(seller.waiting) <= MAX_WAITING
        assert max(Counter(past.marketplace for past in seller.claims).values(), default=0) <= CLAIMS_REMEMBERED
        assert len(seller.notices) <= MAX_NOTICES
        assert all(len(request.declined) <= MAX_DECLINES for request in seller.requests)
        renewals = sum(request.renews is not None for request in seller.requests)
        assert len(seller.requests) <= MAX_REQUESTS + renewals
        assert len(seller.quotes) <= MAX_QUOTES
        assert len(seller.proceeds) <= len(load().marketplaces())


def _day(random: Random) -> date:
    return START.date() + timedelta(days=random.randint(-400, 1500))


TALK: tuple[Callable[[Random, str], Event], ...] = (
    lambda r, _: proceeds(amount_minor=r.choice([100, 2_000_000]), month=f"20{r.randint(25, 40)}-0{r.randint(1, 9)}"),
    lambda r, name: certificate(certificate_id=name, valid_from=_day(r), valid_to=_day(r), cancelled_on=_day(r)),
    lambda r, name: certificate(certificate_id=name, valid_to=_day(r), insured_name=r.choice(["Acme", "X"])),
    lambda r, _: claim(r.randint(1, 9_999), reported_on=_day(r), admitted_minor=r.randint(1, 90_000)),
    lambda r, _: wanted(f"R-{r.randint(1, 30)}"),
    lambda r, name: quoted(request_id=f"R-{r.randint(1, 30)}", quote_id=f"Q-{r.randint(1, 60)}", carrier=name),
    lambda r, name: declined(request_id=f"R-{r.randint(1, 30)}", carrier=name),
    lambda r, _: choice(f"Q-{r.randint(1, 60)}"),
    lambda r, name: policy(quote_id=f"Q-{r.randint(1, 60)}", policy_number=name, valid_from=_day(r), valid_to=_day(r)),
    lambda r, name: cancellation(policy_number=name, last_day=_day(r)),
)


def test_what_is_known_of_a_seller_levels_off_however_much_is_said_of_him() -> None:
    def says(random: Random) -> Event:
        return random.choice(TALK)(random, f"name-{random.random()}")

    world: World = Interpreter(insurance_accelerator)
    world.hear(proceeds())
    levels_off(world, SELLER, says, most=48 * 1024)
