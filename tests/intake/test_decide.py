"""Intake decides: given what it knows, when it hears this, then it says that."""

import json

import pytest

from services.intake import decide
from services.intake.app import intake
from services.intake.state import Stage, Submission
from shared.events.base import claim_id_of
from shared.events.claim import Document, InjuryClass, Reason
from shared.events.intake import (
    ClaimAccepted,
    ClaimDenied,
    ClaimWithdrawalRecorded,
    DuplicateFound,
    IncidentReported,
    IncidentRetracted,
    IncidentScreened,
    InformationRequested,
    SettlementReplyRecorded,
)
from shared.events.upstream import ClaimWithdrawn, SettlementConfirmed, SettlementDisputed
from shared.runtime import Decision
from shared.runtime.process import Undecodable
from tests.deciding import at, day
from tests.intake.given import (
    BILL,
    RECEIPT,
    accepted,
    denial,
    loss,
    only,
    paper,
    papers,
    reasons,
    screened,
    screening,
    submitted,
    told,
    waiting_for_papers,
    withdrawn,
)
from tests.interpreter import Interpreter

WITHDRAWN = ClaimWithdrawn(submission_id="fnol-1")


BRITISH: dict[str, object] = {"marketplace": "GB", "currency": "GBP"}


def acceptance(decision: Decision[Submission]) -> ClaimAccepted:
    return told(decision, ClaimAccepted)


# The first look at a submission


def test_a_valid_claim_is_looked_at_beside_the_claimants_others() -> None:
    decision = decide.claim_submitted(submitted(), at(day(0)))

    said = told(decision, IncidentReported)
    assert (said.claimant_id, said.admitted_minor) == ("customer-1", 32_000)
    assert decision.state.stage is Stage.SCREENING


def test_a_submission_that_is_filed_again_is_the_same_claim_and_nothing_follows() -> None:
    process = Interpreter(intake)
    process.hear(submitted())
    assert process.hear(submitted()) == ()


def test_a_claim_carries_the_policy_in_force_on_the_day_it_was_reported() -> None:
    assert screening().policy == "US-1"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"incident_on": "2025-02-27", "purchased_on": "2025-01-01"}, Reason.REPORTED_TOO_LATE),
        (
            {"incident_on": "2021-08-31", "purchased_on": "2021-08-01", "reported_on": "2021-09-02"},
            Reason.BEFORE_LAUNCH,
        ),
        ({"incident_on": "2025-03-31"}, Reason.INCIDENT_BEFORE_PURCHASE),
        ({"reported_on": "2025-05-19"}, Reason.REPORTED_BEFORE_INCIDENT),
        ({"reported_on": "2025-06-04"}, Reason.REPORTED_IN_FUTURE),
        ({"marketplace": "GB", "currency": "GBP", "purchased_on": "2024-05-19"}, Reason.TOO_LONG_AFTER_PURCHASE),
        (
            {**BRITISH, "purchased_on": "2024-02-29", "incident_on": "2025-03-01", "reported_on": "2025-03-01"},
            Reason.TOO_LONG_AFTER_PURCHASE,
        ),
        ({"currency": "EUR"}, Reason.WRONG_CURRENCY),
        ({"product": "gift cards "}, Reason.EXCLUDED_PRODUCT),
        ({"marketplace": "ZZ"}, Reason.UNKNOWN_MARKETPLACE),
        ({"losses": []}, Reason.NOTHING_CLAIMED),
        ({"losses": [loss("medical", 0)]}, Reason.NOTHING_CLAIMED),
        ({"losses": [loss("punitive", 500)]}, Reason.NO_ADMISSIBLE_ITEM),
    ],
)
def test_a_claim_that_breaks_one_rule_is_denied_for_it_alone(changes: dict[str, object], reason: Reason) -> None:
    assert reasons(**changes) == {reason}


