"""Claimant, injured person and payee: who must show that he may act, and what is asked about a person."""

from typing import Any

import pytest

from services.intake import amendments, decide
from services.intake.state import Stage
from shared.events.claim import DocumentKind, InjuryClass, Lien, Reason
from shared.events.intake import (
    BeneficiaryRecorded,
    ClaimAccepted,
    ClaimDenied,
    InformationRequested,
    MissingPaper,
    ProductIncidentReported,
)
from shared.events.upstream import BeneficiaryStatusGiven
from shared.runtime import Decision
from tests.deciding import at, day
from tests.intake.given import (
    BILL,
    CHILD,
    ESTATE,
    FATAL,
    GUARDIAN,
    RECEIPT,
    accepted,
    amended,
    loss,
    never_proven,
    only,
    paper,
    papers,
    screened,
    screening,
    told,
    waiting_for_papers,
)

TEENAGER: dict[str, Any] = {"id": "customer-1", "age": 17.0}
UNASKED: dict[str, Any] = {"claimant": {"id": "customer-1", "age": 82.0}}
DEAR: dict[str, Any] = {"losses": [loss("purchase_price", 2_000), loss("medical", 80_000)]}
GUARDIANS_PAPER = MissingPaper(item=None, any_of=(DocumentKind.GUARDIAN_AUTHORITY,))


def asked(**changes: Any) -> InformationRequested:
    """What is asked for, with the papers of both items at hand."""
    decision = decide.incident_screened(screening(RECEIPT, BILL, **changes), screened(), at(day(1)))
    said = only(decision)
    assert isinstance(said, InformationRequested)
    return said


# Under age


@pytest.mark.parametrize(("age", "minor"), [(0.3, True), (17.9, True), (18.0, False), (None, False)])
def test_who_was_hurt_under_age_is_a_minor(age: float | None, minor: bool) -> None:
    assert screening(injured={"age": age}).minor_claimant is minor
    assert screening(claimant={"id": "customer-1", "age": age}).minor_claimant is minor


def test_a_grown_up_who_claims_for_a_child_does_not_make_it_grown_up_nor_the_other_way_round() -> None:
    assert screening(claimant={"id": "customer-1", "age": 40.0}, injured={"age": 6.0}).minor_claimant
    assert not screening(claimant=TEENAGER, injured={"age": 70.0}).minor_claimant


def test_a_minor_who_claims_for_a_grown_up_is_one_and_needs_a_guardian() -> None:
    given = {"claimant": TEENAGER, "injured": {"age": 70.0}}
    assert asked(**given).missing == (GUARDIANS_PAPER,)

    decision = decide.incident_screened(screening(RECEIPT, BILL, GUARDIAN, **given), screened(), at(day(1)))

    assert told(decision, ClaimAccepted).minor_claimant, "nothing is paid before a person has looked"
    assert not told(decision, ProductIncidentReported).minor, "no child was hurt"


def test_a_minor_whose_things_alone_were_damaged_needs_a_guardian_too() -> None:
    damage: dict[str, Any] = {"injury": None, "losses": [loss("purchase_price", 2_000), loss("property_damage", 500)]}
    given = waiting_for_papers(RECEIPT, paper(2, "estimate"), claimant=TEENAGER, **damage)

    decision = decide.documents_submitted(given, papers(GUARDIAN), at(day(2)))

    assert given.stage is Stage.WAITING_FOR_PAPERS
    assert told(decision, ClaimAccepted).minor_claimant


def test_what_a_grown_up_earns_is_a_loss_also_where_a_minor_claims() -> None:
    earnings = [loss("purchase_price", 2_000), loss("lost_earnings", 700)]
    given = screening(RECEIPT, paper(2, "payslip"), GUARDIAN, claimant=TEENAGER, injured={"age": 40.0}, losses=earnings)
    assert told(decide.incident_screened(given, screened(), at(day(0))), ClaimAccepted).items[1].admitted_minor == 700


def test_a_childs_injury_needs_the_guardians_paper_for_the_claim_as_a_whole() -> None:
    assert asked(**CHILD).missing == (GUARDIANS_PAPER,)


def test_the_guardians_paper_is_asked_for_together_with_the_items_own() -> None:
    said = told(decide.incident_screened(screening(RECEIPT, **CHILD), screened(), at(day(1))), InformationRequested)
    assert [paper.item for paper in said.missing] == [2, None]


