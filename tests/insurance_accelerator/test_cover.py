"""The end of cover: given what is known of a seller, when this is heard, then these events."""

from datetime import UTC, date, datetime

from services.insurance_accelerator.certificates import certificate_submitted
from services.insurance_accelerator.deadlines import deadline_passed
from shared.events.insurance_accelerator import CoverLapsed
from shared.runtime import Decision
from tests.insurance_accelerator.given import SELLER, certificate, insured_seller, moment


def lapse(lapsed_on: date) -> CoverLapsed:
    return CoverLapsed(seller_id=SELLER, marketplace="US", lapsed_on=lapsed_on)


def test_cover_lapses_when_its_last_day_is_over() -> None:
    insured = insured_seller()
    assert deadline_passed(insured, moment(213.8)) == Decision(insured), "1 January is covered to its end in New York"
    assert deadline_passed(insured, moment(214)).says == (lapse(date(2026, 1, 2)),)


def test_a_lapse_is_told_once() -> None:
    lapsed = deadline_passed(insured_seller(), moment(214)).state
    assert lapsed.due is None
    assert deadline_passed(lapsed, moment(300)) == Decision(lapsed)


def test_nothing_lapses_while_another_period_follows() -> None:
    next_year = certificate(certificate_id="COI-2", valid_from=date(2026, 2, 1), valid_to=date(2027, 2, 1))
    renewed = certificate_submitted(insured_seller(), next_year, moment(100)).state
    assert deadline_passed(renewed, moment(214)).says == ()
    assert renewed.due == datetime(2027, 2, 2, 5, tzinfo=UTC)


def test_new_cover_after_a_lapse_can_lapse_again() -> None:
    lapsed = deadline_passed(insured_seller(), moment(214)).state
    anew = certificate(certificate_id="COI-2", valid_from=date(2026, 1, 10), valid_to=date(2027, 1, 10))
    again = certificate_submitted(lapsed, anew, moment(220)).state
    assert again.due == datetime(2027, 1, 11, 5, tzinfo=UTC)


def test_cover_to_the_end_of_time_waits_for_nothing() -> None:
    assert insured_seller(valid_to=date.max).due is None