@pytest.mark.parametrize(
    "changes",
    [
        {"incident_on": "2025-03-03", "purchased_on": "2025-03-03"},  # 90 days before it is reported
        {"incident_on": "2021-09-01", "purchased_on": "2020-01-01", "reported_on": "2021-09-01"},
        {"reported_on": "2025-06-03"},  # the day after it is said, as east of Greenwich
        {"marketplace": "GB", "currency": "GBP", "purchased_on": "2024-05-20"},  # a year before the incident
        {**BRITISH, "purchased_on": "2024-01-15", "incident_on": "2025-01-15", "reported_on": "2025-01-20"},  # 366 days
        {**BRITISH, "purchased_on": "2024-02-29", "incident_on": "2025-02-28", "reported_on": "2025-03-01"},
        {"purchased_on": "2019-01-01"},  # no such limit in the US
    ],
)
def test_a_claim_on_the_last_day_of_a_window_is_valid(changes: dict[str, object]) -> None:
    assert screening(**changes).stage is Stage.SCREENING


def test_a_denial_names_every_reason_at_once_and_each_items_own() -> None:
    denied = denial(
        currency="EUR",
        product="Services",
        incident_on="2021-01-01",
        losses=[loss("punitive", 500), loss("medical", 300, already_paid_minor=300)],
    )

    assert set(denied.reasons) == {
        Reason.WRONG_CURRENCY,
        Reason.EXCLUDED_PRODUCT,
        Reason.BEFORE_LAUNCH,
        Reason.REPORTED_TOO_LATE,
        Reason.INCIDENT_BEFORE_PURCHASE,
        Reason.NO_ADMISSIBLE_ITEM,
    }
    assert [item.reasons for item in denied.items] == [(Reason.EXCLUDED_LOSS,), (Reason.ALREADY_PAID,)]
    assert [item.admitted_minor for item in denied.items] == [0, 0]


def test_an_unknown_marketplace_does_not_hide_the_other_reasons() -> None:
    assert reasons(marketplace="ZZ", reported_on="2025-05-19", losses=[]) == {
        Reason.UNKNOWN_MARKETPLACE,
        Reason.REPORTED_BEFORE_INCIDENT,
        Reason.NOTHING_CLAIMED,
    }


# Items


def test_what_was_already_paid_is_not_paid_again() -> None:
    given = screening(RECEIPT, losses=[loss("purchase_price", 5_000, already_paid_minor=2_000)])

    (item,) = acceptance(decide.incident_screened(given, screened(), at(day(0)))).items

    assert (item.claimed_minor, item.admitted_minor, item.reasons) == (5_000, 3_000, (Reason.ALREADY_PAID,))


def test_an_excluded_loss_is_refused_by_name_and_needs_no_paper() -> None:
    given = screening(RECEIPT, losses=[loss("purchase_price", 2_000), loss("non_economic", 90_000)])

    said = acceptance(decide.incident_screened(given, screened(), at(day(0))))

    assert [(i.admitted_minor, i.reasons) for i in said.items] == [(2_000, ()), (0, (Reason.EXCLUDED_LOSS,))]
    assert said.admitted_minor == 2_000


def test_nothing_is_admitted_above_the_cap() -> None:
    given = screening(
        paper(1, "bill"),
        paper(2, "receipt"),
        losses=[loss("medical", 99_999_900), loss("purchase_price", 2_000)],
    )

    said = acceptance(decide.incident_screened(given, screened(), at(day(0))))

    assert said.admitted_minor == 100_000_000
    assert [(i.admitted_minor, i.reasons) for i in said.items] == [(99_999_900, ()), (100, (Reason.OVER_CAP,))]


# Injuries


@pytest.mark.parametrize(
    ("diagnosis", "disposition", "expected"),
    [
        ("fracture", "treated/examined and released", InjuryClass.MINOR),
        ("fracture", "treated and admitted/hospitalized", InjuryClass.SERIOUS),
        ("fracture", "Treated and Transferred", InjuryClass.SERIOUS),
        ("internal injury", "fatality incl. doa, died in er", InjuryClass.SERIOUS),
        ("other", "deceased", InjuryClass.SERIOUS),
        ("INGESTION", "treated/examined and released", InjuryClass.SERIOUS),
        ("burns, electrical", "treated/examined and released", InjuryClass.SERIOUS),
        ("burn, chemical", "treated/examined and released", InjuryClass.SERIOUS),
        ("Burn, Radiation", "treated/examined and released", InjuryClass.SERIOUS),
        ("smoke inhalation", "treated/examined and released", InjuryClass.SERIOUS),
        ("burn, scald", "treated/examined and released", InjuryClass.MINOR),
    ],
)
def test_a_death_an_admission_or_an_ingestion_is_serious(
    diagnosis: str, disposition: str, expected: InjuryClass
) -> None:
    assert screening(injury={"diagnosis": diagnosis, "disposition": disposition}).injury is expected


