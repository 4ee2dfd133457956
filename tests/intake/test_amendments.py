"""A claim that becomes another amount, before it is accepted and after."""

from typing import Any

import pytest

from services.intake import amendments, decide
from services.intake.state import Stage, Submission
from shared.events.claim import InjuryClass, Reason, Signal
from shared.events.intake import (
    AmendmentRecorded,
    ClaimAccepted,
    ClaimDenied,
    IncidentReported,
    IncidentRetracted,
    InformationRequested,
    MissingPaper,
    ProductIncidentReported,
    SuspicionRaised,
)
from shared.events.upstream import Loss
from shared.runtime import Decision
from tests.deciding import at, day
from tests.intake.given import (
    BILL,
    CHILD,
    ESTATE,
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
    submitted,
    told,
    waiting_for_papers,
)

PRICE, CARE, KITCHEN = loss("purchase_price", 2_000), loss("medical", 50_000), loss("property_damage", 60_000)
ESTIMATE = paper(3, "estimate")


# Before acceptance


@pytest.mark.parametrize("given", [screening(RECEIPT), waiting_for_papers(RECEIPT)])
def test_before_acceptance_the_losses_are_replaced_and_the_incident_is_reported_anew(given: Submission) -> None:
    decision = amendments.claim_amended(given, amended(PRICE, CARE), at(day(3)))

    assert told(decision, IncidentReported).admitted_minor == 52_000
    assert decision.state.stage is Stage.SCREENING


def test_after_the_new_look_what_is_missing_of_the_new_losses_is_asked_for() -> None:
    given = amendments.claim_amended(waiting_for_papers(RECEIPT), amended(PRICE, CARE, KITCHEN), at(day(3))).state

    said = only(decide.incident_screened(given, screened(), at(day(4))))

    assert isinstance(said, InformationRequested)
    assert [wanted.item for wanted in said.missing] == [2, 3]
    assert said.respond_by == day(34)


def test_a_paper_goes_on_proving_an_item_that_keeps_its_number_and_kind() -> None:
    given = amendments.claim_amended(screening(RECEIPT, BILL), amended(PRICE, CARE), at(day(3))).state
    assert told(decide.incident_screened(given, screened(), at(day(4))), ClaimAccepted).admitted_minor == 52_000


def test_a_paper_does_not_prove_an_item_that_has_become_another_kind() -> None:
    given = amendments.claim_amended(screening(RECEIPT), amended(KITCHEN), at(day(3))).state
    said = told(decide.incident_screened(given, screened(), at(day(4))), InformationRequested)
    assert [wanted.item for wanted in said.missing] == [1]


def test_a_paper_for_an_item_that_the_amendment_adds_may_come_before_it() -> None:
    given = decide.documents_submitted(screening(RECEIPT, BILL), papers(ESTIMATE), at(day(1))).state

    now = amendments.claim_amended(given, amended(PRICE, CARE, KITCHEN), at(day(2))).state

    said = told(decide.incident_screened(now, screened(), at(day(4))), ClaimAccepted)
    assert said.items[2].admitted_minor == 60_000
    assert now.early == ()


def test_the_first_word_to_the_customer_is_not_put_off_by_an_amendment() -> None:
    assert amendments.claim_amended(screening(), amended(PRICE), at(day(3))).state.late_at == day(15)
    assert amendments.claim_amended(waiting_for_papers(), amended(PRICE), at(day(3))).state.late_at is None


@pytest.mark.parametrize(
    ("to", "reason"),
    [(loss("punitive", 500), Reason.NO_ADMISSIBLE_ITEM), (loss("medical", 0), Reason.NOTHING_CLAIMED)],
)
def test_a_claim_amended_to_nothing_is_denied_and_no_longer_counts(to: Loss, reason: Reason) -> None:
    decision = amendments.claim_amended(waiting_for_papers(RECEIPT), amended(to), at(day(3)))

    assert told(decision, ClaimDenied).reasons == (reason,)
    assert told(decision, IncidentRetracted)
    assert decision.state.ended_for_good


def test_a_medical_loss_that_is_added_says_that_somebody_was_hurt() -> None:
    child = screening(RECEIPT, injury=None, losses=[PRICE], **CHILD)

    now = amendments.claim_amended(child, amended(PRICE, CARE), at(day(1))).state

    assert now.injury is InjuryClass.MINOR
    assert (
        MissingPaper(item=None, any_of=(GUARDIAN.kind,))
        in told(decide.incident_screened(now, screened(), at(day(1))), InformationRequested).missing
    )


