"""Sellers: every way of dealing with a notice is there, with the right moments."""

from datetime import timedelta
from uuid import UUID

from ops.demo.outside.party import Saying
from ops.demo.outside.sellers import Sellers, Way
from shared.events.base import Event
from shared.events.seller_portal import (
    AnswerChoice,
    ExtensionRequested,
    SellerAnswered,
    SellerCommented,
    SellerReportsSettled,
)
from tests.deciding import day
from tests.demo.given import SEED, answers, claim_ids, events, extension_granted, notified, only


def told(way: Way) -> list[tuple[UUID, list[Saying]]]:
    """What sellers of this way say to their notices."""
    sellers = Sellers(SEED)
    found = [(c, answers(sellers, notified(c))) for c in claim_ids(3000) if sellers.way(c) is way]
    assert found, f"no seller {way.value}"
    return found


def answered(said: list[Saying]) -> list[SellerAnswered]:
    return only(SellerAnswered, said)


def test_a_seller_who_accepts_pays_through_us_in_time() -> None:
    for _, said in told(Way.ACCEPTS):
        assert [answer.choice for answer in answered(said)] == [AnswerChoice.PAY_THROUGH_US]
        assert day(0) < said[0].at < day(7)


def test_contests_come_with_evidence_for_all_items_or_for_some() -> None:
    found = [answer for _, said in told(Way.CONTESTS) for answer in answered(said)]
    assert all(answer.choice is AnswerChoice.CONTEST and answer.evidence for answer in found)
    assert {answer.contested_items for answer in found} == {(), (1,)}


def test_who_settles_directly_reports_it_soon_late_twice_or_never() -> None:
    reports = [[s for s in said if isinstance(s.event, SellerReportsSettled)] for _, said in told(Way.SETTLES)]
    assert {len(each) for each in reports} == {0, 1, 2}
    assert all(each[0].at < day(30) or each[0].at > day(35) for each in reports if each)


def test_who_refers_to_the_insurer_mostly_says_where_it_is_reached() -> None:
    found = [answer.insurer_contact for _, said in told(Way.REFERS) for answer in answered(said)]
    assert None in found
    assert any(contact and contact.startswith("refused") for contact in found)
    assert all(contact.endswith("@example.test") for contact in found if contact)


def test_the_silent_say_nothing() -> None:
    assert not any(said for _, said in told(Way.SILENT))


def test_last_second_answers_come_at_the_deadline_or_one_second_before() -> None:
    moments = {said[0].at for _, said in told(Way.LAST_SECOND)}
    assert moments == {day(7), day(7) - timedelta(seconds=1)}


def test_late_answers_come_after_the_deadline() -> None:
    assert all(said[0].at > day(7) for _, said in told(Way.TOO_LATE))


def test_who_answers_twice_may_contradict_itself() -> None:
    found = [answered(said) for _, said in told(Way.TWICE)]
    assert all(len({answer.answer_id for answer in each}) == 2 for each in found)
    assert any(each[0].choice != each[1].choice for each in found)
    assert any(each[0].choice == each[1].choice for each in found)


def test_an_extension_is_asked_for_and_used() -> None:
    asked = told(Way.EXTENDS)
    assert all(isinstance(event, ExtensionRequested) for _, said in asked for event in events(said))
    assert {len(said) for _, said in asked} == {1, 2}
    used = [answers(Sellers(SEED), extension_granted(claim_id), day(6)) for claim_id, _ in asked]
    assert any(used)
    assert not all(used)
    assert all(day(6) < said[0].at < day(14) for said in used if said)


def test_an_extension_that_nobody_asked_for_changes_nothing() -> None:
    assert not any(answers(Sellers(SEED), extension_granted(claim_id), day(6)) for claim_id, _ in told(Way.ACCEPTS))


def test_now_and_then_somebody_else_answers() -> None:
    assert {answer.seller_id for _, said in told(Way.STRANGER) for answer in answered(said)} == {"seller-somebody-else"}


def test_on_direct_pay_most_say_nothing_and_some_object_in_time_at_the_last_second_or_late() -> None:
    sellers = Sellers(SEED)
    said = [answers(sellers, notified(claim_id, direct_pay=True)) for claim_id in claim_ids(1000)]
    comments = [s for each in said for s in each if isinstance(s.event, SellerCommented)]
    contrary = [s for s in comments if isinstance(s.event, SellerCommented) and s.event.contrary]
    assert sum(map(bool, said)) < 400
    assert len(contrary) < len(comments)
    assert any(s.at < day(2) for s in contrary)
    assert any(s.at == day(2) for s in contrary)
    assert any(s.at > day(2) for s in contrary)
    assert any(answered(each) for each in said)


def test_what_a_seller_does_depends_on_nothing_but_seed_and_claim() -> None:
    def all_of(sellers: Sellers, claims: list[UUID]) -> dict[UUID, list[Event]]:
        return {claim_id: events(answers(sellers, notified(claim_id))) for claim_id in claims}

    claims = list(claim_ids(100))
    assert all_of(Sellers(SEED), claims) == all_of(Sellers(SEED), claims[::-1])
    assert all_of(Sellers(SEED), claims) != all_of(Sellers(SEED + 1), claims)