@pytest.mark.parametrize("marketplace", [("US", "USD"), ("CA", "CAD"), ("GB", "GBP"), ("DE", "EUR")])
def test_a_death_is_serious_on_every_marketplace(marketplace: tuple[str, str]) -> None:
    injury = {"diagnosis": "other", "disposition": "fatality"}
    assert screening(marketplace=marketplace[0], currency=marketplace[1], injury=injury).injury is InjuryClass.SERIOUS


def test_a_medical_loss_says_that_somebody_was_hurt() -> None:
    assert screening(injury=None).injury is InjuryClass.MINOR
    assert screening(injury=None, losses=[loss("property_damage", 1)]).injury is InjuryClass.NONE


# Screening


def test_a_screened_claim_with_all_papers_is_accepted() -> None:
    said = acceptance(decide.incident_screened(screening(RECEIPT, BILL), screened(), at(day(1))))

    assert (said.policy, said.admitted_minor, said.incident_total_minor, said.small) == ("US-1", 32_000, 32_000, True)
    assert (said.seller_id, said.order_id, said.product) == ("seller-1", "order-1", "Ladders")


def test_the_payee_is_an_opaque_reference_that_the_same_claim_always_gives() -> None:
    said = acceptance(decide.incident_screened(screening(RECEIPT, BILL), screened(), at(day(1))))
    again = acceptance(decide.documents_submitted(waiting_for_papers(), papers(RECEIPT, BILL), at(day(2))))

    assert said.payee_ref == again.payee_ref
    assert said.payee_ref.startswith("payee-")
    assert "customer-1" not in said.payee_ref


def test_a_repetition_ends_and_names_the_claim_that_goes_on() -> None:
    decision = decide.incident_screened(
        screening(RECEIPT, BILL), screened(duplicate_of=claim_id_of("fnol-0")), at(day(1))
    )

    assert decision.says == (
        DuplicateFound(claim_id=claim_id_of("fnol-1"), submission_id="fnol-1", duplicate_of=claim_id_of("fnol-0")),
    )
    assert decision.state.stage is Stage.ENDED


@pytest.mark.parametrize(("others", "small"), [(0, True), (67_999, True), (68_000, False)])
def test_small_counts_all_claims_of_the_claimant_for_the_incident(others: int, small: bool) -> None:
    said = acceptance(
        decide.incident_screened(screening(RECEIPT, BILL), screened(other_admitted_minor=others), at(day(1)))
    )

    assert said.small is small
    assert said.incident_total_minor == 32_000 + others


def test_another_claim_that_comes_while_papers_are_awaited_counts_too() -> None:
    given = waiting_for_papers(RECEIPT)
    heard = decide.incident_screened(given, screened(other_admitted_minor=90_000), at(day(2)))

    said = acceptance(decide.documents_submitted(heard.state, papers(BILL), at(day(3))))

    assert heard.says == ()
    assert not said.small


def test_an_answer_that_does_not_come_is_asked_for_again() -> None:
    given = screening()

    decision = decide.deadline_passed(given, at(day(15)))

    assert isinstance(only(decision), IncidentReported)
    assert decision.state.due == day(30)


def test_until_a_first_word_the_customer_is_kept_waiting_too_long_after_15_days() -> None:
    assert screening().late_at == day(15)
    assert waiting_for_papers().late_at is None
    assert accepted().late_at is None
    assert decide.deadline_passed(screening(), at(day(15))).state.late_at == day(15), "asking again is no word to him"


