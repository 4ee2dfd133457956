"""What another policy would have made of history: nothing without a change, and with one what it is about."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from rich.console import Console

from ops.policy.history import Gathering, History, Saying, claim_of
from ops.policy.simulate import Report, compare, live, proposed_policies, simulate
from ops.policy.simulate_text import as_json, write
from shared.events.adjusters import ReviewDecided, ReviewKind
from shared.events.base import Event, claim_id_of, derived_id
from shared.events.claim import Document, DocumentKind, LossKind, Reason
from shared.events.finance import PayoutFailed, PayoutPaid
from shared.events.intake import ClaimAccepted
from shared.events.marketplace import SellerProceedsReported, SellerRegistered
from shared.events.seller_notifier import SellerNotified
from shared.events.seller_portal import AnswerChoice, CertificateSubmitted, InsurerRating, SellerAnswered
from shared.events.upstream import Claimant, ClaimSubmitted, DocumentsSubmitted, Loss
from shared.money import Currency
from shared.policy import Policies, PolicyError, load
from shared.policy.files import HERE
from tests.ops.policy_life import Life, demo_life

START = datetime(2025, 6, 2, 9, tzinfo=UTC)
INSURED, UNINSURED = "seller-1", "seller-2"
HIGHER_LINE = """
[[versions]]
version = "US-2"
like = "US-1"
effective_from = 2031-01-01

