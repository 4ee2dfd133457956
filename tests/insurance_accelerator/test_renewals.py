"""Cover bound here that ends soon: given what is known of a seller, when this is heard, then these events."""

from datetime import UTC, date, datetime

from services.insurance_accelerator.binding import policy_cancelled, policy_issued, quote_chosen
from services.insurance_accelerator.certificates import certificate_submitted
from services.insurance_accelerator.deadlines import deadline_passed
from services.insurance_accelerator.quotes import carrier_quoted
from services.insurance_accelerator.state import MAX_REQUESTS, Period, Seller
from shared.events.base import Event
from shared.events.insurance_accelerator import (
    BindRequested,
    CoverLapsing,
    QuoteOffered,
    QuotesCompared,
    QuotesRequested,
)
from shared.money import Currency
from shared.policy import load
from shared.runtime import Decision, Moment
from tests.deciding import day
from tests.insurance_accelerator.given import (
    SELLER,
    bound_seller,
    cancellation,
    certificate,
    choice,
    choosing_seller,
    insured_seller,
    moment,
    policy,
    quoted,
    with_claims,
)

RENEW_AT = datetime(2026, 5, 16, 4, tzinfo=UTC)
"""45 days before 30 June 2026, as the day begins in New York."""
REQUEST = "renews:US:northwind:POL-1:2026-06-30"


def then() -> Moment[Event]:
    return Moment(RENEW_AT, RENEW_AT, load())


def lapsing() -> CoverLapsing:
    return CoverLapsing(
        seller_id=SELLER,
        marketplace="US",
        policy_number="POL-1",
        last_day=date(2026, 6, 30),
        request_id=REQUEST,
    )


def renewing_seller() -> Seller:
    return deadline_passed(bound_seller(), then()).state


def test_before_bound_cover_ends_carriers_are_asked_for_what_follows_on_the_same_terms() -> None:
    bound = with_claims(bound_seller(), 2)
    assert bound.due == RENEW_AT
    asked = QuotesRequested(
        seller_id=SELLER,
        request_id=REQUEST,
        marketplace="US",
        currency=Currency.USD,
        monthly_proceeds_minor=500_000,
        claims_so_far=2,
        claims_minor=80_000,
        reply_by=datetime(2026, 5, 19, 4, tzinfo=UTC),
        limit_minor=100_000_000,
        deductible_minor=500_000,
        renews="POL-1",
    )
    assert deadline_passed(bound, then()).says == (lapsing(), asked)


def test_a_renewal_is_asked_for_once() -> None:
    renewing = renewing_seller()
    (comparison,) = deadline_passed(renewing, moment(352)).says
    assert isinstance(comparison, QuotesCompared)
    assert all(period.bound and period.bound.renew_at is None for period in renewing.periods)


def test_a_quote_for_the_renewal_is_offered_chosen_and_bound_like_any_other() -> None:
    quote = quoted(request_id=REQUEST, quote_id="Q-9", valid_until=day(370))
    offered = carrier_quoted(renewing_seller(), quote, moment(349))
    chosen = quote_chosen(offered.state, choice("Q-9"), moment(350))
    next_year = policy(quote_id="Q-9", policy_number="POL-9", valid_from=date(2026, 7, 1), valid_to=date(2027, 6, 30))
    renewed = policy_issued(chosen.state, next_year, moment(351))
    assert isinstance(offered.says[0], QuoteOffered)
    assert isinstance(chosen.says[0], BindRequested)
    assert [p.certificate_id for p in renewed.state.periods] == ["POL-1", "POL-9"]
    later = deadline_passed(renewed.state, moment(400)).says
    assert [type(event) for event in later] == [QuotesCompared], "nothing lapses"


def test_cover_that_is_cancelled_is_asked_for_anew_as_soon_as_it_ends_soon() -> None:
    cut = policy_cancelled(bound_seller(), cancellation(), moment(40)).state
    assert cut.due == datetime(2025, 8, 16, 4, tzinfo=UTC)
    soon = policy_cancelled(bound_seller(), cancellation(last_day=day(45).date()), moment(40)).state
    (told, asked) = deadline_passed(soon, moment(40)).says
    assert isinstance(told, CoverLapsing)
    assert isinstance(asked, QuotesRequested)
    assert (told.last_day, asked.renews) == (day(70).date(), "POL-1")


def test_a_renewal_that_was_asked_for_is_not_asked_for_again_after_a_cancellation() -> None:
    cut = policy_cancelled(renewing_seller(), cancellation(last_day=date(2026, 6, 20)), moment(349)).state
    assert not [e for e in deadline_passed(cut, moment(353)).says if isinstance(e, CoverLapsing)]