def test_an_ended_claim_that_was_counted_late_is_taken_back() -> None:
    given = withdrawn(screening())

    assert isinstance(only(decide.incident_screened(given, screened(), at(day(2)))), IncidentRetracted)


@pytest.mark.parametrize("answer", [screened(), screened(duplicate_of=claim_id_of("fnol-0"))])
def test_an_answer_after_acceptance_that_tells_nothing_new_changes_nothing(answer: IncidentScreened) -> None:
    given = accepted()
    assert decide.incident_screened(given, answer, at(day(2))) == Decision(given)


# Papers


def test_everything_missing_is_asked_for_at_once() -> None:
    decision = decide.incident_screened(screening(), screened(), at(day(1)))

    said = only(decision)
    assert isinstance(said, InformationRequested)
    assert [(m.item, [kind.value for kind in m.any_of], m.dated) for m in said.missing] == [
        (1, ["receipt"], False),
        (2, ["bill", "medical_record"], True),
    ]
    assert said.respond_by == decision.state.due == day(31)


def test_papers_that_came_before_the_screening_are_not_asked_for() -> None:
    said = only(decide.incident_screened(screening(RECEIPT), screened(), at(day(1))))

    assert isinstance(said, InformationRequested)
    assert [m.item for m in said.missing] == [2]


def test_papers_may_come_in_parts_and_the_last_one_brings_acceptance() -> None:
    first = decide.documents_submitted(waiting_for_papers(), papers(BILL), at(day(3)))
    second = decide.documents_submitted(first.state, papers(RECEIPT), at(day(4)))

    assert first.says == ()
    assert first.state.due == day(30)
    assert acceptance(second).admitted_minor == 32_000
    assert second.state.due is None


@pytest.mark.parametrize(
    "document",
    [
        paper(1, "bill"),  # another item's
        paper(2, "receipt"),  # not of a kind that proves it
        paper(2, "bill", dated=False),
        paper(None, "bill"),
        paper(7, "bill"),
        paper(0, "bill"),
        paper(-1, "bill"),
    ],
)
def test_a_paper_proves_only_its_item_by_its_kind_and_with_its_date(document: Document) -> None:
    given = waiting_for_papers(RECEIPT)

    decision = decide.documents_submitted(given, papers(document), at(day(3)))

    assert decision.says == ()
    assert decision.state.items == given.items


def test_without_any_paper_the_claim_is_denied_for_no_response() -> None:
    decision = decide.deadline_passed(waiting_for_papers(), at(day(30)))

    denied, retracted = decision.says
    assert isinstance(denied, ClaimDenied)
    assert denied.reasons == (Reason.NO_RESPONSE,)
    assert [(i.admitted_minor, i.reasons) for i in denied.items] == [(0, (Reason.PAPERS_MISSING,))] * 2
    assert isinstance(retracted, IncidentRetracted)
    assert decision.state.due is None


def test_with_some_papers_only_what_is_proven_is_admitted() -> None:
    said = acceptance(decide.deadline_passed(waiting_for_papers(RECEIPT, other_admitted_minor=5), at(day(30))))

    assert [(i.admitted_minor, i.reasons) for i in said.items] == [(2_000, ()), (0, (Reason.PAPERS_MISSING,))]
    assert (said.admitted_minor, said.incident_total_minor) == (2_000, 2_005)


def test_an_unproven_item_does_not_use_up_the_cap() -> None:
    given = waiting_for_papers(
        paper(2, "receipt"), losses=[loss("medical", 100_000_000), loss("purchase_price", 2_000)]
    )

    assert acceptance(decide.deadline_passed(given, at(day(30)))).admitted_minor == 2_000


def test_before_the_deadline_nothing_is_decided() -> None:
    given = waiting_for_papers()
    assert decide.deadline_passed(given, at(day(29.99))) == Decision(given)


def test_papers_after_a_denial_change_nothing() -> None:
    given = decide.claim_submitted(submitted(currency="EUR"), at(day(0))).state
    assert decide.documents_submitted(given, papers(RECEIPT, BILL), at(day(31))) == Decision(given)