[versions.handling]
small_claim_line_minor = 150_000
"""


# A small history by hand: whoever is not in it says nothing


def opening() -> list[tuple[float, Event]]:
    """Two sellers; one of them has a certificate without a defect."""
    certificate = CertificateSubmitted(
        seller_id=INSURED, certificate_id="COI-1", marketplace="US", insured_name="Acme", insurer="Northwind",
        insurer_rating=InsurerRating.A_OR_BETTER, occurrence_basis=True, currency=Currency.USD,
        per_occurrence_minor=100_000_000, aggregate_minor=100_000_000, deductible_minor=0, additional_insured=True,
        global_claims_handling=True, cancellation_notice_days=30, valid_from=date(2025, 1, 1),
        valid_to=date(2026, 12, 31),
    )  # fmt: skip
    proceeds = SellerProceedsReported(
        seller_id=INSURED, account_name="Acme", marketplace="US", month="2025-05", currency=Currency.USD,
        amount_minor=10_000,
    )  # fmt: skip
    registered = [
        SellerRegistered(seller_id=seller, name="Acme", language="en", contacts=(f"{seller}@example.com",))
        for seller in (INSURED, UNINSURED)
    ]
    return [(0, event) for event in (*registered, proceeds, certificate)]


def claim(number: int, minor: int, seller: str = INSURED, day: float = 1) -> list[tuple[float, Event]]:
    """One claim for property that was damaged, with its paper."""
    submission_id = f"sub-{number}"
    submitted = ClaimSubmitted(
        submission_id=submission_id, marketplace="US", currency=Currency.USD, order_id=f"order-{number}",
        seller_id=seller, product="Kettle", purchased_on=date(2025, 3, 1), incident_on=date(2025, 5, 20),
        reported_on=date(2025, 5, 30), claimant=Claimant(id=f"cust-{number}", age=40),
        losses=(Loss(kind=LossKind.PROPERTY_DAMAGE, amount_minor=minor),),
    )  # fmt: skip
    papers = DocumentsSubmitted(
        submission_id=submission_id,
        documents=(Document(kind=DocumentKind.RECEIPT, item=1, dated_on=date(2025, 5, 25), reference=f"doc-{number}"),),
    )
    return [(day, submitted), (day, papers)]


def said(*sayings: Iterable[tuple[float, Event]]) -> History:
    """What was said on these days, with nothing else on record."""
    gathering = Gathering()
    for number, (day, event) in enumerate(one for group in sayings for one in group):
        gathering.add(event, START + timedelta(days=day), f"said/{number}")
    return gathering.history(load())


def proposed(folder: Path, text: str = HIGHER_LINE) -> Policies:
    file = folder / "proposed.toml"
    file.write_text(text, encoding="utf-8")
    return proposed_policies(load(), file, HERE)[0]


def outcomes(history: History, policies: Policies) -> dict[int, str]:
    endings = live(history, policies).endings
    return {
        int(event.submission_id.removeprefix("sub-")): endings[claim_id].outcome
        for claim_id, event in history.submissions().items()
    }


def report(history: History, policies: Policies) -> Report:
    return simulate(history, policies, apart=False)


AMOUNTS = {1: 90_000, 2: 100_000, 3: 120_000, 4: 144_000, 5: 150_000, 6: 170_000}
"""Claim → dollars in cents, some on a line."""


def test_a_higher_line_moves_the_claims_between_the_lines_and_no_others(tmp_path: Path) -> None:
    history = said(opening(), *(claim(number, minor) for number, minor in AMOUNTS.items()))

    before, after = outcomes(history, load()), outcomes(history, proposed(tmp_path))

    assert before == {1: "direct_paid"} | dict.fromkeys(range(2, 7), "stepped_in_silent")
    assert after == dict.fromkeys(range(1, 5), "direct_paid") | dict.fromkeys((5, 6), "stepped_in_silent")


def test_what_a_higher_line_costs_is_told_in_money(tmp_path: Path) -> None:
    found = report(said(opening(), *(claim(number, minor) for number, minor in AMOUNTS.items())), proposed(tmp_path))

    between = 100_000 + 120_000 + 144_000
    assert found.matrix["stepped_in_silent", "direct_paid"] == found.changed == 3
    money = found.money["USD"]
    assert money["paid"][0] == money["paid"][1] == sum(AMOUNTS.values())
    assert money["waived"][1] - money["waived"][0] == between
    assert money["recovered"][0] - money["recovered"][1] == between
    for sums in (0, 1):
        assert money["paid"][sums] == sum(money[name][sums] for name in money if name != "paid")
    assert [(change.claim, change.weight) for change in found.changes] == [
        (claim_id_of("sub-4"), 144_000), (claim_id_of("sub-3"), 120_000), (claim_id_of("sub-2"), 100_000),
    ]  # fmt: skip


def test_a_seller_without_cover_is_asked_whatever_the_line(tmp_path: Path) -> None:
    history = said(opening(), claim(1, 120_000, UNINSURED))
    assert outcomes(history, load()) == outcomes(history, proposed(tmp_path)) == {1: "stepped_in_silent"}


def test_every_assumption_is_counted(tmp_path: Path) -> None:
    found = report(said(opening(), claim(1, 90_000), claim(2, 120_000)), proposed(tmp_path))

    assert found.assumed["amount reviews: the adjuster allows what is admitted"] == (1, 0)
    assert found.assumed["payouts: finance pays"] == (2, 2)
    assert found.assumed["releases: the customer signs"] == (1, 0)
    assert found.assumed["debits of sellers: finance collects"] == (1, 0)
    assert found.assumed["sellers who were not asked for an answer then: they stay silent"] == (1, 0)


def test_two_people_are_assumed_to_approve_what_is_above_the_limit(tmp_path: Path) -> None:
    found = report(said(opening(), claim(1, 2_000_000)), proposed(tmp_path))
    assert found.assumed["payouts above the authority limit: two people approve"] == (1, 1)
    assert found.matrix == {("stepped_in_silent", "stepped_in_silent"): 1}


def test_papers_that_nobody_had_asked_for_do_not_come(tmp_path: Path) -> None:
    text = HIGHER_LINE.replace("small_claim_line_minor = 150_000", "") + (
        '[versions.eligibility.papers]\nproperty_damage = ["estimate"]\n'
    )
    found = report(said(opening(), claim(1, 90_000)), proposed(tmp_path, text))
    assert found.matrix == {("direct_paid", "no_response"): 1}
    assert found.assumed["customers asked for papers who were not then: they send none"] == (0, 1)


def test_an_adjuster_says_what_he_said_then(tmp_path: Path) -> None:
    answered = SellerAnswered(
        claim_id=claim_id_of("sub-1"), seller_id=INSURED, answer_id="a-1", choice=AnswerChoice.CONTEST
    )  # fmt: skip
    decided = ReviewDecided(
        claim_id=claim_id_of("sub-1"), review=ReviewKind.CONTESTED, adjuster="adj-1", valid=False,
        reasons=(Reason.NOT_DEFECTIVE,),
    )  # fmt: skip
    history = said(opening(), claim(1, 120_000), [(3, answered), (9, decided)])

    assert outcomes(history, load()) == {1: "denied"}
    assert outcomes(history, proposed(tmp_path)) == {1: "direct_paid"}  # he was heard after the comment window


def test_a_seller_answers_as_long_after_his_notice_as_then() -> None:
    """The clock of a demo, or a slow day, may have let the notice go out late."""
    late, claim_id = START + timedelta(days=6), claim_id_of("sub-1")
    notified = SellerNotified(
        claim_id=claim_id, seller_id=INSURED, direct_pay=False, handed_over_at=late,
        respond_by=late + timedelta(days=7),
    )  # fmt: skip
    answered = SellerAnswered(
        claim_id=claim_id, seller_id=INSURED, answer_id="a-1", choice=AnswerChoice.PAY_THROUGH_US
    )  # fmt: skip
    history = said(opening(), claim(1, 120_000), [(6, notified), (12, answered)])

    assert outcomes(history, load()) == {1: "resolved_by_seller"}


def test_finance_fails_where_it_failed_then() -> None:
    claim_id = claim_id_of("sub-1")
    failed = PayoutFailed(claim_id=claim_id, payout_id=derived_id("payout", claim_id, 1), final=True)
    assert outcomes(said(opening(), claim(1, 90_000), [(5, failed)]), load()) == {1: "payout_failed"}


def test_finance_pays_what_is_ordered_now_where_it_paid_all_of_it_then(tmp_path: Path) -> None:
    claim_id = claim_id_of("sub-1")
    payout_id = derived_id("payout", claim_id, 1)
    paid = PayoutPaid(
        claim_id=claim_id, payout_id=payout_id, currency=Currency.USD, amount_minor=90_000, finance_reference="f-1"
    )  # fmt: skip
    history = replace(said(opening(), claim(1, 90_000), [(5, paid)]), authorised={payout_id: 90_000})
    capped = HIGHER_LINE.replace("small_claim_line_minor = 150_000", "cap_minor = 50_000")

    found = report(history, proposed(tmp_path, capped))

    assert found.money["USD"]["paid"] == (90_000, 50_000)
    assert "payouts: finance pays" not in found.assumed


@pytest.mark.parametrize("name", ["us.toml", "copy.toml"])
def test_an_unchanged_file_changes_nothing(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text((HERE / "us.toml").read_text(encoding="utf-8"), encoding="utf-8")
    history = said(opening(), *(claim(number, minor) for number, minor in AMOUNTS.items()))

    policies, pairs = proposed_policies(load(), file, HERE)
    found = report(history, policies)

    assert pairs == []
    assert (found.changed, found.changes) == (0, [])
    assert all(before == after for before, after in found.matrix)
    assert all(before == after for sums in found.money.values() for before, after in sums.values())


# What a file proposes


def test_a_changed_copy_takes_the_place_of_its_version(tmp_path: Path) -> None:
    file = tmp_path / "us.toml"
    text = (HERE / "us.toml").read_text(encoding="utf-8")
    file.write_text(text.replace("small_claim_line_minor = 100_000", "small_claim_line_minor = 150_000"))

    policies, [(before, after)] = proposed_policies(load(), file, HERE)

    assert (before.version, after.version) == ("US-1", "US-1")
    assert policies.version("US-1").handling.small_claim_line_minor == 150_000
    assert policies.version("DE-1") == load().version("DE-1")


def test_all_claims_of_the_marketplace_are_judged_under_the_proposed_version(tmp_path: Path) -> None:
    policies = proposed(tmp_path)
    assert [policy.version for policy in policies.of("US")] == ["US-2"]
    in_force = policies.in_force("US", date(2022, 1, 1))
    assert in_force is not None
    assert in_force.version == "US-2"


def test_a_file_with_the_recorded_version_and_a_new_one_proposes_the_new_one(tmp_path: Path) -> None:
    policies = proposed(tmp_path, (HERE / "us.toml").read_text(encoding="utf-8") + HIGHER_LINE)
    assert [policy.version for policy in policies.of("US")] == ["US-2"]


@pytest.mark.parametrize(
    ("text", "said_then"),
    [
        (
            HIGHER_LINE + HIGHER_LINE.replace("US-2", "US-3").replace("2031", "2032"),
            "US-2 and US-3 are both new for US; leave the one that is meant",
        ),
        (HIGHER_LINE.replace('like = "US-1"', 'like = "US-1"\nmarketplace = "ZZ"'), "no claim was ever judged in ZZ"),
        (HIGHER_LINE.replace("150_000", '"much"'), "proposed.toml, line 8: versions.1.handling.small_claim_line_minor"),
    ],
)
def test_a_file_that_proposes_nothing_clear_is_refused(tmp_path: Path, text: str, said_then: str) -> None:
    with pytest.raises(PolicyError) as caught:
        proposed(tmp_path, text)
    assert said_then in str(caught.value)


# A life as the demo lives it


@pytest.fixture(scope="module")
def life() -> Life:
    return demo_life(250)


@pytest.fixture(scope="module")
def history(life: Life) -> History:
    return life.history()


@pytest.fixture(scope="module")
def higher(history: History, tmp_path_factory: pytest.TempPathFactory) -> Report:
    return simulate(history, proposed(tmp_path_factory.mktemp("proposed")))


def test_the_baseline_ends_nearly_all_claims_as_they_really_ended(higher: Report) -> None:
    assert higher.ended == higher.claims == 250
    assert higher.reproduced >= 0.96 * higher.ended
    assert len(higher.differing) == min(higher.ended - higher.reproduced, 10)


def test_only_claims_around_the_old_and_the_new_line_change(history: History, higher: Report, life: Life) -> None:
    totals = {
        accepted.claim_id: accepted.incident_total_minor
        for taken in life.taken.values()
        for one in taken
        for accepted in (said.event for said in one.said)
        if isinstance(accepted, ClaimAccepted) and accepted.marketplace == "US"
    }
    assert higher.changes
    for change in higher.changes:  # just under a line is a signal, and may lead to an investigation
        assert 95_000 <= totals[change.claim] < 150_000, change
    assert {history.submissions()[change.claim].marketplace for change in higher.changes} == {"US"}


def test_in_every_currency_what_was_paid_is_found_again(higher: Report) -> None:
    assert len(higher.money) > 5
    for sums in higher.money.values():
        for side in (0, 1):
            assert sums["paid"][side] == sum(sums[name][side] for name in sums if name != "paid")
    unchanged = {currency for currency, sums in higher.money.items() if all(a == b for a, b in sums.values())}
    assert unchanged == set(higher.money) - {"USD"}


def last_of(history: History, claims: int) -> History:
    """The same with the last claims alone, so that a life is short."""
    kept = set(list(history.submissions())[-claims:])
    sayings = tuple(one for one in history.sayings if (claim := claim_of(one.event)) is None or claim in kept)
    return replace(history, sayings=sayings)


def test_the_same_life_is_lived_twice(history: History) -> None:
    last = last_of(history, 40)
    assert live(last, history.policies).endings == live(last, history.policies).endings


def test_what_really_happened_is_compared_with_the_baseline(history: History) -> None:
    last = last_of(history, 30)
    run = live(last, history.policies)
    wrong = next(iter(last.submissions()))
    really = {**run.endings, wrong: replace(run.endings[wrong], outcome="withdrawn", paid=1)}

    found = compare(replace(last, really=really), run, run)

    assert (found.ended, found.reproduced) == (30, 29)
    assert [change.claim for change in found.differing] == [wrong]


def test_claims_that_have_not_ended_are_not_compared(history: History) -> None:
    last = last_of(history, 30)
    run = live(last, history.policies)
    really = {claim_id: replace(ending, outcome="open: with_seller") for claim_id, ending in run.endings.items()}
    assert compare(replace(last, really=really), run, run).ended == 0


# The report


def text_of(found: Report, tmp_path: Path) -> str:
    file = tmp_path / "proposed.toml"
    file.write_text(HIGHER_LINE, encoding="utf-8")
    console = Console(width=200)
    with console.capture() as captured:
        write(console, found, proposed_policies(load(), file, HERE)[1])
    return captured.get()


def test_the_report_tells_the_proposal_the_changes_and_how_true_it_is(higher: Report, tmp_path: Path) -> None:
    text = text_of(higher, tmp_path)
    for part in (
        "handling.small_claim_line_minor  1,000.00 USD",
        "Outcomes that change",
        "Borne by the marketplace",
        "Assumed of whoever said nothing then",
        "US-2 in the place of US-1",
        f"the simulation ends {higher.reproduced} of the 250 claims",
    ):
        assert part in text


def test_the_report_as_json_has_every_figure(higher: Report, tmp_path: Path) -> None:
    file = tmp_path / "proposed.toml"
    file.write_text(HIGHER_LINE, encoding="utf-8")
    plain: dict[str, Any] = json.loads(as_json(higher, proposed_policies(load(), file, HERE)[1]))

    assert plain["proposed"][0]["differences"]["handling.small_claim_line_minor"] == [100_000, 150_000]
    assert sum(row["claims"] for row in plain["outcomes"]) == plain["claims"] == 250
    assert plain["changed"] == higher.changed
    assert plain["money_minor"]["USD"]["paid"]["baseline"] == higher.money["USD"]["paid"][0]
    assert UUID(plain["largest_changes"][0]["claim_id"])
    assert plain["baseline"]["reproduced"] == higher.reproduced


def test_a_repeated_word_is_said_once() -> None:
    gathering, event = Gathering(), claim(1, 90_000)[0][1]
    for number in range(3):
        gathering.add(event, START, f"said/{number}")
    gathering.add(event, START + timedelta(days=1), "said/4")
    sayings = gathering.history(load()).sayings
    assert [(saying.at, saying.id) for saying in sayings] == [
        (START, "said/0"), (START + timedelta(days=1), "said/4"),
    ]  # fmt: skip
    assert isinstance(sayings[0], Saying)
