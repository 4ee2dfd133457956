"""The duty to insure: given what is known of a seller, when this is heard, then these events."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.insurance_accelerator.certificates import certificate_submitted
from services.insurance_accelerator.deadlines import deadline_passed
from services.insurance_accelerator.proceeds import proceeds_reported
from services.insurance_accelerator.state import Duty, Named, Seller
from shared.events.base import Event
from shared.events.insurance_accelerator import (
    AfterDuty,
    CertificateAccepted,
    CoverLapsed,
    InsuranceOverdue,
    InsuranceReminded,
    InsuranceRequired,
    SellerCoverChanged,
)
from shared.money import Currency
from shared.runtime import Decision
from tests.deciding import day
from tests.insurance_accelerator.given import (
    SELLER,
    TODAY,
    certificate,
    known_seller,
    moment,
    obliged_seller,
    proceeds,
    unknown_seller,
)


def test_proceeds_over_the_line_bring_the_duty_to_insure() -> None:
    heard = proceeds_reported(unknown_seller(), proceeds(amount_minor=1_000_001), moment(0))
    assert heard.says == (InsuranceRequired(seller_id=SELLER, marketplace="US", insure_by=TODAY + timedelta(days=30)),)


def test_proceeds_on_the_line_bring_no_duty() -> None:
    assert proceeds_reported(unknown_seller(), proceeds(amount_minor=1_000_000), moment(0)).says == ()


def test_the_duty_is_told_once_per_marketplace() -> None:
    once = proceeds_reported(unknown_seller(), proceeds(amount_minor=2_000_000), moment(0)).state
    again = proceeds_reported(once, proceeds(month="2025-06", amount_minor=9_000_000), moment(30))
    elsewhere = proceeds_reported(
        again.state, proceeds(marketplace="GB", currency=Currency.GBP, amount_minor=400_001), moment(31)
    )
    assert again.says == ()
    assert [type(event) for event in elsewhere.says] == [InsuranceRequired]


def test_an_older_month_can_bring_the_duty_but_does_not_replace_the_latest() -> None:
    heard = proceeds_reported(known_seller(), proceeds(month="2025-03", amount_minor=2_000_000), moment(1))
    latest = heard.state.proceeds_on("US")
    assert [type(event) for event in heard.says] == [InsuranceRequired]
    assert latest is not None
    assert (latest.month, latest.amount_minor) == ("2025-05", 500_000)


@pytest.mark.parametrize("changes", [{"currency": Currency.MXN}, {"marketplace": "ZZ"}])
def test_proceeds_that_no_line_can_be_compared_with_tell_the_name_only(changes: dict[str, object]) -> None:
    heard = proceeds_reported(unknown_seller(), proceeds(amount_minor=10**9, **changes), moment(0))
    assert heard == Decision(Seller(seller_id=SELLER, account_name="Acme Trading Ltd", named=Named("2025-05", day(0))))


def reminded() -> InsuranceReminded:
    return InsuranceReminded(seller_id=SELLER, marketplace="US", insure_by=TODAY + timedelta(days=30))


def overdue() -> InsuranceOverdue:
    return InsuranceOverdue(
        seller_id=SELLER,
        marketplace="US",
        insure_by=TODAY + timedelta(days=30),
        follows=AfterDuty.HOLD_DISBURSEMENTS,
    )


def through(seller: Seller, *days: float) -> list[tuple[float, Event]]:
    """What is said as the deadlines of these days pass, one after the other."""
    said: list[tuple[float, Event]] = []
    for number in days:
        heard = deadline_passed(seller, moment(number))
        seller, said = heard.state, [*said, *((number, event) for event in heard.says)]
    return said


def test_who_does_not_insure_is_reminded_twice_and_then_told_once_what_follows() -> None:
    said = through(obliged_seller(), 14, 14.1, 25, 30, 31, 32, 200)
    assert said == [(14, reminded()), (25, reminded()), (31, overdue())]


def test_the_time_to_insure_ends_with_its_last_day_where_the_marketplace_is() -> None:
    after_reminders = deadline_passed(obliged_seller(), moment(25)).state
    assert after_reminders.due == datetime(2025, 7, 3, 4, tzinfo=UTC), "midnight in New York"
    assert through(after_reminders, 30.78) == []


def test_two_reminders_that_are_late_are_one() -> None:
    assert through(obliged_seller(), 26) == [(26, reminded())]


def test_a_reminder_that_is_later_than_the_end_is_not_said() -> None:
    assert through(obliged_seller(), 40) == [(40, overdue())]


def test_who_has_insured_hears_nothing_more_of_the_duty() -> None:
    insured = certificate_submitted(obliged_seller(), certificate(), moment(5)).state
    assert through(insured, 14, 25, 31) == []


def test_cover_that_begins_with_the_duty_needs_no_reminder_but_cover_after_it_does() -> None:
    begins = TODAY + timedelta(days=30)
    in_time = certificate_submitted(obliged_seller(), certificate(valid_from=begins), moment(5)).state
    later = certificate(valid_from=begins + timedelta(days=2))
    too_late = certificate_submitted(obliged_seller(), later, moment(5)).state
    assert through(in_time, 14, 31) == []
    assert through(too_late, 14, 31) == [(14, reminded()), (31, overdue())]


def test_cover_of_another_marketplace_fulfils_no_duty() -> None:
    elsewhere = certificate(marketplace="GB", currency=Currency.GBP)
    covered_there = certificate_submitted(obliged_seller(), elsewhere, moment(5)).state
    assert through(covered_there, 14) == [(14, reminded())]


def test_cover_that_lapses_after_the_duty_has_begun_is_overdue_at_once() -> None:
    insured = certificate_submitted(obliged_seller(), certificate(), moment(5)).state
    dutiful = deadline_passed(insured, moment(31)).state
    lapse = CoverLapsed(seller_id=SELLER, marketplace="US", lapsed_on=date(2026, 1, 2))
    assert through(dutiful, 214, 215) == [(214, lapse), (214, overdue())]


def test_cover_that_is_cancelled_after_the_duty_has_begun_is_overdue_at_once() -> None:
    insured = certificate_submitted(obliged_seller(), certificate(), moment(5)).state
    dutiful = deadline_passed(insured, moment(31)).state
    heard = certificate_submitted(dutiful, certificate(cancelled_on=day(40).date()), moment(45))
    assert heard.says[2:] == (overdue(),)


def test_cover_that_lapses_in_the_moment_in_which_the_duty_begins_is_overdue_once() -> None:
    ends_too = certificate_submitted(obliged_seller(), certificate(), moment(0)).state
    cut = certificate_submitted(ends_too, certificate(cancelled_on=TODAY + timedelta(days=30)), moment(1)).state
    said = [event for _, event in through(cut, 31, 32)]
    assert [type(event) for event in said] == [CoverLapsed, InsuranceOverdue]


# Held to it: a day without cover after the duty has begun, whatever cover may follow


def dutiful(**later: Any) -> Seller:
    """A seller whose duty has begun under cover to 1 January; ``later``: how another certificate differs."""
    insured = certificate_submitted(obliged_seller(), certificate(), moment(5)).state
    begun = deadline_passed(insured, moment(31)).state
    return certificate_submitted(begun, certificate(**later), moment(40)).state if later else begun


IN_2045: dict[str, Any] = {"certificate_id": "COI-2", "valid_from": date(2045, 1, 1), "valid_to": date(2046, 1, 1)}
IN_FEBRUARY = IN_2045 | {"valid_from": date(2026, 2, 1), "valid_to": date(2027, 2, 1)}


@pytest.mark.parametrize("later", [IN_2045, IN_FEBRUARY])
def test_a_gap_before_the_next_cover_is_overdue_on_its_first_day_and_once(later: dict[str, Any]) -> None:
    with_gap = dutiful(**later)
    assert with_gap.due == datetime(2026, 1, 2, 5, tzinfo=UTC), "midnight in New York after the last day"
    assert through(with_gap, 213.8, 214, 215, 240) == [(214, overdue())], "and nothing lapses"


def test_each_gap_is_overdue() -> None:
    seller = dutiful(**IN_FEBRUARY)
    in_march = certificate(certificate_id="COI-3", valid_from=date(2027, 3, 1), valid_to=date(2027, 12, 1))
    seller = certificate_submitted(seller, in_march, moment(41)).state
    assert through(seller, 214, 245, 620, 640) == [(214, overdue()), (620, overdue())]


def test_cover_that_closes_a_gap_in_time_leaves_nothing_overdue() -> None:
    between = certificate(certificate_id="COI-3", valid_from=date(2026, 1, 2), valid_to=date(2026, 1, 31))
    closed = certificate_submitted(dutiful(**IN_FEBRUARY), between, moment(100)).state
    assert closed.due == datetime(2027, 2, 2, 5, tzinfo=UTC)
    assert through(closed, 214, 244) == []


def test_cover_that_is_cancelled_before_other_cover_begins_is_overdue_at_once() -> None:
    cancelled = certificate(cancelled_on=day(43).date())
    heard = certificate_submitted(dutiful(**IN_FEBRUARY), cancelled, moment(45))
    assert [type(event) for event in heard.says] == [SellerCoverChanged, InsuranceOverdue]


def test_who_has_been_told_hears_it_once_more_only_after_other_cover() -> None:
    told = deadline_passed(dutiful(**IN_FEBRUARY), moment(214)).state
    longer = certificate(**IN_FEBRUARY | {"valid_to": date(2027, 3, 1)})
    heard = certificate_submitted(told, longer, moment(215))
    assert [type(event) for event in heard.says] == [CertificateAccepted, SellerCoverChanged]
    cancelled = certificate_submitted(heard.state, certificate(**IN_FEBRUARY, cancelled_on=TODAY), moment(216))
    assert not [event for event in cancelled.says if isinstance(event, InsuranceOverdue)]


def test_a_gap_that_is_over_by_the_time_somebody_looks_is_not_overdue() -> None:
    assert through(dutiful(**IN_FEBRUARY), 250) == []


def test_a_gap_that_nobody_has_looked_at_is_overdue_though_other_cover_was_heard_of() -> None:
    heard = certificate_submitted(dutiful(), certificate(**IN_FEBRUARY), moment(214))
    assert [event for event in heard.says if isinstance(event, InsuranceOverdue)] == [overdue()]


def test_a_duty_that_began_under_an_older_version_is_held_to_as_well() -> None:
    begun = dutiful()
    (duty,) = begun.duties
    older = begun.but(duties=(Duty.model_validate(duty.model_dump(exclude={"uncovered_at"})),))
    assert [type(event) for _, event in through(older, 214, 215)] == [CoverLapsed, InsuranceOverdue]


def test_cover_to_the_end_of_time_is_never_overdue() -> None:
    assert dutiful(certificate_id="COI-2", valid_to=date.max).due is None