def test_the_guardians_paper_that_comes_last_brings_acceptance() -> None:
    given = waiting_for_papers(RECEIPT, BILL, **CHILD)
    assert told(decide.documents_submitted(given, papers(GUARDIAN), at(day(2))), ClaimAccepted).minor_claimant


def test_a_guardians_paper_that_came_early_is_not_asked_for() -> None:
    given = screening(RECEIPT, BILL, GUARDIAN, **CHILD)
    assert told(decide.incident_screened(given, screened(), at(day(1))), ClaimAccepted).minor_claimant


def test_a_child_whom_nothing_hurt_needs_no_guardian() -> None:
    given = screening(RECEIPT, injury=None, losses=[loss("purchase_price", 2_000)], **CHILD)
    assert told(decide.incident_screened(given, screened(), at(day(1))), ClaimAccepted).injury is InjuryClass.NONE


def test_without_authority_nothing_is_accepted_however_well_it_is_proven() -> None:
    decision = decide.deadline_passed(waiting_for_papers(RECEIPT, BILL, **CHILD), at(day(30)))

    denied = told(decision, ClaimDenied)
    assert denied.reasons == (Reason.NO_RESPONSE,)
    assert [(item.admitted_minor, item.reasons) for item in denied.items] == [(0, (Reason.PAPERS_MISSING,))] * 2
    assert decision.state.can_be_reopened


@pytest.mark.parametrize(
    ("age", "guardians", "admitted"), [(17.9, False, 0), (17.9, True, 700), (18.0, False, 700), (None, False, 700)]
)
def test_a_minors_lost_earnings_are_refused_as_an_item_and_his_guardians_are_not(
    age: float | None, guardians: bool, admitted: int
) -> None:
    given = screening(
        RECEIPT,
        paper(2, "payslip"),
        GUARDIAN,
        injured={"age": age},
        losses=[loss("purchase_price", 2_000), loss("lost_earnings", 700, guardians=guardians)],
    )

    said = told(decide.incident_screened(given, screened(), at(day(0))), ClaimAccepted)

    assert said.items[1].admitted_minor == admitted
    assert said.items[1].reasons == (() if admitted else (Reason.MINORS_EARNINGS,))


# Who has died


def test_a_death_needs_the_paper_of_the_estate() -> None:
    assert asked(**FATAL).missing == (MissingPaper(item=None, any_of=(DocumentKind.ESTATE_AUTHORITY,)),)
    given = waiting_for_papers(RECEIPT, BILL, **FATAL)
    assert decide.documents_submitted(given, papers(GUARDIAN), at(day(2))) == Decision(given)
    assert told(decide.documents_submitted(given, papers(ESTATE), at(day(2))), ClaimAccepted)


def test_for_a_child_that_has_died_the_estate_acts_and_no_guardian() -> None:
    assert [kind for wanted in asked(**CHILD, **FATAL).missing for kind in wanted.any_of] == [
        DocumentKind.ESTATE_AUTHORITY
    ]


# Medicare


def test_over_the_threshold_whether_he_is_a_beneficiary_is_asked_and_never_inferred_from_his_age() -> None:
    said = asked(**UNASKED, **DEAR)
    assert (said.missing, said.asks_beneficiary) == ((), True)


@pytest.mark.parametrize(
    "changes",
    [
        {"losses": [loss("purchase_price", 5_000), loss("medical", 70_000)]},  # just the threshold
        {**DEAR, "claimant": {"id": "customer-1", "age": 82.0, "beneficiary": True}},
        {**DEAR, "marketplace": "DE", "currency": "EUR"},
        {"injury": None, "losses": [loss("purchase_price", 2_000), loss("property_damage", 80_000)]},
    ],
)
def test_what_need_not_be_reported_is_not_asked(changes: dict[str, Any]) -> None:
    given = screening(RECEIPT, BILL, paper(2, "estimate"), **UNASKED | changes)
    assert told(decide.incident_screened(given, screened(), at(day(1))), ClaimAccepted)


def test_a_claimants_own_status_says_nothing_of_somebody_else_who_was_hurt() -> None:
    claimant = {"id": "customer-1", "age": 40.0, "beneficiary": False}
    assert asked(claimant=claimant, injured={"age": 80.0}, **DEAR).asks_beneficiary