def test_the_same_amendment_counts_once() -> None:
    first = amendments.claim_amended(screening(), amended(PRICE), at(day(1))).state
    second = amendments.claim_amended(first, amended(PRICE, CARE, amendment_id="amendment-2"), at(day(2))).state

    assert amendments.claim_amended(second, amended(PRICE), at(day(3))) == Decision(second)


# After acceptance


def test_after_acceptance_only_what_is_proven_is_admitted() -> None:
    decision = amendments.claim_amended(accepted(), amended(PRICE, CARE, KITCHEN), at(day(3)))

    said = told(decision, AmendmentRecorded)
    assert (said.amendment_id, said.admitted_minor, said.incident_total_minor) == ("amendment-1", 52_000, 52_000)
    assert said.small
    assert said.items[2].reasons == (Reason.PAPERS_MISSING,)
    assert told(decision, IncidentReported).admitted_minor == 52_000, "what is never proven counts for no other claim"


def test_papers_for_it_say_the_new_amount_once() -> None:
    given = amendments.claim_amended(accepted(), amended(PRICE, CARE, KITCHEN), at(day(3))).state

    decision = decide.documents_submitted(given, papers(ESTIMATE), at(day(4)))

    said = told(decision, AmendmentRecorded)
    assert (said.admitted_minor, said.small) == (112_000, False)
    assert told(decision, IncidentReported).admitted_minor == 112_000, "the claimant's others must know"
    assert decide.documents_submitted(decision.state, papers(ESTIMATE), at(day(5))) == Decision(decision.state)


def test_papers_that_were_missing_at_acceptance_prove_more_when_they_come() -> None:
    given = decide.deadline_passed(waiting_for_papers(RECEIPT), at(day(30))).state

    said = told(decide.documents_submitted(given, papers(BILL), at(day(31))), AmendmentRecorded)

    assert said.admitted_minor == 32_000


def test_each_time_that_papers_prove_more_has_a_name_of_its_own() -> None:
    given = amendments.claim_amended(accepted(), amended(PRICE, CARE, KITCHEN, KITCHEN), at(day(3))).state
    first = decide.documents_submitted(given, papers(ESTIMATE), at(day(4)))
    second = decide.documents_submitted(first.state, papers(paper(4, "estimate")), at(day(5)))

    names = {told(decision, AmendmentRecorded).amendment_id for decision in (first, second)}
    assert len(names) == 2


def test_fewer_losses_are_recorded_too() -> None:
    said = told(amendments.claim_amended(accepted(), amended(PRICE), at(day(3))), AmendmentRecorded)
    assert (said.admitted_minor, len(said.items)) == (2_000, 1)


def test_an_amendment_is_cut_to_the_cap() -> None:
    said = told(
        amendments.claim_amended(accepted(), amended(PRICE, loss("medical", 200_000_000)), at(day(3))),
        AmendmentRecorded,
    )
    assert said.admitted_minor == 100_000_000
    assert Reason.OVER_CAP in said.items[1].reasons


def test_an_amended_amount_just_under_the_line_may_raise_a_suspicion() -> None:
    given = accepted().but(signals=(Signal.SAME_EVIDENCE,))

    decision = amendments.claim_amended(given, amended(PRICE, loss("medical", 97_500)), at(day(3)))

    assert Signal.JUST_UNDER_LINE in told(decision, SuspicionRaised).signals


def test_damage_that_is_added_counts_for_the_product_where_nobody_was_hurt() -> None:
    given = decide.incident_screened(screening(RECEIPT, injury=None, losses=[PRICE]), screened(), at(day(0))).state
    damage = loss("property_damage", 500)
    now = amendments.claim_amended(given, amended(PRICE, damage), at(day(3)))
    proven = decide.documents_submitted(now.state, papers(paper(2, "estimate")), at(day(4)))

    assert [said for said in now.says if isinstance(said, ProductIncidentReported)] == []
    assert told(proven, ProductIncidentReported).injury is InjuryClass.NONE


@pytest.mark.parametrize(("others", "told_so"), [(67_999, False), (68_000, True)])
def test_another_claim_for_the_incident_is_told_only_if_it_moves_this_one_across_the_line(
    others: int, told_so: bool
) -> None:
    decision = decide.incident_screened(accepted(), screened(other_admitted_minor=others), at(day(3)))

    recorded = [said for said in decision.says if isinstance(said, AmendmentRecorded)]
    assert [(said.small, said.admitted_minor, said.incident_total_minor) for said in recorded] == (
        [(False, 32_000, 100_000)] if told_so else []
    )
    assert decision.state.other_admitted_minor == others


