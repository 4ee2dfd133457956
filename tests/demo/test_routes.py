"""Named routes, recognised from the events of one claim: in any order of arrival, and from nothing else."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ops.demo.routes import HEARD, ROUTES, Gathered, Story, Told, routes_of
from shared.events.base import Event, derived_id
from shared.events.escalation import ClaimEscalated, PayoutAuthorized, Route
from shared.events.finance import PayoutFailed, PayoutPaid
from shared.events.insurance_accelerator import CoverPeriod, SellerCoverChanged
from shared.events.intake import HazardLevel, InformationRequested, ProductHazardFlagged, SubmissionRefused
from shared.events.recovery import DebitNoticed, InsurerDemanded, RecoveryOpened
from shared.events.seller_notifier import ExtensionGranted, SellerAnswerRecorded, SellerNotified
from shared.events.seller_portal import AnswerChoice
from shared.events.upstream import DocumentsSubmitted
from shared.money import Currency
from tests.deciding import day
from tests.demo.given import (
    accepted,
    claim_ids,
    debit_noticed,
    extension_granted,
    information_requested,
    insurer_demanded,
    notified,
    payout_authorized,
)

CLAIM: UUID = next(claim_ids())
SECOND = timedelta(seconds=1)


def answer(received_at: datetime, choice: AnswerChoice = AnswerChoice.CONTEST, number: int = 1) -> SellerAnswerRecorded:
    return SellerAnswerRecorded(
        claim_id=CLAIM, seller_id="seller-1", answer_id=f"answer-{number}", choice=choice, received_at=received_at
    )  # fmt: skip


def gone(*told: tuple[Event, datetime], **about: Any) -> set[str]:
    in_order, reversed_ = ([Told(event, at) for event, at in each] for each in (told, told[::-1]))
    found = routes_of(Story(in_order, **about))
    assert found == routes_of(Story(reversed_, **about)), "the order of arrival plays no part"
    return set(found)


def test_every_route_has_a_meaning_of_one_line_and_a_name_of_its_own() -> None:
    meanings = [route.meaning for route in ROUTES.values()]
    assert all(meaning.endswith(".") and len(meaning) < 120 for meaning in meanings)
    assert len(set(meanings)) == len(meanings)
    assert all(name == route.name for name, route in ROUTES.items())


def test_a_claim_of_which_nothing_is_told_went_no_route() -> None:
    assert gone() == set()


def test_what_was_no_claim_was_not_understood_and_an_id_used_again_was() -> None:
    for contradicts, routes in ((False, {"not_understood"}), (True, set[str]())):
        refused = SubmissionRefused(claim_id=CLAIM, submission_id="s", problems=(), contradicts=contradicts)
        assert gone((refused, day(0))) == routes


def test_an_answer_is_before_the_notice_in_time_heard_late_in_the_same_second_or_too_late() -> None:
    notice = (notified(CLAIM), day(0))

    def timing(received_at: datetime, heard_at: datetime) -> set[str]:
        return {r for r in gone(notice, (answer(received_at), heard_at)) if r.startswith("answer_")}

    assert timing(day(0) - SECOND, day(0)) == {"answer_before_notice"}
    assert timing(day(3), day(3)) == set()
    assert timing(day(6.9), day(7.2)) == {"answer_heard_after_timer"}
    assert timing(day(7), day(7)) == {"answer_in_same_second"}
    assert timing(day(7) + 2 * SECOND, day(7.1)) == {"answer_after_timer"}


def test_an_extension_moves_the_end_of_the_time() -> None:
    told: list[tuple[Event, datetime]] = [
        (notified(CLAIM), day(0)), (extension_granted(CLAIM), day(5)), (answer(day(9)), day(9)),
    ]  # fmt: skip
    assert gone(*told) & {"answer_after_timer", "one_extension"} == {"one_extension"}
    assert isinstance(told[1][0], ExtensionGranted)


def test_two_answers_contradict_each_other_only_if_they_differ() -> None:
    first = (answer(day(1)), day(1))
    same = (answer(day(2), number=2), day(2))
    other = (answer(day(2), AnswerChoice.PAY_THROUGH_US, number=2), day(2))
    assert "answers_contradict" not in gone(first, same)
    assert "answers_contradict" in gone(first, other)


def test_papers_are_late_when_their_time_was_over() -> None:
    request: InformationRequested = information_requested("sub-0")
    papers = DocumentsSubmitted.model_validate(
        {"submission_id": "sub-0", "documents": [{"kind": "receipt", "item": 1}]}
    )  # fmt: skip
    assert "papers_late" not in gone((request, day(0)), (papers, day(29)))
    assert "papers_late" in gone((request, day(0)), (papers, day(31)))
    assert "papers_in_time" in gone((request, day(0)), (papers, day(3)), (accepted("sub-0"), day(3)))


def test_a_payout_is_retried_or_goes_to_another_payee() -> None:
    order, paid = payout_authorized(CLAIM), _paid()
    failed = PayoutFailed(claim_id=CLAIM, payout_id=order.payout_id, final=False)
    again = payout_authorized(CLAIM, attempt=2)
    assert "payout_retried" in gone((order, day(0)), (failed, day(1)), (again, day(3)), (paid, day(4)))
    assert "payout_retried" not in gone((order, day(0)), (paid, day(1)))
    other = again.model_copy(update={"payee_ref": "payee-2"})
    assert "paid_to_another_payee" in gone((order, day(0)), (other, day(3)), (paid, day(4)))


def _paid() -> PayoutPaid:
    order: PayoutAuthorized = payout_authorized(CLAIM)
    return PayoutPaid(
        claim_id=CLAIM, payout_id=order.payout_id, currency=order.currency, amount_minor=order.amount_minor,
        finance_reference="pay:1",
    )  # fmt: skip


def cover(*periods: CoverPeriod, version: int = 1) -> SellerCoverChanged:
    return SellerCoverChanged(seller_id="seller-1", version=version, periods=periods)


def period(**changes: Any) -> CoverPeriod:
    claim = accepted("sub-0")
    told: dict[str, Any] = {
        "marketplace": "US", "valid_from": claim.incident_on - timedelta(days=90),
        "valid_to": claim.incident_on + timedelta(days=300), "insurer": "Harbour & Vale", "certificate_id": "coi-1",
        "known_since": day(-5),
    }  # fmt: skip
    return CoverPeriod.model_validate(told | changes)


def test_which_cover_answers_is_seen_from_what_was_on_record_when() -> None:
    began, demand = (accepted("sub-0"), day(0)), (insurer_demanded(CLAIM), day(20))
    assert isinstance(demand[0], InsurerDemanded)
    known, shown_later = cover(period()), cover(period(known_since=day(2)))
    assert "cover_shown_later" not in gone(began, demand, cover=[known])
    assert "cover_shown_later" in gone(began, demand, cover=[shown_later])
    opened = RecoveryOpened(claim_id=CLAIM, seller_id="seller-1", currency=Currency.USD, amount_minor=1)
    notice: DebitNoticed = debit_noticed(CLAIM)
    pursued = [began, (opened, day(20)), (notice, day(20))]
    back_dated = cover(period(issued_on=accepted("sub-0").incident_on + timedelta(days=3)))
    assert gone(*pursued, cover=[back_dated]) >= {"cover_back_dated"}
    ended_before = period(valid_to=accepted("sub-0").incident_on - timedelta(days=1))
    assert gone(*pursued, cover=[known, cover(ended_before, version=2)]) >= {"cover_cancelled"}
    assert not gone(*pursued, cover=[known]) & {"cover_back_dated", "cover_cancelled"}


def test_events_are_gathered_by_claim_submission_seller_and_product() -> None:
    gathered = Gathered()
    flagged = ProductHazardFlagged(
        product="Kettle", level=HazardLevel.WATCH, marketplace="US", first_incident_on=day(0).date(),
        last_incident_on=day(1).date(), within_days=90, claims=10, serious=0, minors=0, claim_ids=(CLAIM,),
    )  # fmt: skip
    papers = DocumentsSubmitted.model_validate(
        {"submission_id": "sub-0", "documents": [{"kind": "guardian_authority"}]}
    )  # fmt: skip
    for event in (papers, flagged, cover(period()), accepted("sub-0"), notified(derived_id("another"))):
        gathered.add(Told(event, day(0)))
    stories = dict(gathered.stories())
    assert set(stories) == {CLAIM, derived_id("another")}
    assert {"guardian_acts", "product_hazard"} <= set(routes_of(stories[CLAIM]))
    assert len(stories[CLAIM].cover) == 1
    gathered.forget_claims()
    assert not dict(gathered.stories())
    gathered.add(Told(ClaimEscalated(claim_id=CLAIM, seller_id="seller-1", route=Route.SELLER_SILENT), day(1)))
    assert {"guardian_acts", "seller_silent"} <= set(routes_of(dict(gathered.stories())[CLAIM]))


def test_what_routes_are_recognised_by_is_read_from_the_log() -> None:
    assert {SellerNotified, SellerCoverChanged, ProductHazardFlagged, PayoutPaid, DocumentsSubmitted} <= HEARD
    assert all(kind.topic is not None for kind in HEARD)
