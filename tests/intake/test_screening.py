"""What looks like fraud about one claim. It sends a claim to a person, and never denies it."""

import pytest

from services.intake import decide, screening
from services.intake.state import Submission
from shared.events.base import claim_id_of
from shared.events.claim import LossKind, Signal
from shared.events.intake import (
    AmendmentRecorded,
    ClaimAccepted,
    IncidentReported,
    LinkFound,
    LinkReported,
    ProductIncidentReported,
    SellerClaimReported,
    SuspicionRaised,
)
from shared.policy import load
from shared.runtime import Decision
from tests.deciding import at, day
from tests.intake.given import (
    BILL,
    CHILD,
    GUARDIAN,
    RECEIPT,
    accepted,
    loss,
    never_proven,
    only,
    paper,
    papers,
    screened,
    submitted,
    told,
    waiting_for_papers,
)
from tests.intake.given import screening as under_screening
from tests.intake.house import House

WEIGHTS = load().version("US-1").screening.weights


def found(signal: Signal) -> LinkFound:
    return LinkFound(submission_id="fnol-1", claim_id=claim_id_of("fnol-1"), signal=signal, others=1)


def linked(given: Submission, *signals: Signal) -> Submission:
    for signal in signals:
        given = screening.link_found(given, found(signal), at(day(1))).state
    return given


def acceptance(given: Submission, *signals: Signal) -> ClaimAccepted:
    """With these signals from the look across the claimant's claims."""
    return told(decide.incident_screened(given, screened(signals=signals), at(day(1))), ClaimAccepted)


# What is asked across claims


def test_order_seller_and_a_named_payee_are_looked_up_from_the_first_notice_on() -> None:
    decision = decide.claim_submitted(submitted(payee="account-7"), at(day(0)))

    links = [said for said in decision.says if isinstance(said, LinkReported)]
    assert [(link.link.partition("/")[0], link.signal) for link in links] == [
        ("order", Signal.SAME_ORDER),
        ("seller", Signal.MANY_AGAINST_SELLER),
        ("payee", Signal.SAME_PAYEE),
    ]
    assert {(link.claimant_id, link.policy) for link in links} == {("customer-1", "US-1")}
    assert "account-7" not in links[2].link


def test_a_claim_that_is_denied_at_once_is_not_looked_up() -> None:
    assert len(decide.claim_submitted(submitted(currency="EUR", payee="account-7"), at(day(0))).says) == 1


def test_an_order_whose_name_is_as_long_as_a_name_can_be_has_a_link_too() -> None:
    decision = decide.claim_submitted(submitted(order_id="o" * 128, seller_id="s" * 128), at(day(0)))
    links = {said.link for said in decision.says if isinstance(said, LinkReported)}
    assert len(links) == 2
    assert all(len(link) <= 128 for link in links)


def test_each_paper_with_a_hash_is_looked_up_once() -> None:
    given = waiting_for_papers()
    bill = paper(2, "bill", bytes_="St. Mary's, 300.00")

    first = decide.documents_submitted(given, papers(bill, bill), at(day(1)))
    again = decide.documents_submitted(first.state, papers(bill), at(day(2)))

    assert told(first, LinkReported).link == f"paper/{bill.sha256}"
    assert told(first, LinkReported).signal is Signal.SAME_EVIDENCE
    assert again == Decision(first.state)


# Signals of its own


@pytest.mark.parametrize(
    ("times", "outside"),
    [
        ({}, False),
        ({"delivered_on": "2025-05-20", "returned_on": "2025-05-20"}, False),
        ({"delivered_on": "2025-05-21"}, True),
        ({"returned_on": "2025-05-19"}, True),
    ],
)
def test_an_incident_while_he_did_not_have_the_item_is_a_signal(times: dict[str, str], outside: bool) -> None:
    assert under_screening(**times).signals == ((Signal.OUTSIDE_POSSESSION,) if outside else ())


@pytest.mark.parametrize(
    ("amount", "signal"), [(94_999, False), (95_000, True), (97_999, True), (98_000, False)]
)  # and 2,000 for the item; the line is 100,000, and 97 % of it are just under
def test_just_under_the_line_is_a_signal(amount: int, signal: bool) -> None:
    given = under_screening(RECEIPT, BILL, losses=[loss("purchase_price", 2_000), loss("medical", amount)])
    given = given.but(beneficiary=False)
    assert acceptance(given).signals == ((Signal.JUST_UNDER_LINE,) if signal else ())


def test_the_amounts_of_one_incident_are_just_under_the_line_together() -> None:
    decision = decide.incident_screened(
        under_screening(RECEIPT, BILL), screened(other_admitted_minor=66_000), at(day(1))
    )
    assert told(decision, ClaimAccepted).signals == (Signal.JUST_UNDER_LINE,)


# The score


def test_a_claim_without_a_signal_is_not_investigated() -> None:
    said = acceptance(under_screening(RECEIPT, BILL))
    assert (said.signals, said.score, said.investigate) == ((), 0, False)


def test_each_signal_weighs_once_and_a_score_that_is_reached_is_investigated_and_never_denied() -> None:
    given = linked(under_screening(RECEIPT, BILL), Signal.SAME_EVIDENCE, Signal.SAME_EVIDENCE)

    said = acceptance(given, Signal.SAME_INCIDENT, Signal.SAME_INCIDENT)

    assert said.signals == (Signal.SAME_INCIDENT, Signal.SAME_EVIDENCE)
    assert said.score == WEIGHTS[Signal.SAME_INCIDENT] + WEIGHTS[Signal.SAME_EVIDENCE]
    assert said.investigate


