"""All five services with the outside world, in memory: every named route is gone, every claim ends, money adds up."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import pytest

from ops.demo.claims import generate, planted, spoilt
from ops.demo.facts import WATCHED, Facts
from ops.demo.outside.party import COMES_BACK
from ops.demo.rings import compared
from ops.demo.routes import HEARD, ROUTES, Gathered, routes_of
from ops.demo.scenes import SCENES
from ops.demo.standing import Money
from ops.demo.stories import Findings, count
from ops.submissions import Submission, from_claims, from_line
from shared.events.adjusters import ReviewKind
from shared.events.base import claim_id_of
from shared.events.claim import Reason
from shared.events.escalation import ClaimClosed, ClaimDecided, Outcome, PayoutAuthorized, ReviewOpened, StatusChanged
from shared.events.finance import PayoutPaid
from shared.events.intake import SubmissionRefused
from tests.demo.given import TODAY
from tests.demo.house import DemoHouse

START = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC)
CLAIMS, SEED = 420, 3
LIVED = timedelta(days=400)


@pytest.fixture(scope="module")
def submissions() -> list[Submission]:
    return list(from_claims(generate(CLAIMS, SEED, TODAY), partial(spoilt, SEED)))


@pytest.fixture(scope="module")
def house(submissions: list[Submission]) -> DemoHouse:
    """A year and more after everything was submitted, with one line that is no claim."""
    lived = DemoHouse(SEED, START)
    lived.receive([*submissions, from_line(b"not json", CLAIMS + 1)])
    lived.live(START + LIVED)
    return lived


@pytest.fixture(scope="module")
def routes(house: DemoHouse) -> Mapping[UUID, list[str]]:
    """Claim → its named routes, from the events that routes are recognised by."""
    gathered = Gathered()
    for told in house.history:
        if type(told.event) in HEARD:
            gathered.add(told)
    return {claim_id: routes_of(story) for claim_id, story in gathered.stories()}


@pytest.fixture(scope="module")
def facts(house: DemoHouse, submissions: list[Submission]) -> Facts:
    """What the observer would know."""
    found = Facts()
    for submission in submissions:
        found.hear("ClaimSubmitted", submission.key, b"", 1)
    for told in house.history:
        kind = type(told.event).__name__
        if kind in WATCHED and kind != "ClaimSubmitted":
            found.hear(kind, told.event.key, told.event.model_dump_json().encode(), 2)
    return found


def outcomes(house: DemoHouse) -> dict[UUID, Outcome]:
    """Each claim's last ending."""
    return {closed.claim_id: closed.outcome for closed in house.said(ClaimClosed)}


def test_every_named_route_is_gone(routes: Mapping[UUID, list[str]]) -> None:
    gone = Counter(name for names in routes.values() for name in names)
    assert not ROUTES.keys() - gone.keys()


def test_every_directed_claim_goes_its_own_route(
    routes: Mapping[UUID, list[str]], submissions: list[Submission]
) -> None:
    for scene, submission in zip(SCENES, submissions, strict=False):
        assert scene.route in routes[claim_id_of(submission.key)], scene


def test_every_claim_ends_and_nobody_waits_for_anything(house: DemoHouse, facts: Facts) -> None:
    assert not list(facts.waiting())
    assert Outcome.WAITING not in facts.outcomes()
    assert not house.waiting("intake", "seller_notifier", "escalation", "recovery")


def test_every_outcome_is_reached(house: DemoHouse) -> None:
    assert set(outcomes(house).values()) == set(Outcome) - {Outcome.WAITING}


def test_every_kind_of_review_is_asked_for(house: DemoHouse) -> None:
    assert {review.review for review in house.said(ReviewOpened)} == set(ReviewKind)


def test_the_customer_hears_last_how_it_ended(house: DemoHouse) -> None:
    told = {status.claim_id: status.outcome for status in house.said(StatusChanged)}
    assert told == outcomes(house)


