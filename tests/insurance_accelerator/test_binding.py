"""Choosing, binding, cancelling: given what is known of a seller, when this is heard, then these events."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.insurance_accelerator.binding import policy_cancelled, policy_issued, quote_chosen
from services.insurance_accelerator.certificates import certificate_submitted
from services.insurance_accelerator.deadlines import deadline_passed
from services.insurance_accelerator.quotes import carrier_quoted
from services.insurance_accelerator.state import MAX_NOTICES
from shared.events.insurance_accelerator import (
    BindRequested,
    CoverBound,
    CoverCancelled,
    CoverLapsed,
    SellerCoverChanged,
)
from shared.runtime import Decision
from tests.deciding import day
from tests.insurance_accelerator.given import (
    SELLER,
    asking_seller,
    bound_seller,
    cancellation,
    certificate,
    choice,
    choosing_seller,
    cover,
    moment,
    offered_seller,
    policy,
    quoted,
)


def test_a_chosen_quote_asks_its_carrier_to_bind() -> None:
    (asked,) = quote_chosen(offered_seller(), choice(), moment(30)).says
    assert isinstance(asked, BindRequested)
    assert (asked.quote_id, asked.carrier) == ("Q-1", "northwind")


def test_choosing_twice_asks_once() -> None:
    chosen = choosing_seller()
    assert quote_chosen(chosen, choice(), moment(11)) == Decision(chosen)


def test_a_choice_made_in_time_but_heard_late_counts() -> None:
    (asked,) = quote_chosen(offered_seller(), choice(), moment(31, said=30)).says
    assert isinstance(asked, BindRequested)


@pytest.mark.parametrize("quote_id", ["Q-1", "Q-unknown"])
def test_a_choice_after_the_promise_or_of_no_quote_is_ignored(quote_id: str) -> None:
    offered = offered_seller()
    expired = deadline_passed(offered, moment(30)).state
    assert quote_chosen(offered, choice(quote_id), moment(30.1)) == Decision(offered)
    assert quote_chosen(expired, choice(quote_id), moment(31, said=29)) == Decision(expired)


def test_a_carrier_that_stays_silent_is_asked_again_under_the_same_id() -> None:
    first = quote_chosen(offered_seller(), choice(), moment(10))
    again = deadline_passed(choosing_seller(), moment(13))
    assert again.says == first.says
    assert again.state.due == day(19), "each time the wait is twice as long"


def test_an_issued_policy_is_cover() -> None:
    heard = policy_issued(choosing_seller(), policy(), moment(12))
    assert heard.says[0] == CoverBound(**policy().model_dump())
    assert cover(heard).in_force("US", date(2026, 6, 30))
    assert not cover(heard).in_force("US", date(2025, 6, 30))


def test_a_policy_adds_to_the_cover_that_is_there() -> None:
    insured = certificate_submitted(choosing_seller(), certificate(), moment(11)).state
    told = cover(policy_issued(insured, policy(), moment(12)))
    assert [period.certificate_id for period in told.periods] == ["COI-1", "POL-1"]


def test_a_policy_is_bound_once() -> None:
    bound = policy_issued(choosing_seller(), policy(), moment(12)).state
    assert policy_issued(bound, policy(), moment(13)) == Decision(bound)


@pytest.mark.parametrize("changes", [{"quote_id": "Q-2"}, {"carrier": "other"}, {"valid_from": date(2026, 7, 1)}])
def test_a_policy_that_fulfils_no_choice_is_ignored(changes: dict[str, object]) -> None:
    chosen = choosing_seller()
    assert policy_issued(chosen, policy(**changes), moment(12)) == Decision(chosen)


def test_a_policy_on_a_quote_nobody_chose_is_ignored() -> None:
    offered = offered_seller()
    assert policy_issued(offered, policy(), moment(2)) == Decision(offered)


def test_a_carrier_with_a_long_name_can_insure() -> None:
    long = "c" * 128
    offered = carrier_quoted(asking_seller(), quoted(carrier=long), moment(1)).state
    chosen = quote_chosen(offered, choice(), moment(2)).state
    assert cover(policy_issued(chosen, policy(carrier=long), moment(3))).periods[0].insurer == "c" * 120


def test_a_usual_seller_is_small() -> None:
    insured = certificate_submitted(choosing_seller(), certificate(), moment(11)).state
    assert len(policy_issued(insured, policy(), moment(12)).state.model_dump_json()) < 2048


def test_cover_on_record_tells_when_its_policy_was_issued() -> None:
    told = cover(policy_issued(choosing_seller(), policy(valid_from=date(2025, 1, 1)), moment(13, said=12)))
    assert told.periods[0].issued_on == day(12).date()
    assert told.on_incident("US", date(2025, 2, 1), back_dated=False) is None
    assert told.on_incident("US", date(2025, 2, 1), back_dated=True) is not None


def test_cover_bound_here_is_known_since_its_carrier_said_so_however_late_we_hear_it() -> None:
    told = cover(policy_issued(choosing_seller(), policy(), moment(14, said=12)))
    assert told.periods[0].known_since == day(12)


def test_cover_bound_here_is_not_known_for_longer_than_any_word_is_old() -> None:
    at = moment(14)
    stopped = type(at)(at.now, datetime(1, 1, 1, tzinfo=UTC), at.policies)
    assert cover(policy_issued(choosing_seller(), policy(), stopped)).periods[0].known_since == day(14 - 366)


def test_a_seller_may_hold_several_policies() -> None:
    seller = carrier_quoted(offered_seller(), quoted(quote_id="Q-2", carrier="southsea"), moment(1)).state
    for quote_id, carrier, number in (("Q-1", "northwind", "POL-1"), ("Q-2", "southsea", "POL-2")):
        seller = quote_chosen(seller, choice(quote_id), moment(2)).state
        issued = policy(quote_id=quote_id, carrier=carrier, policy_number=number)
        seller = policy_issued(seller, issued, moment(4)).state
    assert [p.certificate_id for p in seller.periods] == ["POL-1", "POL-2"]
    assert [p.valid_to for p in seller.periods] == [date(2026, 6, 30)] * 2


def test_a_policy_that_keeps_its_number_leaves_the_year_before_alone() -> None:
    again = choosing_seller().model_copy(update={"periods": bound_seller().periods})
    next_year = policy(valid_from=date(2026, 7, 1), valid_to=date(2027, 6, 30))
    told = cover(policy_issued(again, next_year, moment(340)))
    assert [(p.valid_from, p.valid_to) for p in told.periods] == [
        (date(2025, 7, 1), date(2026, 6, 30)),
        (date(2026, 7, 1), date(2027, 6, 30)),
    ]


# Cancelled with notice


def cancelled(last_day: date) -> CoverCancelled:
    return CoverCancelled(seller_id=SELLER, marketplace="US", policy_number="POL-1", last_day=last_day)


def test_a_cancelled_policy_covers_to_the_last_day_that_its_carrier_gives() -> None:
    heard = policy_cancelled(bound_seller(), cancellation(), moment(40))
    assert heard.says[0] == cancelled(date(2025, 9, 30))
    assert cover(heard).periods[0].valid_to == date(2025, 9, 30)
    assert cover(heard).in_force("US", date(2025, 9, 30))


def test_cover_runs_on_until_the_notice_that_the_policy_asks_for_is_over() -> None:
    too_soon = cancellation(last_day=day(45).date())
    heard = policy_cancelled(bound_seller(), too_soon, moment(40))
    assert heard.says[0] == cancelled(day(70).date())
    assert cover(heard).periods[0].valid_to == day(70).date()


def test_the_notice_counts_from_when_it_was_said() -> None:
    heard = policy_cancelled(bound_seller(), cancellation(last_day=day(40).date()), moment(41, said=38))
    assert heard.says[0] == cancelled(day(68).date())


@pytest.mark.parametrize("said", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)])
def test_a_clock_of_the_carrier_that_is_wrong_stops_nobody(said: datetime) -> None:
    at = moment(40)
    mistaken = type(at)(at.now, said, at.policies)
    heard = policy_cancelled(bound_seller(), cancellation(last_day=day(45).date()), mistaken)
    assert isinstance(heard.says[0], CoverCancelled)


def test_a_cancellation_heard_twice_is_told_once() -> None:
    cut = policy_cancelled(bound_seller(), cancellation(), moment(40)).state
    assert policy_cancelled(cut, cancellation(), moment(41)) == Decision(cut)
    assert policy_cancelled(cut, cancellation(last_day=date(2025, 12, 1)), moment(41)) == Decision(cut)


def test_a_sooner_day_cuts_again() -> None:
    cut = policy_cancelled(bound_seller(), cancellation(), moment(40)).state
    heard = policy_cancelled(cut, cancellation(last_day=date(2025, 8, 31)), moment(41))
    assert heard.says[0] == cancelled(date(2025, 8, 31))


@pytest.mark.parametrize("changes", [{"policy_number": "POL-2"}, {"carrier": "southsea"}])
def test_nobody_cancels_a_policy_that_is_not_theirs(changes: dict[str, str]) -> None:
    bound = bound_seller()
    assert policy_cancelled(bound, cancellation(**changes), moment(40)) == Decision(bound)


def test_a_cancellation_later_than_the_end_changes_nothing() -> None:
    bound = bound_seller()
    assert policy_cancelled(bound, cancellation(last_day=date(2026, 6, 30)), moment(40)) == Decision(bound)


def test_a_cancellation_that_overtakes_its_policy_counts_once_the_policy_is_there() -> None:
    noted = policy_cancelled(choosing_seller(), cancellation(), moment(11))
    later = policy_cancelled(noted.state, cancellation(last_day=date(2025, 12, 1)), moment(11))
    heard = policy_issued(later.state, policy(), moment(12))
    assert (noted.says, later.says) == ((), ())
    assert heard.says[1] == cancelled(date(2025, 9, 30))
    assert cover(heard).periods[0].valid_to == date(2025, 9, 30)
    assert heard.state.notices == ()


def test_only_so_many_cancellations_wait_for_their_policies() -> None:
    seller = choosing_seller()
    for number in range(MAX_NOTICES + 3):
        seller = policy_cancelled(seller, cancellation(policy_number=f"POL-{number}"), moment(11)).state
    assert len(seller.notices) == MAX_NOTICES


def test_the_paper_of_a_bound_policy_is_cancelled_with_it() -> None:
    paper = certificate(certificate_id="POL-1", valid_from=date(2025, 7, 1), valid_to=date(2026, 6, 30))
    shown = certificate_submitted(bound_seller(), paper, moment(20)).state
    told = cover(policy_cancelled(shown, cancellation(), moment(40)))
    assert not told.in_force("US", date(2025, 10, 1))


def test_a_cancelled_paper_that_overtakes_its_policy_counts_once_the_policy_is_there() -> None:
    paper = certificate(certificate_id="POL-1", cancelled_on=date(2025, 9, 1))
    shown = certificate_submitted(choosing_seller(), paper, moment(11)).state
    assert cover(policy_issued(shown, policy(), moment(12))).periods[-1].valid_to == date(2025, 9, 1)


def test_the_paper_of_a_policy_that_was_shown_before_it_is_cancelled_with_it() -> None:
    paper = certificate(certificate_id="POL-1", valid_from=date(2025, 7, 1), valid_to=date(2026, 6, 30))
    shown = certificate_submitted(choosing_seller(), paper, moment(11)).state
    heard = policy_cancelled(policy_issued(shown, policy(), moment(12)).state, cancellation(), moment(40))
    assert [event for event in heard.says if isinstance(event, CoverCancelled)] == [cancelled(date(2025, 9, 30))]
    assert not cover(heard).in_force("US", date(2025, 10, 1))


def test_cancelled_cover_lapses_after_its_last_day() -> None:
    cut = policy_cancelled(bound_seller(), cancellation(), moment(40)).state
    asked = deadline_passed(cut, moment(76)).state
    lapse = CoverLapsed(seller_id=SELLER, marketplace="US", lapsed_on=date(2025, 10, 1))
    assert lapse in deadline_passed(asked, moment(121)).says


def test_a_policy_in_force_only_in_the_past_is_cover_that_has_lapsed() -> None:
    old = policy(valid_from=date(2024, 1, 1), valid_to=date(2024, 12, 31))
    heard = policy_issued(choosing_seller(), old, moment(12))
    assert [type(event) for event in heard.says] == [CoverBound, SellerCoverChanged]
    assert heard.state.due is None
    assert heard.state.periods[0].valid_to < day(12).date() - timedelta(days=1)
