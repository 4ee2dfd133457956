"""What must hold for a seller whatever is said, how often, in which order and how late the service hears it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any, TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from services.insurance_accelerator.app import insurance_accelerator
from services.insurance_accelerator.state import (
    MAX_CANCELLATIONS,
    MAX_PERIODS,
    MAX_QUOTES,
    MAX_REQUESTS,
    MAX_WAITING,
    Seller,
)
from shared.events.base import Event
from shared.events.carriers import CarrierQuoted
from shared.events.insurance_accelerator import (
    BindRequested,
    CertificateAccepted,
    CertificateRejected,
    CoverBound,
    CoverLapsed,
    Defect,
    InsuranceRequired,
    QuoteExpired,
    QuoteOffered,
    QuotesRequested,
    SellerCoverChanged,
    SellerNotQualified,
)
from shared.events.seller_portal import CertificateSubmitted, InsurerRating, QuoteChosen
from shared.money import Currency
from shared.policy import load
from tests.insurance_accelerator.given import (
    SELLER,
    TODAY,
    certificate,
    choice,
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
POLITE_REFUSALS = (CertificateRejected, SellerNotQualified)


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
CERTIFICATES = st.sampled_from(["COI-1", "COI-2", "COI-3"])
QUOTES = st.sampled_from([(f"R-{r}", f"Q-{r}{q}") for r in range(3) for q in range(2)])
HOURS = st.integers(0, 96).map(lambda n: timedelta(hours=n))
MONTHS = st.integers(0, 240).map(lambda n: timedelta(days=n))


@st.composite
def certificates(draw: st.DrawFn) -> Callable[[datetime], Event]:
    """Mostly without a defect, for the same few numbers again and again."""
    marketplace, number = draw(MARKETPLACES), draw(CERTIFICATES)
    begins, lasts, cancelled = draw(st.integers(-400, 60)), draw(st.integers(0, 500)), draw(st.integers(-60, 400))
    changes: dict[str, Any] = {
        "certificate_id": number,
        "marketplace": marketplace,
        "currency": Currency.USD if marketplace == "US" else Currency.GBP,
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
    currency = Currency.USD if marketplace == "US" else Currency.GBP
    amount = draw(st.sampled_from([100_000, 500_000, 2_000_000]))

    def carriers_quote(now: datetime) -> CarrierQuoted:
        until = now + timedelta(days=days)
        return quoted(request_id=request_id, quote_id=quote_id, carrier=carrier, currency=currency, valid_until=until)

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
        lambda _: choice(quote_id),
        issued,
    ]
    return draw(st.one_of(certificates(), st.sampled_from(said)))


LATENESS = st.one_of(st.just(timedelta(0)), HOURS)
PAUSES = st.builds(Step, passes=st.one_of(HOURS, MONTHS), fires=st.booleans())
STEPS = st.one_of(st.builds(Step, event=facts(), said_ago=LATENESS), PAUSES)


def one_quote(promised: timedelta) -> list[Callable[[datetime], Event]]:
    """The way of one quote to cover."""
    return [
        lambda _: proceeds(),
        lambda _: wanted("R-0"),
        lambda now: quoted(request_id="R-0", quote_id="Q-00", valid_until=now + promised),
        lambda _: choice("Q-00"),
        lambda now: policy(quote_id="Q-00", valid_from=now.date(), valid_to=now.date() + timedelta(days=365)),
    ]


@st.composite
def lives(draw: st.DrawFn) -> list[Step]:
    """The way of one quote, or part of it, with repetitions, delays and whatever else between; then anything."""
    way = one_quote(draw(st.sampled_from([timedelta(days=1), timedelta(days=2), timedelta(days=20)])))
    steps: list[Step] = []
    for event in way[: draw(st.integers(0, len(way)))]:
        steps.append(Step(event=event, said_ago=draw(LATENESS)))
        steps.append(Step(passes=draw(HOURS), fires=draw(st.booleans())))
        steps += draw(st.sampled_from([[], [Step(event=event)]]))
        steps += draw(st.lists(STEPS, max_size=2))
    return steps + draw(st.lists(STEPS, min_size=1, max_size=15))


def for_any_life(test: Callable[[list[Step]], None]) -> Callable[[], None]:
    return settings(max_examples=60, deadline=None)(given(lives())(test))


def lived(steps: list[Step]) -> list[Turn]:
    """The turns of one seller's life."""
    world: World = Interpreter(insurance_accelerator)
    return [_turn(world, step) for step in steps]


def _turn(world: World, step: Step) -> Turn:
    if step.event is None:
        now = world.now + step.passes
        says = world.wait_until(now) if step.fires else ()
        world.now = now
        return Turn(now, now, None, says, world.states.get(SELLER))
    received = world.now - step.said_ago
    event = step.event(received)
    says = world.hear(event, said_at=received)
    return Turn(world.now, received, event, says, world.states.get(SELLER))


def said(turns: list[Turn], kind: type[E]) -> Iterator[tuple[Turn, E]]:
    return ((turn, event) for turn in turns for event in turn.says if isinstance(event, kind))


# Certificates and cover


def straightforward(paper: CertificateSubmitted, account_name: str, today: date) -> set[Defect]:
    """The policy terms of domain.md for the US, read aloud."""
    found: set[Defect] = set()
    if paper.insured_name.replace(" ", "").lower() != account_name.replace(" ", "").lower():
        found.add(Defect.NAME_DIFFERS)
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
@given(ANY_CERTIFICATE)
def test_every_defect_that_is_present_is_listed_and_no_other(paper: CertificateSubmitted) -> None:
    heard = insurance_accelerator.hears[CertificateSubmitted](known_seller(), paper, moment(0))
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
                insured |= {p.marketplace for p in event.periods if p.valid_to >= p.known_since.date()}
            if isinstance(event, CoverLapsed):
                assert event.marketplace in insured
                insured.remove(event.marketplace)
                last_days = [last for m, first, last in periods if m == event.marketplace and first <= last]
                assert all(last < turn.now.date() for last in last_days)
                assert event.lapsed_on <= turn.now.date()


@for_any_life
def test_in_the_end_every_lapse_is_told_and_no_certificate_waits(steps: list[Step]) -> None:
    turns = lived([*steps, Step(passes=timedelta(days=1000))])
    seller = turns[-1].seller
    if seller is not None:
        assert seller.insured_on == ()
        assert seller.waiting == ()
        assert not any(request.open for request in seller.requests)


@for_any_life
def test_the_duty_to_insure_is_told_once_per_marketplace(steps: list[Step]) -> None:
    told = [event.marketplace for _, event in said(lived(steps), InsuranceRequired)]
    assert len(told) == len(set(told))


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
            today = turn.now.date()
            covered = any(p.valid_from <= p.valid_to and p.valid_to >= today for p in turn.seller.periods)
            assert turn.seller.due is not None or not (open_quotes or covered or turn.seller.waiting)


@for_any_life
def test_hearing_the_same_again_changes_nothing(steps: list[Step]) -> None:
    world: World = Interpreter(insurance_accelerator)
    for step in steps:
        turn = _turn(world, step)
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
        assert len(seller.requests) <= MAX_REQUESTS
        assert len(seller.quotes) <= MAX_QUOTES
        assert len(seller.proceeds) <= len(load().marketplaces())