@pytest.mark.parametrize("answer", [True, False])
def test_the_answer_about_medicare_brings_acceptance_and_travels_with_it(answer: bool) -> None:
    given = waiting_for_papers(RECEIPT, BILL, **UNASKED, **DEAR)
    event = BeneficiaryStatusGiven(submission_id="fnol-1", beneficiary=answer)

    decision = decide.beneficiary_status_given(given, event, at(day(2)))

    assert told(decision, ClaimAccepted).beneficiary is answer


def test_the_answer_about_medicare_waits_for_the_papers_and_they_for_it() -> None:
    event = BeneficiaryStatusGiven(submission_id="fnol-1", beneficiary=False)
    first = decide.beneficiary_status_given(waiting_for_papers(RECEIPT, **UNASKED, **DEAR), event, at(day(2)))
    other = decide.documents_submitted(waiting_for_papers(**UNASKED, **DEAR), papers(RECEIPT, BILL), at(day(2)))

    assert first.says == ()
    assert not [said for said in other.says if isinstance(said, ClaimAccepted)]
    assert told(decide.documents_submitted(first.state, papers(BILL), at(day(3))), ClaimAccepted)
    assert told(decide.beneficiary_status_given(other.state, event, at(day(3))), ClaimAccepted)


def test_when_the_last_paper_has_come_the_customer_is_told_once_that_only_his_answer_about_medicare_is_wanted() -> None:
    given = waiting_for_papers(**UNASKED, **DEAR)
    some = decide.documents_submitted(given, papers(RECEIPT), at(day(2)))
    all_ = decide.documents_submitted(some.state, papers(BILL), at(day(3)))
    more = decide.documents_submitted(all_.state, papers(BILL), at(day(4)))

    assert [said for said in (*some.says, *more.says) if isinstance(said, InformationRequested)] == []
    said = told(all_, InformationRequested)
    assert (said.missing, said.asks_beneficiary) == ((), True)
    assert said.respond_by == given.due == all_.state.due, "as it was asked for"


def test_a_question_about_medicare_that_nobody_answers_is_no_answer() -> None:
    given = waiting_for_papers(RECEIPT, BILL, **UNASKED, **DEAR)
    assert told(decide.deadline_passed(given, at(day(30))), ClaimAccepted).beneficiary is None


def test_an_answer_about_medicare_after_acceptance_is_recorded_once_for_each_status() -> None:
    given = decide.deadline_passed(waiting_for_papers(RECEIPT, BILL, **UNASKED, **DEAR), at(day(30))).state
    event = BeneficiaryStatusGiven(submission_id="fnol-1", beneficiary=True)

    decision = decide.beneficiary_status_given(given, event, at(day(31)))

    assert only(decision) == BeneficiaryRecorded(claim_id=given.claim_id, submission_id="fnol-1", beneficiary=True)
    assert decide.beneficiary_status_given(decision.state, event, at(day(31))) == Decision(decision.state)
    assert decide.beneficiary_status_given(decision.state, event, at(day(32))).says == ()
    other = BeneficiaryStatusGiven(submission_id="fnol-1", beneficiary=False)
    assert told(decide.beneficiary_status_given(decision.state, other, at(day(33))), BeneficiaryRecorded)


def test_of_answers_about_medicare_what_was_said_last_counts_not_what_is_heard_last() -> None:
    no, yes = (BeneficiaryStatusGiven(submission_id="fnol-1", beneficiary=answer) for answer in (False, True))
    given = decide.beneficiary_status_given(accepted(), no, at(day(1))).state
    given = decide.beneficiary_status_given(given, yes, at(day(2))).state

    assert decide.beneficiary_status_given(given, no, at(day(3), said_at=day(1))) == Decision(given)


def test_an_answer_about_medicare_said_once_more_makes_it_the_last_word() -> None:
    no, yes = (BeneficiaryStatusGiven(submission_id="fnol-1", beneficiary=answer) for answer in (False, True))
    given = decide.beneficiary_status_given(accepted(), no, at(day(4))).state

    assert decide.beneficiary_status_given(given, yes, at(day(5), said_at=day(3))) == Decision(given)


def test_an_answer_about_medicare_for_a_claim_that_may_be_reopened_is_noted() -> None:
    event = BeneficiaryStatusGiven(submission_id="fnol-1", beneficiary=True)
    decision = decide.beneficiary_status_given(never_proven(), event, at(day(31)))
    assert (decision.says, decision.state.beneficiary) == ((), True)