def test_nobody_is_paid_more_than_was_ordered_and_decided(house: DemoHouse, facts: Facts) -> None:
    orders = {order.payout_id for order in house.said(PayoutAuthorized)}
    assert {paid.payout_id for paid in house.said(PayoutPaid)} <= orders
    decided = {(each.claim_id, each.round): each.allowed_minor for each in house.said(ClaimDecided)}
    for claim in facts.claims.values():
        assert all(payout.net_minor <= payout.authorised_minor for payout in claim.payouts.values())
        rounds = [amount for (claim_id, _), amount in decided.items() if str(claim_id) == claim.claim_id]
        assert sum(payout.borne_minor for payout in claim.payouts.values()) <= sum(rounds)


def test_events_and_books_tell_the_same_of_every_claim(house: DemoHouse, facts: Facts) -> None:
    books = house.books()
    for claim in facts.submitted():
        assert claim.money() == books.get(claim.claim_id, Money()), claim.submission_id
        assert claim.money().adds_up
        assert claim.recovery.owed_to_seller == 0


def test_paid_out_is_recovered_waived_or_written_off_to_the_cent(facts: Facts) -> None:
    money = facts.money()
    assert len(money) == 7
    assert all(sums.adds_up and not sums.outstanding and sums.paid_out for sums in money.values())


def test_the_tally_of_the_report_counts_each_claim_once_for_each_of_its_routes(
    house: DemoHouse, routes: Mapping[UUID, list[str]]
) -> None:
    gathered, found = Gathered(), Findings()
    for told in house.history:
        gathered.add(told)
    count(found.routes, gathered, outcomes(house))
    for name, ends in found.routes.items():
        counted = [claim_id for claim_id, names in routes.items() if name in names and claim_id in outcomes(house)]
        assert ends.total() == len(counted), name


def test_most_of_what_is_investigated_was_planted_and_some_is_found_to_be_fraud(facts: Facts) -> None:
    found = compared(planted(CLAIMS, SEED), [claim.submission_id for claim in facts.submitted() if claim.investigated])
    assert found.precision is not None
    assert found.recall is not None
    assert found.precision > 0.6
    assert found.recall > 0.4
    assert any(Reason.FRAUD in claim.reasons for claim in facts.submitted())


def test_all_is_over_within_months(house: DemoHouse) -> None:
    last = max(told.at for told in house.history if type(told.event).__name__ in WATCHED)
    assert last - START < timedelta(days=250)


def test_nobody_comes_back_to_what_had_ended_later_than_the_demo_waits_for(house: DemoHouse) -> None:
    """As the demo would see it: while claims wait it goes on; when none does it waits so long and no longer."""
    facts, before = Facts(), START
    for told in sorted(house.history, key=lambda told: told.at):
        kind = type(told.event).__name__
        if kind not in WATCHED:
            continue
        key = getattr(told.event, "submission_id", "") if kind == "ClaimSubmitted" else told.event.key
        moved = facts.changed_at
        pause, over = told.at - before, not any(facts.waiting()) if told.at - before > COMES_BACK else False
        assert not over, f"{kind} of {key} came {pause} after all had ended"
        facts.hear(kind, key, told.event.model_dump_json().encode(), 1)
        before = told.at if facts.changed_at != moved else before


def test_no_claim_is_talked_about_without_end(house: DemoHouse) -> None:
    assert max(house.lengths().values()) < 200


def test_what_is_no_claim_is_refused_and_harms_nobody(house: DemoHouse) -> None:
    keys = set(house.outside.refused_keys)
    assert f"line-{CLAIMS + 1}" in keys
    assert {refused.submission_id for refused in house.said(SubmissionRefused)} == keys


def test_the_same_seed_lives_the_same_life(submissions: list[Submission]) -> None:
    def life() -> list[str]:
        lived = DemoHouse(SEED, START)
        lived.receive(submissions[:40])
        lived.live(START + timedelta(days=60))
        return [told.event.model_dump_json() for told in lived.history]

    assert life() == life()