def test_papers_after_acceptance_that_prove_nothing_more_change_nothing() -> None:
    assert decide.documents_submitted(accepted(), papers(RECEIPT, BILL), at(day(31))) == Decision(accepted())


# What the customer says afterwards


@pytest.mark.parametrize("given", [screening(), waiting_for_papers(RECEIPT)])
def test_a_withdrawal_before_acceptance_ends_the_claim(given: Submission) -> None:
    decision = decide.claim_withdrawn(given, WITHDRAWN, at(day(1)))

    recorded, retracted = decision.says
    assert isinstance(recorded, ClaimWithdrawalRecorded)
    assert recorded.before_acceptance
    assert isinstance(retracted, IncidentRetracted)
    assert (decision.state.stage, decision.state.due) == (Stage.ENDED, None)


def test_each_withdrawal_after_acceptance_is_passed_on_and_the_same_one_again_is_not() -> None:
    decision = decide.claim_withdrawn(accepted(), WITHDRAWN, at(day(1)))

    said = only(decision)
    assert isinstance(said, ClaimWithdrawalRecorded)
    assert not said.before_acceptance
    assert decide.claim_withdrawn(decision.state, WITHDRAWN, at(day(2), said_at=day(1))) == Decision(decision.state)
    again = decide.claim_withdrawn(decision.state, WITHDRAWN, at(day(9)))
    assert isinstance(only(again), ClaimWithdrawalRecorded), "the first may have come too late for its round"


def test_a_claim_that_has_ended_cannot_be_withdrawn() -> None:
    given = decide.claim_submitted(submitted(currency="EUR"), at(day(0))).state
    assert decide.claim_withdrawn(given, WITHDRAWN, at(day(1))) == Decision(given)


def test_a_withdrawn_claim_is_not_accepted_by_papers_and_hears_no_deadline() -> None:
    given = withdrawn(waiting_for_papers())
    assert decide.documents_submitted(given, papers(RECEIPT, BILL), at(day(2))).says == ()
    assert decide.deadline_passed(given, at(day(40))) == Decision(given)


def test_each_word_about_a_settlement_is_passed_on() -> None:
    confirmed = decide.settlement_confirmed(accepted(), SettlementConfirmed(submission_id="fnol-1"), at(day(9)))
    disputed = decide.settlement_disputed(confirmed.state, SettlementDisputed(submission_id="fnol-1"), at(day(9)))

    assert [s.confirmed for s in (only(confirmed), only(disputed)) if isinstance(s, SettlementReplyRecorded)] == [
        True,
        False,
    ]


def test_before_acceptance_there_is_no_settlement_to_speak_of() -> None:
    given = waiting_for_papers()
    assert decide.settlement_confirmed(given, SettlementConfirmed(submission_id="fnol-1"), at(day(1))) == Decision(
        given
    )


def test_what_was_written_before_there_were_roles_and_rounds_still_reads_and_goes_on() -> None:
    fields = (
        *("submission_id", "stage", "policy", "marketplace", "currency", "claimant_id", "seller_id", "order_id"),
        *("product", "purchased_on", "incident_on", "reported_on", "injury", "minor_claimant", "items"),
        *("other_admitted_minor", "wait_until"),
    )
    written = waiting_for_papers(RECEIPT).model_dump(mode="json", include={*fields}) | {"withdrawn": False}

    given = Submission.model_validate_json(json.dumps(written))

    assert acceptance(decide.documents_submitted(given, papers(BILL), at(day(3)))).admitted_minor == 32_000


# What could not be understood


def test_a_submission_that_is_no_fact_is_refused_field_by_field() -> None:
    said = decide.submission_refused(
        Undecodable("claims.submissions.v1", "fnol-1", (("losses.0.amount_minor", "Input should be a valid integer"),))
    )

    assert said is not None
    assert (said.claim_id, said.submission_id) == (claim_id_of("fnol-1"), "fnol-1")
    assert [p.field for p in said.problems] == ["losses.0.amount_minor"]


def test_bytes_of_another_topic_are_nobodys_submission() -> None:
    assert decide.submission_refused(Undecodable("claims.screened.v1", "fnol-1", ())) is None