def test_crossing_the_line_there_back_and_there_again_has_three_names() -> None:
    state, names = accepted(), list[str]()
    for others in (90_000, 0, 90_000):
        decision = decide.incident_screened(state, screened(other_admitted_minor=others), at(day(3)))
        state = decision.state
        names.append(told(decision, AmendmentRecorded).amendment_id)

    assert len(set(names)) == 3


def test_after_acceptance_too_a_medical_loss_says_that_somebody_was_hurt() -> None:
    unhurt = accepted(injury=None, losses=[PRICE])
    more = amendments.claim_amended(unhurt, amended(PRICE, KITCHEN), at(day(3)))
    hurt = amendments.claim_amended(more.state, amended(PRICE, CARE, amendment_id="amendment-2"), at(day(4)))
    less = amendments.claim_amended(hurt.state, amended(PRICE, amendment_id="amendment-3"), at(day(5)))

    told_so = [told(decision, AmendmentRecorded).injury for decision in (more, hurt, less)]
    assert told_so == [InjuryClass.NONE, InjuryClass.MINOR, InjuryClass.MINOR]
    assert told(hurt, ProductIncidentReported).injury is InjuryClass.MINOR


CHILDS: dict[str, Any] = {"injury": None, "losses": [PRICE], **CHILD}
WAGES = loss("lost_earnings", 700, guardians=True)


def test_of_a_childs_injury_that_an_amendment_brings_nothing_is_admitted_without_the_guardians_paper() -> None:
    early = papers(paper(2, "estimate"), paper(3, "bill"), paper(4, "payslip"), ESTATE)
    given = decide.documents_submitted(accepted(**CHILDS), early, at(day(1))).state

    decision = amendments.claim_amended(given, amended(PRICE, KITCHEN, CARE, WAGES), at(day(3)))

    asked, said = told(decision, InformationRequested), told(decision, AmendmentRecorded)
    assert (asked.missing, asked.respond_by) == ((MissingPaper(item=None, any_of=(GUARDIAN.kind,)),), day(33))
    assert [item.admitted_minor for item in said.items] == [2_000, 60_000, 0, 0], "things need no guardian"
    assert [item.reasons for item in said.items] == [(), (), (Reason.PAPERS_MISSING,), (Reason.PAPERS_MISSING,)]
    assert told(decision, IncidentReported).admitted_minor == said.incident_total_minor == 62_000
    assert said.injury is InjuryClass.MINOR


def test_the_guardians_paper_admits_what_an_amendment_has_brought_of_a_childs_injury() -> None:
    given = amendments.claim_amended(accepted(**CHILDS), amended(PRICE, CARE), at(day(3))).state
    billed = decide.documents_submitted(given, papers(BILL), at(day(4)))

    shown = decide.documents_submitted(billed.state, papers(GUARDIAN), at(day(5)))

    assert billed.says == ()
    assert told(shown, AmendmentRecorded).admitted_minor == 52_000
    assert not [event for event in shown.says if isinstance(event, InformationRequested)]


def test_a_guardian_who_has_shown_that_he_may_act_is_not_asked_when_an_amendment_brings_an_injury() -> None:
    child = decide.documents_submitted(accepted(**CHILDS), papers(GUARDIAN), at(day(1)))

    decision = amendments.claim_amended(child.state, amended(PRICE, CARE), at(day(3)))

    assert told(decision, AmendmentRecorded).admitted_minor == 52_000
    assert not [event for event in decision.says if isinstance(event, InformationRequested)]


def test_the_guardians_paper_and_the_answer_about_medicare_are_asked_for_at_once() -> None:
    child = accepted(claimant={"id": "customer-1", "age": 40.0}, **CHILDS)
    dear = amended(PRICE, loss("medical", 90_000))

    asked = told(amendments.claim_amended(child, dear, at(day(3))), InformationRequested)

    assert (len(asked.missing), asked.asks_beneficiary) == (1, True)


# After the end


def test_an_amendment_of_a_claim_that_can_be_reopened_is_kept_for_that() -> None:
    decision = amendments.claim_amended(never_proven(), amended(PRICE, CARE), at(day(40)))

    assert decision.says == ()
    assert [item.claimed_minor for item in decision.state.items] == [2_000, 50_000]


def test_a_claim_that_a_rule_has_ended_is_not_amended() -> None:
    given = decide.claim_submitted(submitted(currency="EUR"), at(day(0))).state
    assert amendments.claim_amended(given, amended(PRICE), at(day(3))) == Decision(given)
