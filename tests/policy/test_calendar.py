"""Days as a policy counts them: calendar days on the clock, business days where the marketplace is."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.calendar import BusinessDays, after, in_words, is_business_day
from shared.policy import Policy, load


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def in_germany(start: datetime, days: int) -> datetime:
    return after(start, days, country="DE", region=None, timezone="Europe/Berlin")


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2025-06-02T09:00", BusinessDays(1), "2025-06-03T09:00"),
        ("2025-06-06T09:00", BusinessDays(1), "2025-06-10T09:00"),  # a Friday; Whit Monday is in between
        ("2025-06-07T09:00", BusinessDays(1), "2025-06-10T09:00"),  # a Saturday
        ("2025-12-23T09:00", BusinessDays(3), "2025-12-30T09:00"),  # both days of Christmas
        ("2025-06-02T09:00", BusinessDays(5), "2025-06-10T09:00"),
        ("2025-06-02T09:00", BusinessDays(0), "2025-06-02T09:00"),
        ("2025-06-06T09:00", 1, "2025-06-07T09:00"),
        ("2025-10-24T12:00", BusinessDays(1), "2025-10-27T13:00"),  # the same hour in Berlin, after summer time
        ("2025-10-24T12:00", 3, "2025-10-27T12:00"),
    ],
)
def test_business_days_leave_out_days_of_rest(start: str, days: int, end: str) -> None:
    assert in_germany(moment(start), days) == moment(end)


def test_a_business_day_begins_where_the_marketplace_is() -> None:
    late_on_friday = moment("2025-06-13T23:30")  # Saturday in Berlin, still Friday in New York
    berlin = in_germany(late_on_friday, BusinessDays(1))
    new_york = after(late_on_friday, BusinessDays(1), country="US", region=None, timezone="America/New_York")
    assert (berlin, new_york) == (moment("2025-06-15T23:30"), moment("2025-06-16T23:30"))


def test_a_region_has_holidays_of_its_own() -> None:
    corpus_christi = date(2025, 6, 19)
    assert is_business_day(corpus_christi, "DE")
    assert not is_business_day(corpus_christi, "DE", "BY")


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (BusinessDays(5), "5 business days"),
        (BusinessDays(1), "1 business day"),
        (5, "5 days"),
        (1, "1 day"),
    ],
)
def test_which_days_are_counted_is_said(days: int, words: str) -> None:
    assert in_words(days) == words


@given(
    st.sampled_from(load().versions()),
    st.integers(0, 3000),
    st.integers(1, 60),
)
def test_business_days_end_on_one_and_never_before_as_many_days(policy: Policy, hours: int, days: int) -> None:
    start = moment("2021-09-01T00:00") + timedelta(hours=hours * 11)
    end = policy.after(start, BusinessDays(days))

    assert is_business_day(policy.day_of(end), policy.calendar.holidays)
    assert end - start > timedelta(days=days - 1)
    assert policy.after(start, BusinessDays(days + 1)) > end
    assert policy.wait(start, BusinessDays(days)) == end - start
    assert policy.after(start, days) == start + timedelta(days=days)
