"""One claimant's claims beside each other: repetitions, and what else was claimed for the same incident."""

from datetime import date, timedelta

import pytest

from services.intake import claimants
from services.intake.claimants import INCIDENTS_KEPT, Claimant, Incident
from shared.events.base import Event, claim_id_of
from shared.events.claim import Signal
from shared.events.intake import IncidentReported, IncidentRetracted, IncidentScreened
from shared.money import Currency
from shared.runtime import Decision
from shared.runtime.told import MOST_OF_A_TYPE
from tests.deciding import at, day
from tests.intake.given import reported


def knowing(*reports: IncidentReported) -> Claimant:
    claimant = Claimant()
    for report in reports:
        claimant = claimants.incident_reported(claimant, report, at(day(0))).state
    return claimant


def sums(decision: Decision[Claimant]) -> dict[str, int]:
    """Submission → what its claimant's others for the incident come to."""
    return {s.submission_id: s.other_admitted_minor for s in map(screened, decision.says)}


def signals(decision: Decision[Claimant]) -> dict[str, tuple[Signal, ...]]:
    return {s.submission_id: s.signals for s in map(screened, decision.says)}


def screened(event: Event) -> IncidentScreened:
    assert isinstance(event, IncidentScreened)
    return event


def retracted(submission_id: str) -> IncidentRetracted:
    return IncidentRetracted(claimant_id="customer-1", submission_id=submission_id, claim_id=claim_id_of(submission_id))


def of_one_day(number: int) -> Incident:
    """Of as many orders."""
    return Incident(f"fnol-{number}", f"order-{number}", date(2025, 5, 20), Currency.USD, 100, date(2025, 6, 1))


def test_a_first_claim_stands_alone() -> None:
    decision = claimants.first_incident_reported(reported(), at(day(0)))

    assert sums(decision) == {"fnol-1": 0}


def test_the_same_order_and_day_from_another_submission_is_a_repetition() -> None:
    decision = claimants.incident_reported(knowing(reported("fnol-1")), reported("fnol-2"), at(day(1)))

    assert [screened(s).duplicate_of for s in decision.says] == [claim_id_of("fnol-1")]
    assert decision.state == knowing(reported("fnol-1"))


def test_another_order_or_another_day_is_no_repetition() -> None:
    given = knowing(reported("fnol-1"))
    for other in (reported("fnol-2", order_id="order-2"), reported("fnol-2", incident_on=date(2025, 5, 21))):
        assert all(screened(s).duplicate_of is None for s in claimants.incident_reported(given, other, at(day(1))).says)


def test_every_claim_of_an_incident_hears_what_the_others_come_to() -> None:
    given = knowing(reported("fnol-1", admitted_minor=100), reported("fnol-2", order_id="order-2", admitted_minor=20))

    decision = claimants.incident_reported(given, reported("fnol-3", order_id="order-3", admitted_minor=3), at(day(1)))

    assert sums(decision) == {"fnol-3": 120, "fnol-1": 23, "fnol-2": 103}


def test_amounts_of_another_day_or_currency_are_not_added() -> None:
    given = knowing(
        reported("fnol-1", incident_on=date(2025, 5, 21)), reported("fnol-2", order_id="2", currency=Currency.CAD)
    )

    decision = claimants.incident_reported(given, reported("fnol-3", order_id="3"), at(day(1)))

    assert sums(decision)["fnol-3"] == 0


def test_asking_again_gives_the_same_answer() -> None:
    first = claimants.first_incident_reported(reported(), at(day(0)))
    again = claimants.incident_reported(first.state, reported(), at(day(15)))

    assert again == first


def test_the_answer_names_the_question_it_answers() -> None:
    again = claimants.incident_reported(knowing(reported()), reported(asked=2), at(day(15)))
    repeated = claimants.incident_reported(again.state, reported("fnol-2", asked=3), at(day(16)))

    assert [screened(s).asked for s in (*again.says, *repeated.says)] == [2, 3]


def test_two_orders_on_one_day_are_one_incident_split() -> None:
    given = knowing(reported("fnol-1"))

    decision = claimants.incident_reported(given, reported("fnol-2", order_id="order-2"), at(day(1)))

    assert signals(decision) == {"fnol-2": (Signal.SAME_INCIDENT,), "fnol-1": (Signal.SAME_INCIDENT,)}


def test_many_claims_of_one_claimant_within_the_window_are_told_to_all_of_them() -> None:
    *first, last = [
        reported(f"fnol-{n}", order_id=f"order-{n}", incident_on=date(2025, 5, n), reported_on=date(2025, 5, 2 * n))
        for n in range(1, 5)
    ]

    decision = claimants.incident_reported(knowing(*first), last, at(day(1)))

    assert signals(decision) == {f"fnol-{n}": (Signal.MANY_BY_CLAIMANT,) for n in range(1, 5)}


