"""Several of everything beside each other: what happens to one leaves the others as they are. And the very last day."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.insurance_accelerator.binding import overdue, policy_cancelled, policy_issued, quote_chosen
from services.insurance_accelerator.certificates import certificate_submitted
from services.insurance_accelerator.deadlines import deadline_passed
from services.insurance_accelerator.history import claim_reported, lately
from services.insurance_accelerator.proceeds import proceeds_reported
from services.insurance_accelerator.quotes import carrier_declined, carrier_quoted, quotes_wanted
from services.insurance_accelerator.state import Seller
from shared.events.insurance_accelerator import (
    BindRequested,
    CertificateRejected,
    Defect,
    InsuranceOverdue,
    InsuranceReminded,
    QuoteExpired,
)
from shared.money import Currency
from shared.policy import load
from tests.deciding import day
from tests.insurance_accelerator import given
from tests.insurance_accelerator.given import SELLER, TODAY, certificate, known_seller, moment, quoted, wanted

US = load().version("US-1")
LATER = date(2027, 1, 1)


def insured_twice() -> Seller:
    """Two certificates on the same marketplace."""
    seller = given.insured_seller()
    return certificate_submitted(seller, certificate(certificate_id="COI-2", valid_to=LATER), moment(1)).state


def last_days(seller: Seller) -> dict[str, date]:
    return {period.certificate_id: period.valid_to for period in seller.periods}


# Certificates


def test_a_cancellation_cuts_its_own_certificate_only() -> None:
    cancelled = certificate(cancelled_on=date(2025, 8, 1))
    seller = certificate_submitted(insured_twice(), cancelled, moment(2)).state
    assert last_days(seller) == {"COI-1": date(2025, 8, 1), "COI-2": LATER}


def test_cancellations_of_two_certificates_are_remembered_beside_each_other() -> None:
    seller = known_seller()
    for name, month in (("COI-1", 8), ("COI-2", 7)):
        cancelled = certificate(certificate_id=name, cancelled_on=date(2025, month, 1))
        seller = certificate_submitted(seller, cancelled, moment(0)).state
    assert {c.certificate_id: c.on for c in seller.cancellations} == {
        "COI-1": date(2025, 8, 1),
        "COI-2": date(2025, 7, 1),
    }
    again = certificate_submitted(seller, certificate(valid_to=date(2026, 6, 1)), moment(1)).state
    assert again.last_day("US") == date(2025, 8, 1), "a later copy without the cancellation does not undo it"


def test_another_content_of_one_certificate_leaves_the_other_certificate() -> None:
    longer = certificate(valid_to=date(2026, 6, 1))
    seller = certificate_submitted(insured_twice(), longer, moment(3)).state
    kept = [(p.certificate_id, p.valid_to) for p in seller.periods]
    yesterday = TODAY + timedelta(days=2)
    assert kept == [("COI-1", yesterday), ("COI-2", LATER), ("COI-1", date(2026, 6, 1))]


def test_the_paper_of_a_bound_policy_stands_for_it_from_then_on() -> None:
    paper = certificate(certificate_id="POL-1", valid_from=date(2025, 7, 1), valid_to=date(2026, 6, 30))
    seller = certificate_submitted(given.bound_seller(), paper, moment(40)).state
    assert [period.bound is not None for period in seller.periods] == [False, True]


def test_when_a_certificate_was_issued_is_on_record_and_told() -> None:
    heard = certificate_submitted(known_seller(), certificate(issued_on=date(2025, 1, 2)), moment(0))
    assert [period.issued_on for period in given.cover(heard).periods] == [date(2025, 1, 2)]


def test_a_marketplace_that_nobody_knows_needs_no_name_to_be_refused() -> None:
    (reply,) = certificate_submitted(given.unknown_seller(), certificate(marketplace="ZZ"), moment(0)).says
    assert isinstance(reply, CertificateRejected)
    assert reply.certificate_id == "COI-1"


def test_a_certificate_that_waited_and_was_cancelled_meanwhile_is_cut() -> None:
    waiting = certificate_submitted(given.unknown_seller(), certificate(), moment(0)).state
    cancelled = certificate(valid_to=date(2026, 2, 1), cancelled_on=date(2025, 9, 1))
    judged = proceeds_reported(certificate_submitted(waiting, cancelled, moment(1)).state, given.proceeds(), moment(2))
    assert judged.state.last_day("US") == date(2025, 9, 1)


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "defects"),
    [(TODAY, TODAY, {Defect.ALREADY_LAPSED, Defect.PERIOD_INVALID}), (TODAY, TODAY - timedelta(days=1), set[Defect]())],
)
def test_a_certificate_of_one_day_that_ends_today_is_neither_over_nor_upside_down(
    valid_from: date, valid_to: date, defects: set[Defect]
) -> None:
    heard = certificate_submitted(known_seller(), certificate(valid_from=valid_from, valid_to=valid_to), moment(0))
    (reply,) = heard.says
    assert isinstance(reply, CertificateRejected), "too few days are left"
    assert not defects & set(reply.defects)


def test_cover_counts_on_its_last_day() -> None:
    seller = given.insured_seller()
    assert seller.covered("US", date(2026, 1, 1), by=date.max)
    assert not seller.covered("US", date(2026, 1, 2), by=date.max)


# Quotes


def test_the_name_of_a_wish_to_bind_never_changes() -> None:
    """A carrier knows a wish that is repeated after an upgrade by it."""
    (asked,) = quote_chosen(given.offered_seller(), given.choice(), moment(2)).says
    assert isinstance(asked, BindRequested)
    assert str(asked.bind_id) == "0ddd04cb-eae9-5490-95f4-904e69ccdfc6"


def test_of_several_quotes_only_those_expire_that_are_due() -> None:
    seller = carrier_quoted(given.asking_seller(), quoted(valid_until=day(40)), moment(1)).state
    seller = carrier_quoted(seller, quoted(quote_id="Q-2", carrier="southsea"), moment(1)).state
    closed = deadline_passed(seller, moment(3)).state
    after, says = overdue(closed, day(30))
    assert says == (QuoteExpired(seller_id=SELLER, quote_id="Q-2"),)
    assert [quote.quote_id for quote in after.quotes if quote.due is not None] == ["Q-1"]


def test_a_carrier_is_asked_again_after_twice_as_long_each_time() -> None:
    seller, waits = given.choosing_seller(), list[timedelta]()
    for _ in range(3):
        (quote,) = seller.quotes
        assert quote.ask_again_at is not None
        waits.append(quote.patience)
        seller, _ = overdue(seller, quote.ask_again_at)
    assert waits == [waits[0], 2 * waits[0], 4 * waits[0]]


def test_a_decline_is_noted_with_its_own_request() -> None:
    seller = quotes_wanted(given.asking_seller(), wanted("R-2"), moment(0)).state
    declined = carrier_declined(seller, given.declined(), moment(1)).state
    assert [len(request.declined) for request in declined.requests] == [1, 0]


def test_a_decline_at_the_last_moment_counts() -> None:
    seller = given.asking_seller()
    (request,) = seller.requests
    last = (request.reply_by - day(0)) / timedelta(days=1)
    assert len(carrier_declined(seller, given.declined(), moment(last)).state.requests[0].declined) == 1


def test_a_quote_with_the_highest_deductible_would_do() -> None:
    highest = US.insurance.max_deductible_minor
    (offered,) = carrier_quoted(given.asking_seller(), quoted(deductible_minor=highest), moment(1)).state.quotes
    assert offered.deductible_minor == highest


def test_a_moment_of_another_zone_is_kept_as_the_same_moment() -> None:
    zoned = datetime.fromisoformat("2025-07-02T11:00:00+02:00")
    (offered,) = carrier_quoted(given.asking_seller(), quoted(valid_until=zoned), moment(1)).state.quotes
    assert (offered.valid_until, offered.valid_until.tzinfo) == (zoned, UTC)


# Policies


def test_a_policy_of_a_single_day_is_cover() -> None:
    one_day = given.policy(valid_to=date(2025, 7, 1))
    assert policy_issued(given.choosing_seller(), one_day, moment(12)).state.last_day("US") == date(2025, 7, 1)


def test_a_policy_whose_last_day_is_today_is_still_renewed() -> None:
    today = given.policy(valid_from=date(2025, 6, 1), valid_to=day(12).date())
    (period,) = policy_issued(given.choosing_seller(), today, moment(12)).state.periods
    assert period.bound is not None
    assert period.bound.renew_at is not None


def test_a_cancellation_of_a_carrier_from_whom_nothing_is_awaited_is_not_ours() -> None:
    seller = given.choosing_seller()
    stranger = given.cancellation(policy_number="POL-9", carrier="southsea")
    assert policy_cancelled(seller, stranger, moment(12)).state == seller
    assert policy_cancelled(given.offered_seller(), given.cancellation(), moment(2)).state == given.offered_seller()


def test_of_two_early_cancellations_the_earliest_day_counts() -> None:
    seller = given.choosing_seller()
    for day_ in (date(2025, 10, 31), date(2025, 9, 30), date(2025, 11, 30)):
        seller = policy_cancelled(seller, given.cancellation(last_day=day_), moment(11)).state
    assert [notice.last_day for notice in seller.notices] == [date(2025, 9, 30)]
    assert policy_issued(seller, given.policy(), moment(12)).state.last_day("US") == date(2025, 9, 30)


# Proceeds, claims, the duty


def test_proceeds_of_marketplaces_are_kept_beside_each_other() -> None:
    german = given.proceeds(marketplace="DE", currency=Currency.EUR, amount_minor=1_000)
    seller = proceeds_reported(known_seller(), german, moment(0)).state
    assert {each.marketplace: each.amount_minor for each in seller.proceeds} == {"US": 500_000, "DE": 1_000}


def test_a_month_reported_again_is_put_right_and_an_older_one_is_not_news() -> None:
    corrected = proceeds_reported(known_seller(), given.proceeds(amount_minor=600_000), moment(1)).state
    older = proceeds_reported(corrected, given.proceeds(month="2025-04", amount_minor=7), moment(2)).state
    assert [each.amount_minor for each in older.proceeds] == [600_000]


def test_the_name_is_that_of_the_newest_month_and_of_one_month_what_was_said_last() -> None:
    renamed = proceeds_reported(
        known_seller(), given.proceeds(month="2025-06", account_name="New Ltd"), moment(1)
    ).state
    older = proceeds_reported(renamed, given.proceeds(), moment(2))
    assert older.state.account_name == "New Ltd", "no report of an older month is news of the name"
    corrected = proceeds_reported(older.state, given.proceeds(month="2025-06", account_name="Newer Ltd"), moment(3))
    again = proceeds_reported(
        corrected.state, given.proceeds(month="2025-06", account_name="New Ltd"), moment(4, said=1)
    )
    assert again.state.account_name == "Newer Ltd"


def test_an_older_month_elsewhere_gives_no_older_name_back() -> None:
    british = given.proceeds(marketplace="GB", currency=Currency.GBP, month="2025-04", account_name="Old Ltd")
    assert proceeds_reported(known_seller(), british, moment(1)).state.account_name == "Acme Trading Ltd"


def test_a_name_that_was_known_before_its_month_was_kept_is_replaced_by_the_next_report() -> None:
    before = Seller.model_validate_json('{"seller_id": "seller-1", "account_name": "Old Ltd"}')
    assert proceeds_reported(before, given.proceeds(), moment(0)).state.account_name == "Acme Trading Ltd"


def test_every_duty_is_told_of_beside_the_others() -> None:
    over = {"amount_minor": 3_000_000}
    seller = proceeds_reported(
        given.obliged_seller(), given.proceeds(marketplace="DE", currency=Currency.EUR, **over), moment(0)
    ).state
    reminded = deadline_passed(seller, moment(29)).says
    assert {said.marketplace for said in reminded if isinstance(said, InsuranceReminded)} == {"US", "DE"}
    begun = deadline_passed(seller, moment(40))
    assert {said.marketplace for said in begun.says if isinstance(said, InsuranceOverdue)} == {"US", "DE"}
    assert begun.state.due is None


def test_a_duty_begins_at_its_very_moment() -> None:
    seller = given.obliged_seller()
    (duty,) = seller.duties
    assert duty.over_at is not None
    at_once = deadline_passed(seller, moment((duty.over_at - day(0)) / timedelta(days=1)))
    assert [type(said) for said in at_once.says] == [InsuranceOverdue]
    assert at_once.state.due is None


def test_a_claim_counts_on_the_last_day_that_is_looked_back_to() -> None:
    oldest = US.day_of(day(0)) - timedelta(days=US.insurance.claims_history_days)
    seller = claim_reported(known_seller(), given.claim(1, reported_on=oldest), moment(0)).state
    assert lately(seller, US, moment(0)).claims == 1
    too_old = claim_reported(known_seller(), given.claim(1, reported_on=oldest - timedelta(days=1)), moment(0)).state
    assert too_old.claims == ()


def test_of_claims_the_latest_are_remembered_in_whatever_order_they_come() -> None:
    seller = known_seller()
    for number in (3, 1, 2):
        reported_on = TODAY - timedelta(days=number)
        seller = claim_reported(seller, given.claim(number, reported_on=reported_on), moment(0)).state
    days = [past.reported_on for past in seller.claims]
    assert days == sorted(days)
