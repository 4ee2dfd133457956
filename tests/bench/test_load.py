"""What the load says is what the contracts allow, though no class is made on its way."""

from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import pytest

import bench
from bench import load
from bench.load import ROUTES, Route, Saying
from bench.outside import Tally, ready
from bench.stand import MARKETPLACE
from ops import catalogue
from shared.events.adjusters import ReviewDecided, ReviewKind
from shared.events.base import PARTITIONS, Event, claim_id_of
from shared.events.escalation import ReviewOpened
from shared.events.finance import PayoutPaid, SellerDebitCollected
from shared.events.recovery import SellerDebitRequested
from shared.events.seller_notifier import SellerNotified
from shared.events.seller_portal import AnswerChoice, SellerAnswered
from shared.events.upstream import ClaimSubmitted, DocumentsSubmitted
from shared.money import Currency
from shared.policy.files import versions_in
from shared.runtime.codec import decode
from shared.runtime.lanes import partition_of

TODAY, NOW = date(2026, 3, 2), datetime(2026, 3, 2, 9, tzinfo=UTC)


def understood(saying: Saying) -> Event:
    """As a service hears it."""
    (record,) = ready([saying], NOW)
    assert record.partition == partition_of(record.key.decode(), PARTITIONS)
    event, envelope = decode(record.topic, record.key, record.value, record.headers)
    assert envelope.time == NOW
    return event


def answer(route: Route, heard: Event) -> Event:
    key = heard.key
    reply = route.answers[heard.type_name()](heard.model_dump(mode="json"))
    return understood(load.replied(reply, key.encode(), partition_of(key, PARTITIONS)))


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_each_claim_is_understood_with_its_papers_first(route: Route) -> None:
    one, other = load.claims(route, "ab12", 2, 50, TODAY)
    papers, claim = map(understood, one.sayings)
    assert isinstance(papers, DocumentsSubmitted)
    assert isinstance(claim, ClaimSubmitted)
    assert papers.submission_id == claim.submission_id == "ab12-0"
    assert one.claim_id.decode() == str(claim_id_of(claim.submission_id))
    assert (
        claim.seller_id
        == load.seller_of(0, insured=route.insured)
        in {event.key for event in load.directory(50, TODAY)}
    )
    second = understood(other.sayings[1])
    assert isinstance(second, ClaimSubmitted)
    assert not {claim.submission_id, claim.order_id, claim.claimant.id, claim.product, claim.seller_id} & {
        second.submission_id, second.order_id, second.claimant.id, second.product, second.seller_id
    }  # fmt: skip


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_a_path_is_of_processes_there_are(route: Route) -> None:
    assert set(route.path) <= {process.name for service in catalogue.all_services() for process in service.processes}


def test_the_directory_is_understood() -> None:
    for event in load.directory(2, TODAY):
        assert understood(load.saying(event, "some-id")) == event


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_finance_pays_and_collects_what_was_ordered(route: Route) -> None:
    debit = SellerDebitRequested(
        claim_id=uuid4(), debit_id=uuid4(), seller_id="s", currency=Currency.USD, amount_minor=139_49
    )
    collected = answer(route, debit)
    assert isinstance(collected, SellerDebitCollected)
    assert (collected.claim_id, collected.debit_id, collected.amount_minor) == (debit.claim_id, debit.debit_id, 139_49)


def test_finance_says_the_same_of_the_same_order() -> None:
    order = {"claim_id": str(uuid4()), "payout_id": str(uuid4()), "currency": "USD", "amount_minor": 5}
    assert load.paid(order) == load.paid(order)
    assert PayoutPaid.model_validate(load.paid(order).body).amount_minor == 5


def test_sellers_answer_as_their_route_has_it() -> None:
    notice = SellerNotified(claim_id=uuid4(), seller_id="s", direct_pay=False, handed_over_at=NOW, respond_by=NOW)
    choices = {"seller-answers": AnswerChoice.PAY_THROUGH_US, "contested": AnswerChoice.CONTEST}
    for route in ROUTES:
        if route.name not in choices:
            assert "SellerNotified" not in route.answers
            continue
        answered = answer(route, notice)
        assert isinstance(answered, SellerAnswered)
        assert (answered.choice, answered.claim_id) == (choices[route.name], notice.claim_id)


def test_an_adjuster_finds_a_contested_claim_valid_in_its_round() -> None:
    contested = next(route for route in ROUTES if route.name == "contested")
    review = ReviewOpened(
        claim_id=uuid4(), review=ReviewKind.CONTESTED, currency=Currency.USD, items=(), decide_by=NOW, round=2
    )
    decided = answer(contested, review)
    assert isinstance(decided, ReviewDecided)
    assert (decided.valid, decided.review, decided.round) == (True, ReviewKind.CONTESTED, 2)


def test_the_marketplace_of_the_bench_is_a_policy_that_waits_as_the_routes_say() -> None:
    (version,) = versions_in(Path(bench.__file__).parent / "marketplace.toml")
    assert version.policy.marketplace == MARKETPLACE
    assert version.policy.handling.comment_window_hours == 0
    assert version.policy.handling.seller_response_days == load.RESPONSE_DAYS


def test_a_tally_counts_each_key_once_and_knows_when_all_is_over() -> None:
    tally = Tally([b"a", b"b"], ("ClaimClosed",))
    for key, moment in ((b"a", 1.0), (b"a", 2.0), (b"stranger", 3.0)):
        tally.hear("ClaimClosed", key, moment)
    tally.hear("ClaimDecided", b"b", 4.0)
    assert (tally.at["ClaimClosed"], tally.over) == ({b"a": 1.0}, False)
    tally.hear("ClaimClosed", b"b", 5.0)
    assert tally.over
