"""Certificates: given what is known of a seller, when this is heard, then these events."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.insurance_accelerator.certificates import certificate_submitted
from services.insurance_accelerator.deadlines import deadline_passed
from services.insurance_accelerator.proceeds import proceeds_reported
from services.insurance_accelerator.state import MAX_PERIODS, MAX_WAITING
from shared.events.base import Event
from shared.events.insurance_accelerator import (
    CertificateAccepted,
    CertificateRejected,
    CoverLapsed,
    CoverPeriod,
    Defect,
    SellerCoverChanged,
)
from shared.events.seller_portal import CoverKind, InsurerRating
from shared.money import Currency
from shared.runtime import Decision
from tests.deciding import day
from tests.insurance_accelerator.given import (
    SELLER,
    TODAY,
    certificate,
    cover,
    insured_seller,
    known_seller,
    moment,
    proceeds,
    unknown_seller,
)

MIDNIGHT_AFTER_COVER = datetime(2026, 1, 2, 5, tzinfo=UTC)
"""Where the marketplace is: five hours behind UTC in January."""


def lapse(lapsed_on: date) -> CoverLapsed:
    return CoverLapsed(seller_id=SELLER, marketplace="US", lapsed_on=lapsed_on)


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
        ({"kind": CoverKind.OTHER}, [Defect.WRONG_KIND]),
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
    assert heard.state.due == datetime(2025, 8, 2, 4, tzinfo=UTC)


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
    assert cover(heard).periods[0].known_since == day(0), "our waiting for the name does not make the seller late"


def test_cover_is_known_since_the_upload_however_late_we_hear_of_it() -> None:
    heard = certificate_submitted(known_seller(), certificate(), moment(8, said=6))
    assert cover(heard).periods[0].known_since == day(6)
    assert cover(certificate_submitted(known_seller(), certificate(), moment(8, said=9))).periods[0].known_since == day(
        8
    )


@pytest.mark.parametrize("until_upload", [60, 59])
def test_the_days_left_of_a_certificate_count_from_its_upload_however_late_we_hear_of_it(until_upload: int) -> None:
    paper = certificate(valid_to=TODAY + timedelta(days=until_upload))
    reply = certificate_submitted(known_seller(), paper, moment(1, said=0)).says[0]
    assert isinstance(reply, CertificateAccepted if until_upload == 60 else CertificateRejected)


def test_the_day_of_an_upload_is_the_one_where_the_marketplace_is() -> None:
    just_enough = certificate(valid_to=TODAY + timedelta(days=60))
    late_in_the_evening = certificate_submitted(known_seller(), just_enough, moment(1, said=0.75)).says[0]
    assert isinstance(late_in_the_evening, CertificateAccepted), "day 1 has begun in Greenwich, and not in New York"


@pytest.mark.parametrize("said", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)])
def test_a_clock_of_the_portal_that_is_wrong_stops_nobody(said: datetime) -> None:
    at = moment(0)
    mistaken = type(at)(at.now, said, at.policies)
    told = cover(certificate_submitted(known_seller(), certificate(), mistaken))
    assert day(-366) <= told.periods[0].known_since <= day(0)


@pytest.mark.parametrize("kind", [CoverKind.COMMERCIAL_GENERAL, CoverKind.UMBRELLA, CoverKind.EXCESS])
def test_general_umbrella_and_excess_policies_do(kind: CoverKind) -> None:
    heard = certificate_submitted(known_seller(), certificate(kind=kind), moment(0))
    assert isinstance(heard.says[0], CertificateAccepted)


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


def test_of_a_paper_that_waits_the_content_said_last_is_judged_in_whatever_order_it_is_heard() -> None:
    defective, mended = certificate(deductible_minor=None), certificate()
    first = certificate_submitted(unknown_seller(), defective, moment(0)).state
    second = certificate_submitted(first, mended, moment(1)).state
    again = certificate_submitted(second, defective, moment(2, said=0))
    assert again == Decision(second)
    assert isinstance(proceeds_reported(again.state, proceeds(), moment(3)).says[0], CertificateAccepted)
    returned = certificate_submitted(second, defective, moment(2)).state
    assert isinstance(proceeds_reported(returned, proceeds(), moment(3)).says[0], CertificateRejected)


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
