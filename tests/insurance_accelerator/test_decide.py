"""The Accelerator's decisions: given what is known of a seller, when this is heard, then these events."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.insurance_accelerator.decide import (
    certificate_submitted,
    deadline_passed,
    policy_issued,
    proceeds_reported,
)
from services.insurance_accelerator.quotes import carrier_declined, carrier_quoted, quote_chosen, quotes_wanted
from services.insurance_accelerator.state import MAX_PERIODS, MAX_QUOTES, MAX_REQUESTS, MAX_WAITING, Seller
from shared.events.base import Event
from shared.events.carriers import CarrierDeclined
from shared.events.insurance_accelerator import (
    BindRequested,
    CertificateAccepted,
    CertificateRejected,
    CoverBound,
    CoverLapsed,
    CoverPeriod,
    Defect,
    InsuranceRequired,
    QuoteExpired,
    QuoteOffered,
    QuotesRequested,
    SellerCoverChanged,
    SellerNotQualified,
    SellerQualified,
)
from shared.events.seller_portal import InsurerRating
from shared.money import Currency
from shared.runtime import Decision
from tests.deciding import day
from tests.insurance_accelerator.given import (
    SELLER,
    TODAY,
    asking_seller,
    certificate,
    choice,
    choosing_seller,
    insured_seller,
    known_seller,
    moment,
    offered_seller,
    policy,
    proceeds,
    quoted,
    unknown_seller,
    wanted,
)

MIDNIGHT_AFTER_COVER = datetime(2026, 1, 2, tzinfo=UTC)


def cover(decision: Decision[Seller]) -> SellerCoverChanged:
    """The one snapshot of cover that a decision tells."""
    (told,) = [event for event in decision.says if isinstance(event, SellerCoverChanged)]
    return told


def lapse(lapsed_on: date) -> CoverLapsed:
    return CoverLapsed(seller_id=SELLER, marketplace="US", lapsed_on=lapsed_on)


# The duty to insure


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
    assert heard == Decision(Seller(seller_id=SELLER, account_name="Acme Trading Ltd"))


# Certificates


def test_a_certificate_without_a_defect_is_accepted_and_becomes_cover() -> None:
    heard = certificate_submitted(known_seller(), certificate(), moment(1))
    period = CoverPeriod(
        marketplace="US",
        valid_from=date(2025, 1, 1),
        valid_to=date(2026, 1, 1),
        insurer="Northwind Mutual",
        certificate_id="COI-1",
        known_since=day(1),
    )
    assert heard.says == (
        CertificateAccepted(seller_id=SELLER, certificate_id="COI-1", marketplace="US"),
        SellerCoverChanged(seller_id=SELLER, version=1, periods=(period,)),
    )
    assert heard.state.due == MIDNIGHT_AFTER_COVER


@pytest.mark.parametrize(
    ("changes", "defects"),
    [
        ({"insured_name": "Acme Trading Inc"}, [Defect.NAME_DIFFERS]),
        ({"occurrence_basis": False}, [Defect.NOT_OCCURRENCE_BASIS]),
        ({"per_occurrence_minor": 99_999_999}, [Defect.OCCURRENCE_LIMIT_TOO_LOW]),
        ({"aggregate_minor": 99_999_999}, [Defect.AGGREGATE_LIMIT_TOO_LOW]),
        ({"deductible_minor": 1_000_001}, [Defect.DEDUCTIBLE_TOO_HIGH]),
        ({"deductible_minor": None}, [Defect.DEDUCTIBLE_NOT_SHOWN]),
        ({"additional_insured": False}, [Defect.NOT_ADDITIONAL_INSURED]),
        ({"insurer_rating": InsurerRating.BELOW}, [Defect.RATING_TOO_LOW]),
        ({"global_claims_handling": False}, [Defect.NO_GLOBAL_CLAIMS_HANDLING]),
        ({"cancellation_notice_days": 29}, [Defect.CANCELLATION_NOTICE_TOO_SHORT]),
        ({"valid_to": TODAY + timedelta(days=59)}, [Defect.TOO_FEW_DAYS_LEFT]),
        ({"valid_to": TODAY - timedelta(days=1)}, [Defect.TOO_FEW_DAYS_LEFT, Defect.ALREADY_LAPSED]),
        ({"cancelled_on": TODAY}, [Defect.TOO_FEW_DAYS_LEFT, Defect.CANCELLED]),
        ({"cancelled_on": TODAY + timedelta(days=59)}, [Defect.TOO_FEW_DAYS_LEFT]),
        ({"currency": Currency.EUR, "aggregate_minor": 1}, [Defect.WRONG_CURRENCY]),
        ({"valid_from": date(2026, 1, 2)}, [Defect.PERIOD_INVALID]),
        ({"marketplace": "ZZ", "occurrence_basis": False}, [Defect.UNKNOWN_MARKETPLACE]),
    ],
)
def test_each_term_of_the_policy_has_its_defect(changes: dict[str, object], defects: list[Defect]) -> None:
    heard = certificate_submitted(known_seller(), certificate(**changes), moment(0))
    marketplace = str(changes.get("marketplace", "US"))
    rejected = CertificateRejected(
        seller_id=SELLER, certificate_id="COI-1", marketplace=marketplace, defects=tuple(defects)
    )
    assert heard.says == (rejected,)
    assert heard.state.periods == ()


def test_all_defects_are_listed_in_one_reply() -> None:
    poor = certificate(occurrence_basis=False, deductible_minor=None, additional_insured=False, insured_name="Other")
    (reply,) = certificate_submitted(known_seller(), poor, moment(0)).says
    assert isinstance(reply, CertificateRejected)
    assert reply.defects == (
        Defect.NAME_DIFFERS,
        Defect.NOT_OCCURRENCE_BASIS,
        Defect.DEDUCTIBLE_NOT_SHOWN,
        Defect.NOT_ADDITIONAL_INSURED,
    )


@pytest.mark.parametrize("name", ["ACME trading LTD", "  Acme  Trading Ltd ", "AcmeTrading Ltd"])
def test_case_and_spaces_make_no_other_name(name: str) -> None:
    heard = certificate_submitted(known_seller(), certificate(insured_name=name), moment(0))
    assert isinstance(heard.says[0], CertificateAccepted)


def test_an_umlaut_typed_on_another_keyboard_makes_no_other_name() -> None:
    german = known_seller(account_name="M\u00fcller & S\u00f6hne")
    heard = certificate_submitted(german, certificate(insured_name="Mu\u0308ller & So\u0308hne"), moment(0))
    assert isinstance(heard.says[0], CertificateAccepted)


def test_a_back_dated_certificate_covers_the_days_before_it_was_known() -> None:
    told = cover(certificate_submitted(known_seller(), certificate(valid_from=date(2021, 9, 1)), moment(0)))
    assert told.in_force("US", date(2021, 9, 1))
    assert not told.in_force("US", date(2021, 8, 31))
    assert not told.in_force("GB", date(2025, 6, 2))


def test_the_same_certificate_again_changes_nothing() -> None:
    insured = insured_seller()
    assert certificate_submitted(insured, certificate(), moment(5)) == Decision(insured)


def test_another_content_supersedes_from_today_and_leaves_the_past() -> None:
    heard = certificate_submitted(insured_seller(), certificate(valid_to=date(2027, 1, 1)), moment(10))
    told = cover(heard)
    assert told.version == 2
    assert [(p.valid_from, p.valid_to) for p in told.periods] == [
        (date(2025, 1, 1), day(9).date()),
        (date(2025, 1, 1), date(2027, 1, 1)),
    ]


def test_a_superseded_content_that_comes_again_does_not_come_back() -> None:
    longer = certificate_submitted(insured_seller(), certificate(valid_to=date(2027, 1, 1)), moment(10)).state
    assert certificate_submitted(longer, certificate(), moment(11)) == Decision(longer)


def test_a_rejected_content_leaves_the_cover_that_was_accepted() -> None:
    insured = insured_seller()
    heard = certificate_submitted(insured, certificate(occurrence_basis=False), moment(10))
    assert heard.state == insured
    assert [type(event) for event in heard.says] == [CertificateRejected]


def test_a_cancellation_cuts_the_period_at_its_day() -> None:
    heard = certificate_submitted(insured_seller(), certificate(cancelled_on=date(2025, 8, 1)), moment(10))
    assert [type(event) for event in heard.says] == [SellerCoverChanged]
    assert [(p.valid_from, p.valid_to) for p in cover(heard).periods] == [(date(2025, 1, 1), date(2025, 8, 1))]
    assert heard.state.due == datetime(2025, 8, 2, tzinfo=UTC)


def test_a_cancellation_with_another_content_cuts_before_the_content_is_judged() -> None:
    changed = certificate(cancelled_on=date(2025, 8, 1), deductible_minor=None)
    heard = certificate_submitted(insured_seller(), changed, moment(10))
    assert [type(event) for event in heard.says] == [CertificateRejected, SellerCoverChanged]
    assert cover(heard).periods[0].valid_to == date(2025, 8, 1)


def test_a_cancellation_in_the_past_ends_cover_at_once() -> None:
    heard = certificate_submitted(insured_seller(), certificate(cancelled_on=date(2025, 3, 1)), moment(10))
    assert heard.says[1:] == (lapse(date(2025, 3, 2)),)
    assert heard.state.due is None


def test_a_cancellation_before_the_first_day_leaves_a_period_without_a_day() -> None:
    future = insured_seller(valid_from=date(2025, 7, 1))
    heard = certificate_submitted(future, certificate(valid_from=date(2025, 7, 1), cancelled_on=TODAY), moment(10))
    assert not any(cover(heard).in_force("US", TODAY + timedelta(days=n)) for n in range(400))
    assert heard.says[1:] == (lapse(day(10).date()),)


def test_a_cancelled_certificate_stays_cancelled_when_an_old_copy_comes_late() -> None:
    cancelled = certificate_submitted(insured_seller(), certificate(cancelled_on=date(2025, 8, 1)), moment(10)).state
    assert certificate_submitted(cancelled, certificate(), moment(11)) == Decision(cancelled)


def test_a_cancellation_that_overtakes_its_certificate_is_remembered() -> None:
    first = certificate_submitted(known_seller(), certificate(cancelled_on=TODAY), moment(0)).state
    (reply,) = certificate_submitted(first, certificate(), moment(0)).says
    assert isinstance(reply, CertificateRejected)
    assert Defect.CANCELLED in reply.defects


def test_beyond_the_bound_the_period_that_ends_first_leaves_the_record() -> None:
    seller = known_seller()
    for number in range(MAX_PERIODS + 1):
        paper = certificate(certificate_id=f"COI-{number}", valid_to=date(2026, 1, 1) + timedelta(days=number))
        seller = certificate_submitted(seller, paper, moment(number)).state
    assert len(seller.periods) == MAX_PERIODS
    assert "COI-0" not in {period.certificate_id for period in seller.periods}


# Certificates that wait for the account's name


def test_a_certificate_waits_for_the_name_of_its_account() -> None:
    heard = certificate_submitted(unknown_seller(), certificate(), moment(0))
    assert heard.says == ()
    assert heard.state.due == day(30)


def test_the_name_brings_the_reply_to_a_waiting_certificate() -> None:
    waiting = certificate_submitted(unknown_seller(), certificate(), moment(0)).state
    heard = proceeds_reported(waiting, proceeds(), moment(5))
    assert [type(event) for event in heard.says] == [CertificateAccepted, SellerCoverChanged]
    assert cover(heard).periods[0].known_since == day(5)


def test_our_waiting_takes_no_days_from_a_certificate() -> None:
    just_enough = certificate(valid_to=TODAY + timedelta(days=60))
    waiting = certificate_submitted(unknown_seller(), just_enough, moment(0)).state
    assert isinstance(proceeds_reported(waiting, proceeds(), moment(5)).says[0], CertificateAccepted)


def test_a_name_that_never_comes_counts_as_another_name() -> None:
    waiting = certificate_submitted(unknown_seller(), certificate(deductible_minor=None), moment(0)).state
    heard = deadline_passed(waiting, moment(30))
    rejected = CertificateRejected(
        seller_id=SELLER,
        certificate_id="COI-1",
        marketplace="US",
        defects=(Defect.NAME_DIFFERS, Defect.DEDUCTIBLE_NOT_SHOWN),
    )
    assert heard.says == (rejected,)
    assert heard.state.due is None


def test_a_waiting_certificate_is_kept_once_and_superseded_by_another_content() -> None:
    waiting = certificate_submitted(unknown_seller(), certificate(), moment(0)).state
    again = certificate_submitted(waiting, certificate(), moment(1))
    other = certificate_submitted(waiting, certificate(deductible_minor=0), moment(1)).state
    assert again == Decision(waiting)
    assert [w.certificate.deductible_minor for w in other.waiting] == [0]


def test_a_waiting_certificate_that_is_cancelled_meanwhile_is_judged_as_cancelled() -> None:
    waiting = certificate_submitted(unknown_seller(), certificate(), moment(0)).state
    cancelled = certificate_submitted(waiting, certificate(cancelled_on=TODAY), moment(1)).state
    (reply,) = proceeds_reported(cancelled, proceeds(), moment(2)).says
    assert isinstance(reply, CertificateRejected)
    assert reply.defects == (Defect.TOO_FEW_DAYS_LEFT, Defect.CANCELLED)


def test_where_too_many_wait_the_one_that_waited_longest_is_judged() -> None:
    seller = unknown_seller()
    says: tuple[Event, ...] = ()
    for number in range(MAX_WAITING + 1):
        heard = certificate_submitted(seller, certificate(certificate_id=f"COI-{number}"), moment(number))
        seller, says = heard.state, says + heard.says
    assert [(type(e), getattr(e, "certificate_id", None)) for e in says] == [(CertificateRejected, "COI-0")]
    assert len(seller.waiting) == MAX_WAITING


# The end of cover


def test_cover_lapses_when_its_last_day_is_over() -> None:
    insured = insured_seller()
    assert deadline_passed(insured, moment(213.6)) == Decision(insured), "1 January 2026 is covered to its end"
    assert deadline_passed(insured, moment(214)).says == (lapse(date(2026, 1, 2)),)


def test_a_lapse_is_told_once() -> None:
    lapsed = deadline_passed(insured_seller(), moment(214)).state
    assert lapsed.due is None
    assert deadline_passed(lapsed, moment(300)) == Decision(lapsed)


def test_nothing_lapses_while_another_period_follows() -> None:
    next_year = certificate(certificate_id="COI-2", valid_from=date(2026, 2, 1), valid_to=date(2027, 2, 1))
    renewed = certificate_submitted(insured_seller(), next_year, moment(100)).state
    assert deadline_passed(renewed, moment(214)).says == ()
    assert renewed.due == datetime(2027, 2, 2, tzinfo=UTC)


def test_new_cover_after_a_lapse_can_lapse_again() -> None:
    lapsed = deadline_passed(insured_seller(), moment(214)).state
    anew = certificate(certificate_id="COI-2", valid_from=date(2026, 1, 10), valid_to=date(2027, 1, 10))
    again = certificate_submitted(lapsed, anew, moment(220)).state
    assert again.due == datetime(2027, 1, 11, tzinfo=UTC)


def test_cover_to_the_end_of_time_waits_for_nothing() -> None:
    assert insured_seller(valid_to=date.max).due is None


# Quotes


def test_carriers_are_asked_for_a_seller_who_qualifies() -> None:
    heard = quotes_wanted(known_seller(), wanted(), moment(0))
    assert heard.says == (
        SellerQualified(seller_id=SELLER, request_id="R-1"),
        QuotesRequested(
            seller_id=SELLER,
            request_id="R-1",
            marketplace="US",
            currency=Currency.USD,
            monthly_proceeds_minor=500_000,
            claims_so_far=0,
            reply_by=day(3),
        ),
    )
    assert heard.state.due == day(3)


def test_carriers_are_asked_once_per_request() -> None:
    asking = asking_seller()
    closed = deadline_passed(asking, moment(3)).state
    assert quotes_wanted(asking, wanted(), moment(1)) == Decision(asking)
    assert quotes_wanted(closed, wanted(), moment(9)) == Decision(closed)


@pytest.mark.parametrize(
    ("seller", "marketplace", "reasons"),
    [
        (unknown_seller(), "US", ("PROCEEDS_UNKNOWN",)),
        (known_seller(), "GB", ("PROCEEDS_UNKNOWN",)),
        (known_seller(), "ZZ", ("UNKNOWN_MARKETPLACE",)),
        (known_seller(claims_so_far=26), "US", ("TOO_MANY_CLAIMS",)),
        (unknown_seller().model_copy(update={"claims_so_far": 26}), "US", ("PROCEEDS_UNKNOWN", "TOO_MANY_CLAIMS")),
    ],
)
def test_a_seller_who_does_not_qualify_is_told_every_reason(
    seller: Seller, marketplace: str, reasons: tuple[str, ...]
) -> None:
    heard = quotes_wanted(seller, wanted(marketplace=marketplace), moment(0))
    assert heard == Decision(seller, (SellerNotQualified(seller_id=SELLER, request_id="R-1", reasons=reasons),))


def test_only_so_many_requests_are_open_at_once() -> None:
    seller = known_seller()
    for number in range(MAX_REQUESTS):
        seller = quotes_wanted(seller, wanted(f"R-{number}"), moment(0)).state
    (refused,) = quotes_wanted(seller, wanted("R-9"), moment(1)).says
    accepted = quotes_wanted(deadline_passed(seller, moment(3)).state, wanted("R-9"), moment(4))
    assert isinstance(refused, SellerNotQualified)
    assert refused.reasons == ("TOO_MANY_OPEN_REQUESTS",)
    assert isinstance(accepted.says[0], SellerQualified)
    assert len(accepted.state.requests) == MAX_REQUESTS


def test_a_quote_in_time_is_offered_as_promised() -> None:
    heard = carrier_quoted(asking_seller(), quoted(), moment(3))
    assert heard.says == (QuoteOffered(**quoted().model_dump()),)


def test_a_quote_said_in_time_but_heard_late_is_offered() -> None:
    assert carrier_quoted(asking_seller(), quoted(), moment(4, said=3)).says != ()


def test_a_clock_that_runs_ahead_makes_no_quote_late() -> None:
    assert carrier_quoted(asking_seller(), quoted(), moment(3, said=3.1)).says != ()


@pytest.mark.parametrize(
    ("changes", "heard_on"),
    [
        ({}, 3.1),
        ({"request_id": "R-unknown"}, 1),
        ({"valid_until": day(1)}, 1),
        ({"valid_until": day(400)}, 1),
        ({"currency": Currency.EUR}, 1),
        ({"per_occurrence_minor": 99_999_999}, 1),
        ({"deductible_minor": 1_000_001}, 1),
        ({"rating": InsurerRating.BELOW}, 1),
    ],
)
def test_a_quote_that_is_late_over_or_would_not_do_is_not_offered(changes: dict[str, object], heard_on: float) -> None:
    asking = asking_seller()
    assert carrier_quoted(asking, quoted(**changes), moment(heard_on)) == Decision(asking)


def test_a_quote_is_late_once_its_request_is_closed_whenever_it_was_said() -> None:
    closed = deadline_passed(asking_seller(), moment(3)).state
    assert carrier_quoted(closed, quoted(), moment(4, said=2)) == Decision(closed)


def test_the_first_word_under_a_quote_id_holds() -> None:
    offered = offered_seller()
    assert carrier_quoted(offered, quoted(premium_minor=999_999), moment(2)) == Decision(offered)


def test_an_expired_quote_is_not_offered_again_while_its_request_is_open() -> None:
    short = carrier_quoted(asking_seller(), quoted(valid_until=day(2)), moment(1)).state
    expired = deadline_passed(short, moment(2)).state
    assert carrier_quoted(expired, quoted(), moment(2.5)) == Decision(expired)


def test_a_moment_without_a_zone_is_read_as_utc() -> None:
    heard = carrier_quoted(asking_seller(), quoted(valid_until=day(30).replace(tzinfo=None)), moment(1))
    assert heard.state.quotes[0].due == day(30)


def test_beyond_the_bound_a_quote_is_not_offered() -> None:
    seller = asking_seller()
    for number in range(MAX_QUOTES):
        seller = carrier_quoted(seller, quoted(quote_id=f"Q-{number}"), moment(1)).state
    assert carrier_quoted(seller, quoted(quote_id="Q-more"), moment(1)) == Decision(seller)


def test_a_decline_after_a_quote_leaves_the_quote_open() -> None:
    declined = CarrierDeclined(seller_id=SELLER, request_id="R-1", carrier="northwind", reason="no appetite")
    assert carrier_declined(offered_seller(), declined, moment(2)) == Decision(offered_seller())


def test_a_quote_expires_when_its_promise_ends() -> None:
    heard = deadline_passed(offered_seller(), moment(30))
    assert heard.says == (QuoteExpired(seller_id=SELLER, quote_id="Q-1"),)
    assert heard.state.due is None


def test_the_end_of_the_request_leaves_the_quote_open() -> None:
    heard = deadline_passed(offered_seller(), moment(3))
    assert heard.says == ()
    assert heard.state.due == day(30)


# Choosing and binding


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
    assert heard.state.due == datetime(2026, 7, 1, tzinfo=UTC)


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