def test_cover_shown_by_a_certificate_is_the_sellers_own_to_renew() -> None:
    assert not [e for e in deadline_passed(insured_seller(), moment(190)).says if isinstance(e, CoverLapsing)]


def test_the_paper_of_a_bound_policy_changes_nothing_about_its_renewal() -> None:
    paper = certificate(certificate_id="POL-1", valid_from=date(2025, 7, 1), valid_to=date(2026, 6, 30))
    shown = certificate_submitted(bound_seller(), paper, moment(20)).state
    assert [e for e in deadline_passed(shown, then()).says if isinstance(e, CoverLapsing)] == [lapsing()]


def test_a_renewal_is_asked_for_before_the_end_that_the_paper_of_a_bound_policy_shows() -> None:
    cut = policy_cancelled(bound_seller(), cancellation(last_day=day(75).date()), moment(40)).state
    paper = certificate(certificate_id="POL-1", valid_from=date(2025, 7, 1), valid_to=date(2026, 6, 30))
    shown = certificate_submitted(cut, paper, moment(40)).state
    assert shown.periods[-1].valid_to == day(75).date(), "no paper of the seller's lifts what its carrier said"
    (told, _) = deadline_passed(shown, moment(40)).says
    assert isinstance(told, CoverLapsing)
    assert told.last_day == day(75).date()

    longer = certificate_submitted(bound_seller(), paper.model_copy(update={"valid_to": date(2026, 7, 30)}), moment(20))
    assert longer.state.due == datetime(2026, 6, 15, 4, tzinfo=UTC)


def test_cover_that_a_paper_ends_long_ago_is_not_renewed() -> None:
    paper = certificate(certificate_id="POL-1", cancelled_on=date.min)
    ended = certificate_submitted(bound_seller(), paper, moment(20)).state
    assert ended.due is None


def test_cover_that_was_over_before_anybody_looked_is_not_renewed() -> None:
    said = deadline_passed(bound_seller(), moment(500)).says
    assert not [event for event in said if isinstance(event, CoverLapsing)]


def test_a_renewal_is_asked_for_however_many_wishes_are_open() -> None:
    bound = bound_seller()
    request = renewing_seller().requests[-1]
    busy = bound.model_copy(
        update={
            "requests": tuple(
                request.model_copy(update={"request_id": f"R-{n}", "renews": None, "reply_by": day(360)})
                for n in range(MAX_REQUESTS)
            )
        }
    )
    assert deadline_passed(busy, then()).says[0] == lapsing()


def test_the_request_of_a_very_long_policy_number_has_an_id_of_a_fitting_length() -> None:
    long = policy(policy_number="P" * 128)
    bound = policy_issued(choosing_seller(), long, moment(12)).state
    (told, asked) = deadline_passed(bound, then()).says
    assert isinstance(told, CoverLapsing)
    assert isinstance(asked, QuotesRequested)
    assert told.request_id == asked.request_id
    assert len(told.request_id) <= 128


def test_each_of_several_policies_has_its_own_renewal() -> None:
    bound = bound_seller()
    other: Period = bound.periods[0].model_copy(update={"certificate_id": "POL-2"})
    two = bound.model_copy(update={"periods": (*bound.periods, other)})
    said = [event for event in deadline_passed(two, then()).says if isinstance(event, CoverLapsing)]
    assert [event.policy_number for event in said] == ["POL-1", "POL-2"]
    assert len({event.request_id for event in said}) == 2


def test_policies_of_one_number_on_two_marketplaces_or_of_two_carriers_have_each_their_own_renewal() -> None:
    bound = bound_seller()
    (period,) = bound.periods
    assert period.bound is not None
    british: Period = period.model_copy(update={"marketplace": "GB"})
    southern = period.model_copy(update={"bound": period.bound.model_copy(update={"carrier": "southsea"})})
    three = bound.model_copy(update={"periods": (period, british, southern)})
    renewing = deadline_passed(three, then()).state
    assert len({request.request_id for request in renewing.requests if request.renews == "POL-1"}) == 3
    (in_pounds,) = [request for request in renewing.requests if request.marketplace == "GB"]
    quote = quoted(request_id=in_pounds.request_id, quote_id="Q-9", currency=Currency.GBP, valid_until=day(370))
    assert isinstance(carrier_quoted(renewing, quote, moment(349)).says[0], QuoteOffered)


def test_nothing_is_renewed_that_is_not_bound() -> None:
    chosen = choosing_seller()
    assert deadline_passed(chosen, moment(11)) == Decision(chosen)