def test_the_claimants_other_claims_for_the_incident_count_for_the_question_about_medicare() -> None:
    given = screening(RECEIPT, BILL, **UNASKED)  # 32,000 of its own
    assert told(decide.incident_screened(given, screened(other_admitted_minor=43_000), at(day(1))), ClaimAccepted)

    decision = decide.incident_screened(given, screened(other_admitted_minor=43_001), at(day(1)))

    assert told(decision, InformationRequested).asks_beneficiary


def test_another_claim_for_the_incident_brings_the_question_about_medicare_while_papers_are_awaited() -> None:
    given = waiting_for_papers(RECEIPT, **UNASKED)

    decision = decide.incident_screened(given, screened(other_admitted_minor=43_001), at(day(5)))

    said = told(decision, InformationRequested)
    assert said.asks_beneficiary
    assert [wanted.item for wanted in said.missing] == [2]
    assert said.respond_by == decision.state.due == day(35)
    assert decide.incident_screened(decision.state, screened(other_admitted_minor=50_000), at(day(6))).says == ()


def test_a_question_about_medicare_falls_away_with_the_other_claim_for_the_incident() -> None:
    given = waiting_for_papers(RECEIPT, BILL, other_admitted_minor=43_001, **UNASKED)
    assert told(decide.incident_screened(given, screened(), at(day(5))), ClaimAccepted).beneficiary is None


def test_an_accepted_claim_that_is_amended_over_the_threshold_brings_the_question_about_medicare_once() -> None:
    given = accepted(**UNASKED)
    dear = amended(loss("purchase_price", 2_000), loss("medical", 90_000))

    decision = amendments.claim_amended(given, dear, at(day(9)))

    said = told(decision, InformationRequested)
    assert (said.asks_beneficiary, said.missing, said.respond_by) == (True, (), day(39))
    assert decision.state.stage is Stage.ACCEPTED
    assert decision.state.due is None
    dearer = amended(loss("purchase_price", 2_000), loss("medical", 95_000), amendment_id="amendment-2")
    again = amendments.claim_amended(decision.state, dearer, at(day(10)))
    assert not [event for event in again.says if isinstance(event, InformationRequested)]


def test_another_claim_for_the_incident_brings_an_accepted_claim_the_question_about_medicare() -> None:
    decision = decide.incident_screened(accepted(**UNASKED), screened(other_admitted_minor=43_001), at(day(9)))
    assert told(decision, InformationRequested).asks_beneficiary


def test_who_has_answered_about_medicare_is_not_asked_again_when_more_is_claimed() -> None:
    given = accepted(**UNASKED).but(beneficiary=False)
    decision = amendments.claim_amended(given, amended(loss("medical", 95_000)), at(day(9)))
    assert not [event for event in decision.says if isinstance(event, InformationRequested)]


# Who is paid


def test_the_payee_who_was_named_is_opaque_and_the_same_on_every_claim() -> None:
    given = screening(RECEIPT, BILL, payee="account-7")
    said = told(decide.incident_screened(given, screened(), at(day(1))), ClaimAccepted)

    assert said.payee_ref == screening(submission_id="fnol-2", payee="account-7").payee_ref
    assert "account-7" not in said.payee_ref


def test_nobody_can_name_the_payee_of_another_claim() -> None:
    other = screening(submission_id="fnol-2")
    named = screening(payee=str(other.claim_id))
    assert named.payee_ref != other.payee_ref


def test_liens_travel_with_acceptance_one_per_holder() -> None:
    liens = [Lien(holder_ref="insurer-1", amount_minor=100), Lien(holder_ref="insurer-1", amount_minor=200)]
    given = screening(RECEIPT, BILL, liens=liens)
    assert told(decide.incident_screened(given, screened(), at(day(1))), ClaimAccepted).liens == (liens[1],)


# The injury


def test_what_was_coded_of_the_injury_leaves_with_acceptance_for_the_look_across_products_alone() -> None:
    decision = decide.incident_screened(screening(RECEIPT, BILL), screened(), at(day(1)))

    assert told(decision, ProductIncidentReported).diagnosis == "contusions, abr."
    assert decision.state.diagnosis is None
    assert "contusions" not in told(decision, ClaimAccepted).model_dump_json()


def test_a_claim_that_a_rule_has_ended_keeps_nothing_of_the_injury() -> None:
    assert screening(currency="EUR").stage is Stage.ENDED
    assert screening(currency="EUR").diagnosis is None
    assert never_proven().diagnosis is not None, "it may still be reopened"