def test_claims_further_apart_than_the_window_are_not_many() -> None:
    *first, last = [
        reported(f"fnol-{n}", order_id=f"order-{n}", incident_on=date(2025, n, 1), reported_on=date(2025, n, 1))
        for n in (1, 2, 3, 5)
    ]

    assert signals(claimants.incident_reported(knowing(*first), last, at(day(1)))) == {"fnol-5": ()}


def test_a_claim_of_another_incident_is_not_told_of_a_newcomer() -> None:
    given = knowing(reported("fnol-1", incident_on=date(2025, 5, 19)))
    assert list(sums(claimants.incident_reported(given, reported("fnol-2"), at(day(1))))) == ["fnol-2"]


def test_a_retracted_claim_may_be_filed_again() -> None:
    given = claimants.incident_retracted(knowing(reported("fnol-1")), retracted("fnol-1"), at(day(1))).state

    decision = claimants.incident_reported(given, reported("fnol-2"), at(day(2)))

    assert [screened(s).duplicate_of for s in decision.says] == [None]


def test_the_others_hear_that_a_claim_was_retracted() -> None:
    given = knowing(reported("fnol-1", admitted_minor=100), reported("fnol-2", order_id="2", admitted_minor=20))

    assert sums(claimants.incident_retracted(given, retracted("fnol-1"), at(day(1)))) == {"fnol-2": 0}


def test_retracting_what_is_not_counted_changes_nothing() -> None:
    given = knowing(reported("fnol-1"))
    assert claimants.incident_retracted(given, retracted("fnol-9"), at(day(1))) == Decision(given)


def test_beyond_the_bound_the_oldest_report_is_forgotten_and_the_state_stays_small() -> None:
    many = [
        reported(
            f"fnol-{n:036}",
            order_id=f"111-{n:015}",
            incident_on=date(2025, 1, 1) + timedelta(days=n),
            admitted_minor=10**8,
            asked=10,
        )
        for n in range(INCIDENTS_KEPT + 1)
    ]

    given = knowing(*many)

    assert len(given.incidents) == INCIDENTS_KEPT
    assert many[0].submission_id not in {kept.submission_id for kept in given.incidents}
    assert len(given.model_dump_json()) < 32 * 1024


def test_of_a_claimant_with_more_claims_than_are_remembered_each_further_one_may_repeat_a_forgotten_one() -> None:
    many = [
        reported(f"fnol-{n}", order_id=f"order-{n}", incident_on=date(2024, 1, 1) + timedelta(days=n))
        for n in range(INCIDENTS_KEPT + 1)
    ]
    given = knowing(*many)
    again = many[0].model_copy(update={"submission_id": "fnol-again"})
    one_less = claimants.incident_retracted(given, retracted("fnol-9"), at(day(1))).state

    for known in (given, one_less):
        answer = claimants.incident_reported(known, again, at(day(1))).says[0]
        assert isinstance(answer, IncidentScreened)
        assert answer.duplicate_of is None
        assert (answer.may_repeat, Signal.MANY_BY_CLAIMANT in answer.signals) == (True, True)


@pytest.mark.parametrize("known", [INCIDENTS_KEPT - 1, INCIDENTS_KEPT, 150])
def test_however_many_claims_of_one_day_there_are_all_are_told_in_one_decision(known: int) -> None:
    """A decision that says more is refused and parks the claimant's key. So many were kept by earlier versions."""
    given = Claimant(incidents=tuple(of_one_day(number) for number in range(known)))
    newcomer = reported("fnol-new", order_id="order-new", admitted_minor=1)

    comes = claimants.incident_reported(given, newcomer, at(day(1)))
    goes = claimants.incident_retracted(given, retracted(f"fnol-{known - 1}"), at(day(1)))

    told = min(known, INCIDENTS_KEPT - 1)
    assert len(comes.says) == 1 + told <= MOST_OF_A_TYPE
    assert sums(comes)["fnol-new"] == 100 * told
    assert len(goes.says) <= MOST_OF_A_TYPE
    assert max(len(decision.state.incidents) for decision in (comes, goes)) <= INCIDENTS_KEPT


def test_the_longest_ids_there_can_be_leave_a_claimants_state_under_the_limit() -> None:
    many = [
        reported(
            f"{n:0128}", order_id=f"{n:0128}", incident_on=date(2024, 1, 1) + timedelta(days=n), admitted_minor=10**12
        )
        for n in range(INCIDENTS_KEPT + 1)
    ]
    assert len(knowing(*many).model_dump_json()) < 60 * 1024


def test_what_was_written_before_claims_were_counted_by_their_report_still_reads() -> None:
    written = '{"incidents":[' + ",".join(f'["fnol-{n}","{n}","2025-05-{n}","USD",100]' for n in range(10, 30)) + "]}"
    given = Claimant.model_validate_json(written)

    decision = claimants.incident_reported(given, reported(incident_on=date(2025, 5, 29)), at(day(1)))

    assert sums(decision) == {"fnol-1": 100, "fnol-29": 32_000}
    assert len(decision.state.incidents) == 21