def test_a_claim_that_may_repeat_one_that_is_forgotten_is_investigated_whatever_its_signals_weigh() -> None:
    answer = screened(signals=(Signal.MANY_BY_CLAIMANT,)).model_copy(update={"may_repeat": True})
    said = told(decide.incident_screened(under_screening(RECEIPT, BILL), answer, at(day(1))), ClaimAccepted)
    assert said.score < load().version("US-1").screening.investigate_at
    assert said.investigate


def test_one_weak_signal_is_not_enough() -> None:
    said = acceptance(under_screening(RECEIPT, BILL), Signal.SAME_INCIDENT)
    assert (said.score, said.investigate) == (WEIGHTS[Signal.SAME_INCIDENT], False)


@pytest.mark.parametrize("given", [under_screening(), waiting_for_papers(), never_proven()])
def test_a_signal_before_acceptance_is_remembered(given: Submission) -> None:
    decision = screening.link_found(given, found(Signal.SAME_ORDER), at(day(1)))
    assert (decision.says, decision.state.signals) == ((), (Signal.SAME_ORDER,))


def test_a_signal_after_acceptance_that_makes_the_score_enough_raises_a_suspicion() -> None:
    given = linked(accepted(), Signal.SAME_ORDER)

    decision = screening.link_found(given, found(Signal.SAME_EVIDENCE), at(day(2)))

    said = only(decision)
    assert isinstance(said, SuspicionRaised)
    assert said.signals == (Signal.SAME_ORDER, Signal.SAME_EVIDENCE)
    assert said.score == WEIGHTS[Signal.SAME_ORDER] + WEIGHTS[Signal.SAME_EVIDENCE]
    assert screening.link_found(decision.state, found(Signal.SAME_EVIDENCE), at(day(3))) == Decision(decision.state)


def test_a_signal_after_acceptance_that_is_not_enough_says_nothing() -> None:
    assert screening.link_found(accepted(), found(Signal.SAME_ORDER), at(day(2))).says == ()


def test_each_further_signal_raises_the_suspicion_again() -> None:
    given = linked(accepted(), Signal.SAME_EVIDENCE)
    assert told(screening.link_found(given, found(Signal.SAME_PAYEE), at(day(2))), SuspicionRaised).score > 100


def test_the_look_across_the_claimants_claims_can_raise_a_suspicion_too() -> None:
    signals = (Signal.SAME_INCIDENT, Signal.MANY_BY_CLAIMANT)
    decision = decide.incident_screened(accepted(), screened(signals=signals), at(day(2)))
    assert told(decision, SuspicionRaised).signals == signals


def test_a_claim_that_has_ended_for_good_is_not_suspected() -> None:
    given = under_screening(currency="EUR")
    assert screening.link_found(given, found(Signal.SAME_EVIDENCE), at(day(2))) == Decision(given)


# What acceptance tells those who look across claims


def test_an_accepted_claim_counts_in_the_sellers_history() -> None:
    said = told(decide.incident_screened(under_screening(RECEIPT, BILL), screened(), at(day(1))), SellerClaimReported)
    assert (said.seller_id, said.admitted_minor, said.claim_id) == ("seller-1", 32_000, claim_id_of("fnol-1"))


def test_what_was_never_proven_stops_counting_for_the_claimants_other_claims_at_acceptance() -> None:
    partly = decide.deadline_passed(waiting_for_papers(RECEIPT), at(day(30)))
    wholly = decide.incident_screened(under_screening(RECEIPT, BILL), screened(), at(day(1)))

    assert told(partly, IncidentReported).admitted_minor == told(partly, ClaimAccepted).admitted_minor == 2_000
    assert not any(isinstance(said, IncidentReported) for said in wholly.says), "it counts what it did"
    assert decide.incident_screened(partly.state, screened(), at(day(31))) == Decision(partly.state)


def test_another_order_of_the_incident_becomes_small_again_when_this_one_is_not_proven() -> None:
    house = House()
    dear = [loss("purchase_price", 2_000), loss("property_damage", 90_000)]
    house.hear(submitted(losses=dear, injury=None))
    house.hear(papers(RECEIPT))
    other = "fnol-2"
    house.hear(submitted(submission_id=other, order_id="order-2"))
    house.hear(papers(RECEIPT, BILL, submission_id=other))
    house.settle()

    house.come_to_rest()

    assert [said.small for said in house.about(other, ClaimAccepted, AmendmentRecorded)] == [False, True]
    assert [said.admitted_minor for said in house.about("fnol-1", IncidentReported)] == [92_000, 2_000]
    assert house.about("fnol-1", AmendmentRecorded) == []


def test_an_injury_counts_for_the_product() -> None:
    given = under_screening(RECEIPT, BILL, GUARDIAN, **CHILD)
    said = told(decide.incident_screened(given, screened(), at(day(1))), ProductIncidentReported)
    assert (said.product, said.minor, said.policy) == ("Ladders", True, "US-1")


@pytest.mark.parametrize(("kind", "counts"), [(LossKind.PROPERTY_DAMAGE, True), (LossKind.PURCHASE_PRICE, False)])
def test_without_an_injury_damage_counts_for_the_product_and_a_price_does_not(kind: LossKind, counts: bool) -> None:
    given = under_screening(RECEIPT, injury=None, losses=[loss(kind, 5_000)])
    decision = decide.incident_screened(given, screened(), at(day(1)))
    assert any(isinstance(said, ProductIncidentReported) for said in decision.says) is counts
